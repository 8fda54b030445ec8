"""Exports: formats, conversion in processes of their own, verification, report.

This package imports neither Keras nor TensorFlow by itself; only its worker modules do.
"""

from builder.export.formats import FORMATS
from builder.export.run import run

__all__ = ["FORMATS", "run"]
