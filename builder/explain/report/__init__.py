"""A report of a trained model as one HTML file that opens alone: no scripts, no other files."""
