"""What lies inside a trained model: weights, filters, activations, attention, and how it places samples."""
