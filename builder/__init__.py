"""Kerablocks: project document -> problems -> Keras model -> run -> artifacts."""

__version__ = "0.1.0"
