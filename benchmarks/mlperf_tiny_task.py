"""What the tasks of MLPerf Tiny are to the comparison, and what their references share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_CALIBRATION = 200


@dataclass(frozen=True)
class Task:
    """A task of the benchmark: its data, its reference and its score.

    ``project`` is the project's file, ``format`` the format of its int8 file. ``pack(path, folder, rows)``
    writes what the project reads and returns where it is. ``rounds`` are the changes of its document
    under which it is trained, by name. ``features(prepared, rows)`` is what the reference sees of some rows;
    ``reference()`` returns its network, ``train(model, features, wanted, epochs)`` trains it by its own
    recipe. ``score(outputs, wanted, prepared, rows, data)`` is the task's measure, ``data`` what was packed.
    Where it ``gives_back``, what a network should answer is what it sees, else it is the class.
    """

    project: Path
    epochs: int
    pack: Callable[[Path, Path, int], Path]
    features: Callable[[Any, Any], Any]
    reference: Callable[[], Any]
    train: Callable[[Any, Any, Any, int], None]
    score: Callable[[Any, Any, Any, Any, Path], float]
    format: str = "tflite_int8"
    gives_back: bool = False
    rounds: Mapping[str, Callable[[dict[str, Any]], None]] = field(
        default_factory=lambda: {"": lambda _: None}
    )

    def wanted(self, prepared: Any, rows: Any, features: Any) -> Any:
        """Return what the reference should answer for some rows."""
        return features if self.gives_back else prepared.targets[rows]


def accuracy(outputs: Any, wanted: Any, prepared: Any, rows: Any, data: Path) -> float:
    """Return the share of the rows whose class is the likeliest one."""
    return float((outputs.argmax(axis=-1) == wanted).mean())


def write_int8(model: Any, features: Any, file: Path) -> None:
    """Convert a reference to int8 by TensorFlow's converter, as the benchmark does; some rows tell ranges."""
    import numpy as np
    import tensorflow as tf

    some = np.random.default_rng(0).permutation(len(features))[:_CALIBRATION]
    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = lambda: ([features[row][None]] for row in some)
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(converter.convert())
