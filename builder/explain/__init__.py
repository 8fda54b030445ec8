"""What a trained model does with data: its scores, its errors, its predictions."""
