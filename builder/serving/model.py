"""A served model: its description, and its file run by LiteRT or TensorFlow. No Keras."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from builder.data.spec import ArraySpec, DataSpec
from builder.explain.finite import check_finite
from builder.workers.environment import use_own_environment

DESCRIPTION_FILE = "description.json"
TFLITE_FILE = "model.tflite"
SAVED_MODEL_FOLDER = "saved_model"
# One run of the model takes one of these numbers of samples: every other one would set it up anew.
SIZES = (1, 2, 4, 8, 16, 32)
Arrays = Mapping[str, np.ndarray]


@dataclass(frozen=True)
class Description:
    """What a server knows of its model.

    ``name`` is its place in addresses; ``title`` what the person calls it; ``activations`` the last
    activation of every output; ``file`` the model's file or folder; ``batched`` whether it takes many samples
    a run; ``format`` what kind of export it is; ``noise`` the array that a generator makes samples of.
    """

    name: str
    title: str
    spec: DataSpec
    activations: tuple[str, ...]
    file: str
    batched: bool
    format: str
    noise: ArraySpec | None = None

    @property
    def arrays(self) -> tuple[ArraySpec, ...]:
        """The arrays that the model takes."""
        return self.spec.arrays if self.noise is None else (self.noise,)

    def write(self, folder: Path) -> None:
        """Write the description beside the model."""
        content = {
            "name": self.name,
            "title": self.title,
            "format": self.format,
            "file": self.file,
            "batched": self.batched,
            "activations": list(self.activations),
            "spec": self.spec.to_json(),
            "noise": None if self.noise is None else self.noise.to_json(),
        }
        text = json.dumps(content, indent=1, ensure_ascii=False)
        (folder / DESCRIPTION_FILE).write_text(text + "\n", encoding="utf-8")

    @classmethod
    def read(cls, folder: Path) -> Description:
        """Return the description in a folder."""
        content = json.loads((folder / DESCRIPTION_FILE).read_text(encoding="utf-8"))
        content |= {"spec": DataSpec.from_json(content["spec"]), "activations": tuple(content["activations"])}
        # The folders of earlier exports say nothing of noise.
        noise = content.get("noise")
        return cls(**{**content, "noise": None if noise is None else ArraySpec.from_json(noise)})


class Model(Protocol):
    """Runs a model file on samples."""

    def run(self, arrays: Arrays) -> list[np.ndarray]:
        """Return one array an output, first axis the samples."""


class LiteRTModel:
    """A TFLite file, run by LiteRT.

    Args:
        file: the file.
        batched: whether it takes any number of samples; else they are run one by one.
        threads: processor threads of one run.
    """

    def __init__(self, file: Path, batched: bool, threads: int = 1) -> None:
        # Read once: the file may be replaced by that of another model while this one is served.
        self._content, self._batched, self._threads = file.read_bytes(), batched, threads
        self._runners: dict[int, Any] = {}

    def run(self, arrays: Arrays) -> list[np.ndarray]:
        """Return one array an output, first axis the samples."""
        count = len(next(iter(arrays.values())))
        parts, start = [], 0
        while start < count:
            size = self._size(count - start)
            some = {name: values[start : start + size] for name, values in arrays.items()}
            parts.append(self._run(size, some))
            start += size
        return [np.concatenate(values)[:count] for values in zip(*parts, strict=True)]

    def _size(self, count: int) -> int:
        if not self._batched:
            return 1
        return next((size for size in SIZES if size >= count), SIZES[-1])

    def _run(self, size: int, arrays: Arrays) -> list[np.ndarray]:
        full = {name: _filled_up(values, size) for name, values in arrays.items()}
        # The interpreter writes its next answers into the same memory.
        return [values.copy() for values in in_order(self._runner(size)(**full))]

    def _runner(self, size: int) -> Any:
        """Return what runs so many samples; each number has an interpreter of its own."""
        if size not in self._runners:
            from ai_edge_litert.interpreter import Interpreter

            interpreter = Interpreter(model_content=self._content, num_threads=self._threads)
            # The runner does not keep its interpreter alive.
            self._runners[size] = (interpreter.get_signature_runner(), interpreter)
        return self._runners[size][0]


class SavedModel:
    """A SavedModel folder, run by TensorFlow; it takes any number of samples."""

    def __init__(self, folder: Path) -> None:
        use_own_environment()
        import tensorflow

        self._tensorflow = tensorflow
        self._loaded = tensorflow.saved_model.load(str(folder))

    def run(self, arrays: Arrays) -> list[np.ndarray]:
        """Return one array an output, first axis the samples."""
        inputs = {name: self._tensorflow.constant(values) for name, values in arrays.items()}
        return [np.asarray(values) for values in in_order(self._loaded.serve_prepared(inputs))]


def opened(folder: Path, description: Description) -> Model:
    """Return the model in a folder, after a first run that shows that it works.

    Raises:
        BuilderError: where its answers are not numbers.
    """
    file = folder / description.file
    model: Model = LiteRTModel(file, description.batched) if file.is_file() else SavedModel(file)
    arrays = {item.name: np.zeros((1, *item.shape), item.dtype) for item in description.arrays}
    # A text of padding alone is nothing that a model can be asked about.
    arrays |= {name: values + 1 for name, values in arrays.items() if name == "tokens"}
    for values in model.run(arrays):
        check_finite(values)
    return model


def in_order(found: Mapping[str, Any]) -> list[Any]:
    """Return the outputs of a signature as the model has them: "output", "output_2" and so on."""
    return [found[name] for name in sorted(found, key=lambda name: (len(name), name))]


def _filled_up(values: np.ndarray, size: int) -> np.ndarray:
    missing = size - len(values)
    return values if not missing else np.concatenate([values, np.repeat(values[-1:], missing, axis=0)])
