"""What the prepared data look like to a model: its inputs, classes, statistics. Plain values, no Keras."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

IMAGE_INPUT = "image"
TEXT_INPUT = "text"
TABLE_INPUT = "features"


@dataclass(frozen=True)
class ArraySpec:
    """A numeric array that enters the Keras model.

    ``shape`` is without the batch, ``dtype`` is the one the model receives. Images are stored as
    uint8 and enter as float32, 0 to 255.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str

    def to_json(self) -> dict[str, Any]:
        """Return the array's description as JSON-ready data."""
        return {"name": self.name, "shape": list(self.shape), "dtype": self.dtype}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> ArraySpec:
        """Return the description that ``data`` holds."""
        return cls(data["name"], tuple(data["shape"]), data["dtype"])


@dataclass(frozen=True)
class ModelInput:
    """One input of the model as a person sees it; ``input.v1`` names it as its source.

    ``name`` and ``kind`` go together: ``"image"`` / ``"image"``, ``"text"`` / ``"text"``,
    ``"features"`` / ``"table"``. ``settings`` is JSON-ready:

    - image: ``rescale``, ``height``, ``width``, ``channels``
    - text: ``vocabulary`` (index 0 is ``""``, the padding; index 1 is ``"[UNK]"``),
      ``sequence_length``, ``column``
    - table: ``numeric_columns``, ``means``, ``variances``, ``normalize``, ``categorical_columns``,
      ``categories`` ({column: [value, …]}), ``offsets`` ({column: first index})

    A categorical index is global: column ``c`` owns the indices from ``offsets[c]`` to
    ``offsets[c] + len(categories[c])``, the first of which stands for any other or missing value.
    """

    name: str
    kind: str
    arrays: tuple[ArraySpec, ...]
    settings: Mapping[str, Any] = field(default_factory=dict)

    @property
    def category_count(self) -> int:
        """The number of global categorical indices, "other" of every column included."""
        return sum(len(values) + 1 for values in self.settings.get("categories", {}).values())

    def to_json(self) -> dict[str, Any]:
        """Return the input as JSON-ready data."""
        return {
            "name": self.name,
            "kind": self.kind,
            "arrays": [array.to_json() for array in self.arrays],
            "settings": dict(self.settings),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> ModelInput:
        """Return the input that ``data`` describes."""
        arrays = tuple(ArraySpec.from_json(item) for item in data["arrays"])
        return cls(data["name"], data["kind"], arrays, dict(data["settings"]))


@dataclass(frozen=True)
class DataSpec:
    """Everything that a model, its checks and its exports need to know about the prepared data.

    ``rows`` counts the samples of each part: train, validation, test. ``target_mean`` and
    ``target_variance`` (regression; 0 and 1 otherwise) are in the target's own unit and come from
    the training part alone. ``data_hash`` is the SHA-256 of the source's bytes.
    """

    task: str
    inputs: tuple[ModelInput, ...]
    class_names: tuple[str, ...] = ()
    target_name: str = ""
    target_mean: float = 0.0
    target_variance: float = 1.0
    rows: Mapping[str, int] = field(default_factory=dict)
    data_hash: str = ""
    source_title: str = ""

    @property
    def class_count(self) -> int:
        """The number of classes; 0 for regression."""
        return len(self.class_names)

    @property
    def vocabulary_size(self) -> int | None:
        """The number of token ids, padding and unknown included; None without a text input."""
        text = next((item for item in self.inputs if item.kind == "text"), None)
        return None if text is None else len(text.settings["vocabulary"])

    @property
    def arrays(self) -> tuple[ArraySpec, ...]:
        """Every array of every input, in order."""
        return tuple(array for item in self.inputs for array in item.arrays)

    def input(self, name: str) -> ModelInput:
        """Return the input of this name, or the first for ``"auto"``; raise KeyError for none."""
        for item in self.inputs:
            if name in (item.name, "auto"):
                return item
        raise KeyError(name)

    def to_json(self) -> dict[str, Any]:
        """Return the specification as JSON-ready data."""
        return {
            "task": self.task,
            "inputs": [item.to_json() for item in self.inputs],
            "class_names": list(self.class_names),
            "target_name": self.target_name,
            "target_mean": self.target_mean,
            "target_variance": self.target_variance,
            "rows": dict(self.rows),
            "data_hash": self.data_hash,
            "source_title": self.source_title,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> DataSpec:
        """Return the specification that ``data`` describes."""
        return cls(
            task=data["task"],
            inputs=tuple(ModelInput.from_json(item) for item in data["inputs"]),
            class_names=tuple(data["class_names"]),
            target_name=data["target_name"],
            target_mean=data["target_mean"],
            target_variance=data["target_variance"],
            rows=dict(data["rows"]),
            data_hash=data["data_hash"],
            source_title=data["source_title"],
        )


def raw_input_names(spec: DataSpec) -> dict[str, str]:
    """Return the end-to-end model's input name for every text and table column.

    Characters other than letters, digits and underscores become underscores, since model formats
    refuse them; names that would then be equal get a number.
    """
    names: dict[str, str] = {}
    for item in spec.inputs:
        settings = item.settings
        own = [settings["column"]] if item.kind == "text" else []
        for column in [*own, *settings.get("numeric_columns", ()), *settings.get("categorical_columns", ())]:
            stem = re.sub(r"[^A-Za-z0-9_]", "_", column)
            stem = stem if stem[:1].isalpha() else f"column_{stem}"
            name, copy = stem, 2
            while name in names.values():
                name, copy = f"{stem}_{copy}", copy + 1
            names[column] = name
    return names
