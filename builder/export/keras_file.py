"""The trained model with its preprocessing as one .keras file."""

from __future__ import annotations

from pathlib import Path

import keras


def write_keras(end_to_end: keras.Model, file: Path) -> None:
    """Write a model as a .keras archive.

    Args:
        end_to_end: the model that takes raw inputs.
        file: where to write, ending in ``.keras``.

    Reference:
        https://keras.io/guides/serialization_and_saving/
    """
    end_to_end.save(file)
