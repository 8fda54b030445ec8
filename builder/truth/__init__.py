"""The truth about a run's exported files: what each costs in accuracy, time and memory, and why.

The package imports neither Keras nor TensorFlow by itself; only its worker modules do.
"""

from builder.truth.report import read_truth
from builder.truth.run import measure

__all__ = ["measure", "read_truth"]
