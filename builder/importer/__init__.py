"""Models that others made, as blocks: a ``.keras`` file is read as data and built by our own catalogue."""

from builder.importer.opening import Opened, build_opened, open_config, open_keras, weights_by_layer
from builder.importer.opening import weights_by_path as weights_by_path

__all__ = ["Opened", "build_opened", "open_config", "open_keras", "weights_by_layer", "weights_by_path"]
