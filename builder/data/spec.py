"""What the prepared data look like to a model: its inputs, classes, statistics. Plain values, no Keras."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from builder.tasks import TASKS

IMAGE_INPUT = "image"
TEXT_INPUT = "text"
TABLE_INPUT = "features"
AUDIO_INPUT = "audio"
SERIES_INPUT = "series"
# An input that is no sound any more: what a file takes that begins behind the spectrogram.
SPECTROGRAM_KIND = "spectrogram"
# What a decoder has written so far: the target, one token behind.
TARGET_INPUT = "target"
TARGET_TEXT = "target_text"
TARGET_TOKENS = "target_tokens"
# What enters a model of these kinds is one array, and nothing but the array is a person's own sample.
ARRAY_KINDS = ("image", "audio", "series", "latent")
# Stands in a target for a class where no answer counts: padding, or what was marked to be left out.
IGNORED = -1


@dataclass(frozen=True)
class ArraySpec:
    """A numeric array that enters the Keras model.

    ``shape`` is without the batch, ``dtype`` is the one the model receives. Images are stored as
    uint8 and enter as float32, 0 to 255; sound is stored as int16 and enters as float32, -32768 to 32767.
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
    ``"features"`` / ``"table"``, ``"audio"`` / ``"audio"``, ``"series"`` / ``"series"``, ``"target"`` /
    ``"target_text"``. A generator's noise is of the kind ``"latent"``, without settings. ``settings`` is
    JSON-ready:

    - image: ``rescale``, ``height``, ``width``, ``channels`` and, where pictures have more than 8 bits,
      ``gray_range`` (the numbers that are black and white)
    - text: ``vocabulary`` (index 0 is ``""``, the padding; index 1 is ``"[UNK]"``),
      ``sequence_length``, ``column``, ``tokenizer`` (word, character, byte_pair, word_piece) and, of the
      last two, ``tokenizer_file`` (the text of the JSON file that Hugging Face's ``tokenizers`` reads);
      ``of_words`` where each word of a sentence is cut by itself (see ``builder.data.words``)
    - target_text: as of a text, and ``start`` and ``end``, the tokens around an answer
    - audio: ``rate`` (samples a second), ``features``, ``mel_bins``
    - series: ``means``, ``variances`` (one a channel), ``normalize``
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

    @property
    def is_spectrogram(self) -> bool:
        """Whether the model turns this input, a sound, into a log-mel spectrogram for its blocks."""
        return self.kind == "audio" and self.settings["features"] != "waveform"

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
class TargetSpec:
    """One thing to predict: its task, and what ``DataSpec`` tells of its own target."""

    name: str
    task: str
    class_names: tuple[str, ...] = ()
    mean: float = 0.0
    variance: float = 1.0
    shape: tuple[int, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the target's description as JSON-ready data."""
        return {
            "name": self.name,
            "task": self.task,
            "class_names": list(self.class_names),
            "mean": self.mean,
            "variance": self.variance,
            "shape": list(self.shape),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> TargetSpec:
        """Return the description that ``data`` holds."""
        return cls(
            data["name"],
            data["task"],
            tuple(data["class_names"]),
            data["mean"],
            data["variance"],
            tuple(data["shape"]),
        )


@dataclass(frozen=True)
class DataSpec:
    """Everything that a model, its checks and its exports need to know about the prepared data.

    ``rows`` counts the samples of each part: train, validation, test. ``target_mean`` and
    ``target_variance`` (regression; 0 and 1 otherwise) are in the target's own unit and come from
    the training part alone. ``target_shape`` is that of one sample's target: () for one class or number,
    (steps,) for one a step, (height, width) for one a pixel, (labels,) where any number of classes may be
    right; classes of many places may be ``IGNORED``.
    ``further_targets`` are what the model is to predict besides, each by an output of its own.
    ``steps_needed`` is the fewest steps in which a model that finds the places of the target's classes itself
    can give them all. A generator (task "generation") makes what the first input holds; a specification that
    is ``judging`` describes the discriminator beside it instead, whose input that is. ``windows`` says how
    samples are cut out of one long series or text (see ``builder.data.windows``), where they are.
    ``data_hash`` is the SHA-256 of the source's bytes. ``reading`` says how a table's file is read, where
    that is unusual (see ``TableSource``), and by ``names_encoding`` how a zip wrote the names in it.
    ``anomaly`` names the ``normal`` class of an anomaly detection, and the ``quantile`` of its threshold.
    """

    task: str
    inputs: tuple[ModelInput, ...]
    class_names: tuple[str, ...] = ()
    target_name: str = ""
    target_mean: float = 0.0
    target_variance: float = 1.0
    target_shape: tuple[int, ...] = ()
    windows: Mapping[str, int] = field(default_factory=dict)
    rows: Mapping[str, int] = field(default_factory=dict)
    data_hash: str = ""
    source_title: str = ""
    reading: Mapping[str, Any] = field(default_factory=dict)
    further_targets: tuple[TargetSpec, ...] = ()
    steps_needed: int = 0
    judging: bool = False
    anomaly: Mapping[str, Any] = field(default_factory=dict)

    @property
    def each_target(self) -> tuple[DataSpec, ...]:
        """This specification once for every target, as if that were the only one."""
        return (replace(self, further_targets=()), *(self._for(item) for item in self.further_targets))

    def _for(self, target: TargetSpec) -> DataSpec:
        return replace(
            self,
            task=target.task,
            class_names=target.class_names,
            target_name=target.name,
            target_mean=target.mean,
            target_variance=target.variance,
            target_shape=target.shape,
            further_targets=(),
        )

    @property
    def class_count(self) -> int:
        """The number of classes, of which a language model has one a token; 0 where numbers are predicted."""
        return (self.vocabulary_size or 0) if TASKS[self.task].predicts_tokens else len(self.class_names)

    @property
    def predicts_numbers(self) -> bool:
        """Whether the target is numbers, not classes."""
        return TASKS[self.task].predicts == "numbers"

    @property
    def predicts_labels(self) -> bool:
        """Whether any number of the classes may be right at once."""
        return TASKS[self.task].predicts == "labels"

    @property
    def predicts_boxes(self) -> bool:
        """Whether the target is boxes: class, left, top, right, bottom each, as shares of the picture."""
        return TASKS[self.task].predicts == "boxes"

    @property
    def has_places(self) -> bool:
        """Whether the target is a class for every place of a sample, some of which may be ``IGNORED``."""
        task = TASKS[self.task]
        return (
            bool(self.target_shape and self.class_names)
            and task.predicts == "classes"
            and not task.free_steps
        )

    @property
    def output_shapes(self) -> tuple[tuple[int | None, ...], ...]:
        """The shapes, without the batch, that a model's output may have; the first is the usual one.

        None stands for any size, as of a detection's grid.
        """
        if self.task == "generation":
            return ((1,) if self.judging else self.sample_shape,)
        if self.predicts_numbers:
            return (self.target_shape or (1,),)
        if self.predicts_boxes:
            return ((None, None, self.class_count + 4),)
        if TASKS[self.task].free_steps:
            return ((None, self.class_count),)
        if self.predicts_labels:
            return ((self.class_count,),)
        is_one_of_two = self.task == "classification" and self.class_count == 2 and not self.target_shape
        one_for_both = ((1,),) if is_one_of_two else ()
        return ((*self.target_shape, self.class_count), *one_for_both)

    def fits(self, shape: Sequence[int | None]) -> bool:
        """Tell whether a model's output may have a shape, given without the batch."""
        return any(
            len(shape) == len(wanted) and all(b in (None, a) for a, b in zip(shape, wanted, strict=True))
            for wanted in self.output_shapes
        )

    @property
    def has_spectrogram(self) -> bool:
        """Whether the model's blocks see a spectrogram of sound."""
        return any(item.is_spectrogram for item in self.inputs)

    @property
    def sample_shape(self) -> tuple[int, ...]:
        """The shape of the first input's array: what a generator makes."""
        return self.arrays[0].shape

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
        further = [item.to_json() for item in self.further_targets]
        return {
            "task": self.task,
            "inputs": [item.to_json() for item in self.inputs],
            "class_names": list(self.class_names),
            "target_name": self.target_name,
            "target_mean": self.target_mean,
            "target_variance": self.target_variance,
            **({"target_shape": list(self.target_shape)} if self.target_shape else {}),
            **({"windows": dict(self.windows)} if self.windows else {}),
            "rows": dict(self.rows),
            "data_hash": self.data_hash,
            "source_title": self.source_title,
            **({"reading": dict(self.reading)} if self.reading else {}),
            **({"further_targets": further} if further else {}),
            **({"anomaly": dict(self.anomaly)} if self.anomaly else {}),
            **({"steps_needed": self.steps_needed} if self.steps_needed else {}),
            **({"judging": True} if self.judging else {}),
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
            target_shape=tuple(data.get("target_shape", ())),
            windows=dict(data.get("windows", {})),
            rows=dict(data["rows"]),
            data_hash=data["data_hash"],
            source_title=data["source_title"],
            reading=dict(data.get("reading", {})),
            steps_needed=data.get("steps_needed", 0),
            further_targets=tuple(TargetSpec.from_json(item) for item in data.get("further_targets", ())),
            anomaly=dict(data.get("anomaly", {})),
            judging=bool(data.get("judging", False)),
        )


def written_input(spec: DataSpec) -> str:
    """Return the name of the array that grows as a model writes, token by token."""
    named = {item.name: item for item in spec.inputs}
    return named.get(TARGET_INPUT, spec.inputs[0]).arrays[0].name


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
