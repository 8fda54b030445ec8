"""Making a trained model smaller: one method a file. They take models, arrays and settings."""
