"""Where work runs: the warm engine processes and the training processes."""
