"""Adversarial training's own parts: the pair of models, its losses, drawing samples, and their distance."""
