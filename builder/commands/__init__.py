"""What the shell offers: one module for each group of commands."""
