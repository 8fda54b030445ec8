"""What an export's worker processes are told, as one JSON file, and what they answer."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from builder.data.prepare import Prepared
from builder.data.some_rows import spread
from builder.data.spec import DataSpec
from builder.export.quantization import Quantization
from builder.project import Project

# What a prediction server may hold; by itself it takes a TFLite file for batches, or what comes next to it.
AUTO_SERVED = "auto"
SERVED = (
    AUTO_SERVED,
    "tflite_float32",
    "tflite_float16",
    "tflite_dynamic",
    "tflite_int8",
    "saved_model",
)
VERIFICATION_SAMPLES = 300


@dataclass(frozen=True)
class Job:
    """An export: the trained model's file, the project, the prepared data, and the folder to fill.

    ``served`` is the format of the model in the prediction server, see ``SERVED``. ``scratch_folder`` is
    where the workers hand things to each other; inside the folder to fill where it is empty.
    """

    model_file: str
    project: Mapping[str, Any]
    prepared_folder: str
    folder: str
    formats: tuple[str, ...]
    quantization: Quantization = field(default_factory=Quantization)
    served: str = AUTO_SERVED
    scratch_folder: str = ""

    def write(self, file: Path) -> None:
        """Write the job as JSON."""
        file.write_text(json.dumps(asdict(self)), encoding="utf-8")

    @classmethod
    def read(cls, file: Path) -> Job:
        """Return the job in a file."""
        data = json.loads(file.read_text(encoding="utf-8"))
        quantization = Quantization.from_json(data["quantization"])
        return cls(**{**data, "formats": tuple(data["formats"]), "quantization": quantization})

    def open_project(self) -> Project:
        """Return the project."""
        return Project.from_json(self.project)

    def open_spec(self) -> DataSpec:
        """Return what the project's data look like, for a generator too."""
        return Prepared.open(Path(self.prepared_folder)).spec

    def open_prepared(self) -> Prepared:
        """Return the prepared data; for a generator, noise in their place."""
        # Here alone: the page that starts an export reads this file, and must not import Keras.
        from builder.adversarial.latent import latent_data

        return latent_data(Prepared.open(Path(self.prepared_folder)), self.open_project())

    def format_folder(self, name: str) -> Path:
        """Return the folder that belongs to one format."""
        return Path(self.folder) / name

    @property
    def scratch(self) -> Path:
        """A folder for what the workers hand to each other; it is not part of the export."""
        return Path(self.scratch_folder or Path(self.folder) / ".scratch")

    @property
    def reference(self) -> Path:
        """The file of what the Keras model itself says about the verification samples."""
        return self.scratch / "reference.npz"


def chosen_rows(prepared: Prepared, part: str, count: int) -> np.ndarray:
    """Return at most ``count`` row numbers of a part, evenly spread over it."""
    rows = np.asarray(prepared.indices[part])
    return rows[spread(len(rows), count)]
