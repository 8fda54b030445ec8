"""Training: objective, optimizer, the loop with exact resume, checkpoints, live reports."""
