"""The project document: data recipe + graph + training recipe, as one JSON file."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from builder.errors import Problem, stop
from builder.graph import Graph
from builder.params import Boolean, Choice, Float, Integer, Parameter, check_all, with_defaults

FORMAT = "kerablocks.project"
FORMAT_VERSION = 1
MAXIMUM_DOCUMENT_BYTES = 10_000_000
PRESETS_FOLDER = Path(__file__).resolve().parent.parent / "presets"

TRAINING_PARAMETERS: tuple[Parameter, ...] = (
    Parameter(
        "optimizer",
        Choice(("adam", "adamw", "nadam", "rmsprop", "sgd", "lion")),
        "adam",
        "The rule that changes the weights after each batch. Adam suits most models.",
    ),
    Parameter(
        "learning_rate",
        Float(0, 10, minimum_open=True),
        0.001,
        "The size of each step. Too high diverges, too low crawls; 0.001 is a good start for Adam.",
    ),
    Parameter(
        "schedule",
        Choice(("constant", "cosine", "exponential", "step")),
        "constant",
        "How the learning rate changes during the run.",
        label="Learning-rate schedule",
    ),
    Parameter(
        "warmup_epochs",
        Float(0, 100),
        0,
        "Epochs over which the learning rate rises from zero. Helps Transformers and large batches.",
        advanced=True,
    ),
    Parameter(
        "batch_size", Integer(1, 65536), 32, "Samples per step. Larger is faster but needs more memory."
    ),
    Parameter("epochs", Integer(1, 100_000), 10, "How often the model sees the whole training data."),
    Parameter(
        "early_stopping",
        Boolean(),
        True,
        "End the run when the validation loss no longer improves, and keep the best weights.",
    ),
    Parameter(
        "patience",
        Integer(1, 1000),
        5,
        "Epochs without improvement before an early stop.",
        advanced=True,
    ),
    Parameter(
        "class_weights",
        Choice(("none", "balanced")),
        "none",
        "Give rare classes more weight, so that they are not ignored.",
        advanced=True,
    ),
    Parameter(
        "loss",
        Choice(
            (
                "auto",
                "sparse_categorical_crossentropy",
                "binary_crossentropy",
                "mean_squared_error",
                "mean_absolute_error",
                "huber",
            )
        ),
        "auto",
        "What the training makes small. 'auto' follows the task and the model's last block.",
        advanced=True,
    ),
    Parameter("weight_decay", Float(0, 1), 0, "Pulls weights towards zero (AdamW, SGD).", advanced=True),
    Parameter("clip_norm", Float(0, 1000), 0, "Limit on the gradient's length; 0 means none.", advanced=True),
    Parameter("seed", Integer(0, 2**31 - 1), 1, "The same seed gives the same run again.", advanced=True),
    Parameter(
        "deterministic",
        Boolean(),
        False,
        "Use only operations that give the same bits every time.",
        advanced=True,
    ),
)

SPLIT_PARAMETERS: tuple[Parameter, ...] = (
    Parameter(
        "method",
        Choice(("stratified", "random", "ordered", "given")),
        "stratified",
        "Stratified keeps the share of every class equal in each part; ordered keeps the rows' order; "
        "given uses the test rows that the source names itself.",
    ),
    Parameter("validation", Float(0.01, 0.8), 0.15, "Share of the rows that steers training."),
    Parameter("test", Float(0.01, 0.8), 0.15, "Share of the rows that is held out for the final score."),
    Parameter("seed", Integer(0, 2**31 - 1), 1, "The same seed gives the same split again.", advanced=True),
)

PREPROCESSING_PARAMETERS: tuple[Parameter, ...] = (
    Parameter(
        "image_height", Integer(8, 512), 32, "Images are resized to this height, in pixels.", auto=True
    ),
    Parameter("image_width", Integer(8, 512), 32, "Images are resized to this width, in pixels.", auto=True),
    Parameter(
        "color_mode",
        Choice(("auto", "rgb", "grayscale")),
        "auto",
        "Color (three channels) or gray (one channel).",
    ),
    Parameter(
        "rescale",
        Boolean(),
        True,
        "Scale pixel values from 0..255 to 0..1 inside the model.",
        label="Rescale pixels",
    ),
    Parameter(
        "vocabulary_size",
        Integer(10, 200_000),
        10_000,
        "How many different words are kept; the rest become 'unknown'.",
    ),
    Parameter(
        "sequence_length",
        Integer(2, 4096),
        100,
        "Texts are cut or padded to this number of words.",
        auto=True,
    ),
    Parameter(
        "normalize", Boolean(), True, "Scale number columns to mean 0 and variance 1 inside the model."
    ),
)

SOURCE_KINDS = ("sample", "csv", "images")
TASKS = ("classification", "regression")
ROLES = ("numeric", "categorical", "text", "target", "ignore")


@dataclass(frozen=True)
class DataRecipe:
    """Where the data come from, which column plays which role, and how they are prepared.

    ``source`` is ``{"kind": "sample", "name": ...}``, or ``{"kind": "csv" | "images", "path": ...}``.
    ``roles`` maps column names to one of ``ROLES`` (tables and texts only). ``preprocessing`` and
    ``split`` hold values for ``PREPROCESSING_PARAMETERS`` and ``SPLIT_PARAMETERS``.
    """

    source: Mapping[str, Any]
    task: str = "classification"
    roles: Mapping[str, str] = field(default_factory=dict)
    preprocessing: Mapping[str, Any] = field(default_factory=dict)
    split: Mapping[str, Any] = field(default_factory=dict)

    @property
    def target(self) -> str | None:
        """The name of the target column, if one is chosen."""
        return next((name for name, role in self.roles.items() if role == "target"), None)

    def settings(self) -> dict[str, Any]:
        """Return every preprocessing value, defaults filled in."""
        return with_defaults(PREPROCESSING_PARAMETERS, self.preprocessing)

    def split_settings(self) -> dict[str, Any]:
        """Return every split value, defaults filled in."""
        return with_defaults(SPLIT_PARAMETERS, self.split)

    def check(self) -> list[Problem]:
        """Return what is wrong with the recipe itself; the data are not read."""
        problems = check_all(PREPROCESSING_PARAMETERS, self.preprocessing, "Preprocessing")
        problems += check_all(SPLIT_PARAMETERS, self.split, "Split")
        if self.source.get("kind") not in SOURCE_KINDS:
            problems.append(_bad_word("data source", self.source.get("kind"), SOURCE_KINDS))
        if self.task not in TASKS:
            problems.append(_bad_word("task", self.task, TASKS))
        for column, role in self.roles.items():
            if role not in ROLES:
                problems.append(_bad_word(f"role of column '{column}'", role, ROLES))
        if not problems and self.split_settings()["validation"] + self.split_settings()["test"] > 0.9:
            message = (
                "Validation and test together take more than 90% of the rows and leave too few to train on. "
                "Lower one of them."
            )
            problems.append(Problem("split_too_large", message, field="validation"))
        return problems

    def to_json(self) -> dict[str, Any]:
        """Return the recipe as JSON-ready data."""
        return {
            "source": dict(self.source),
            "task": self.task,
            "roles": dict(self.roles),
            "preprocessing": dict(self.preprocessing),
            "split": dict(self.split),
        }


@dataclass(frozen=True)
class Project:
    """A model in the making: name, data recipe, graph of blocks, training recipe. No results."""

    name: str
    data: DataRecipe
    model: Graph
    training: Mapping[str, Any] = field(default_factory=dict)
    description: str = ""
    reference: str = ""

    def training_settings(self) -> dict[str, Any]:
        """Return every training value, defaults filled in."""
        values = with_defaults(TRAINING_PARAMETERS, self.training)
        # JSON has one kind of number; Keras refuses a learning rate that is an int.
        floats = [item.name for item in TRAINING_PARAMETERS if isinstance(item.type, Float)]
        exact = {name: float(values[name]) for name in floats if type(values[name]) is int}
        return {**values, **exact}

    def check(self) -> list[Problem]:
        """Return what is wrong with the document itself: recipes, ids, edges, cycles.

        Blocks and shapes are checked by ``builder.compiler.check``.
        """
        problems = self.data.check()
        problems += check_all(TRAINING_PARAMETERS, self.training, "Training")
        return problems + self.model.check_structure()

    def with_model(self, model: Graph) -> Project:
        """Return the project with another graph."""
        return replace(self, model=model)

    def to_json(self) -> dict[str, Any]:
        """Return the project as JSON-ready data."""
        return {
            "format": FORMAT,
            "version": FORMAT_VERSION,
            "name": self.name,
            "description": self.description,
            "reference": self.reference,
            "data": self.data.to_json(),
            "model": self.model.to_json(),
            "training": dict(self.training),
        }

    @classmethod
    def from_json(cls, document: Any) -> Project:
        """Return the project that a document describes.

        Raises:
            BuilderError: where the document has another format, a newer version or a wrong form.
        """
        _check_format(document)
        data = _object(document, "data")
        return cls(
            name=_text(document, "name", "Untitled"),
            data=DataRecipe(
                source=_object(data, "source"),
                task=_text(data, "task", "classification"),
                roles=_object(data, "roles"),
                preprocessing=_object(data, "preprocessing"),
                split=_object(data, "split"),
            ),
            model=Graph.from_json(document.get("model", {})),
            training=_object(document, "training"),
            description=_text(document, "description", ""),
            reference=_text(document, "reference", ""),
        )


def read_project(path: str | os.PathLike[str]) -> Project:
    """Return the project in a JSON file.

    A ``csv`` or ``images`` source with a relative path is taken as lying beside the file.

    Raises:
        BuilderError: where the file is missing, too large, not JSON, or not a project.
    """
    file = Path(path)
    try:
        raw = file.read_bytes()
    except OSError as error:
        raise stop("unreadable_file", f"The file {file} cannot be read: {error.strerror}.") from error
    project = parse_project(raw, file.name)
    source_path = project.data.source.get("path")
    if isinstance(source_path, str) and not Path(source_path).is_absolute():
        source = {**project.data.source, "path": str(file.resolve().parent / source_path)}
        project = replace(project, data=replace(project.data, source=source))
    return project


def parse_project(raw: bytes, name: str = "the file") -> Project:
    """Return the project in the bytes of a JSON file; ``name`` stands in messages.

    Raises:
        BuilderError: where the bytes are too many, not JSON, or not a project.
    """
    if len(raw) > MAXIMUM_DOCUMENT_BYTES:
        limit = MAXIMUM_DOCUMENT_BYTES // 1_000_000
        raise stop("file_too_large", f"{name} is larger than {limit} MB, too large for a project document.")
    try:
        document = json.loads(raw)
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        message = f"{name} is not a project file: it is not valid JSON ({error}). Choose another file."
        raise stop("not_json", message) from error
    return Project.from_json(document)


def write_project(project: Project, path: str | os.PathLike[str]) -> None:
    """Write a project as a JSON file, whole or not at all."""
    file = Path(path)
    temporary = file.with_name(f".{file.name}.{os.getpid()}.tmp")
    temporary.write_text(json.dumps(project.to_json(), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    os.replace(temporary, file)


def preset_names() -> list[str]:
    """Return the names of the presets, such as ``"images/cnn"``, in order."""
    found = sorted(PRESETS_FOLDER.glob("*/*.json"))
    return [f"{file.parent.name}/{file.stem}" for file in found if file.parent.name != "samples"]


def load_preset(name: str) -> Project:
    """Return a preset by its name.

    Raises:
        BuilderError: where there is no such preset; the message names those that exist.
    """
    names = preset_names()
    if name not in names:
        raise stop("unknown_preset", f"There is no preset '{name}'. The presets are: {', '.join(names)}.")
    return read_project(PRESETS_FOLDER / f"{name}.json")


def _check_format(document: Any) -> None:
    if not isinstance(document, Mapping) or document.get("format") != FORMAT:
        message = (
            f"This is not a Kerablocks project: its 'format' must be '{FORMAT}'. "
            "Choose a file that was saved by Kerablocks."
        )
        raise stop("not_a_project", message)
    version = document.get("version")
    if isinstance(version, bool) or not isinstance(version, int) or version < 1:
        raise stop("bad_version", f"The project's 'version' must be a whole number. Got {version!r} instead.")
    if version > FORMAT_VERSION:
        message = (
            f"This project was saved by a newer Kerablocks (document version {version}; this one reads up to "
            f"{FORMAT_VERSION}). Update Kerablocks to open it. The file was not changed."
        )
        raise stop("newer_version", message)


def _object(document: Mapping[str, Any], key: str) -> dict[str, Any]:
    value = document.get(key, {})
    if not isinstance(value, Mapping):
        raise stop(
            "malformed_document", f"The project's '{key}' must be an object. Got {value!r:.80} instead."
        )
    return dict(value)


def _text(document: Mapping[str, Any], key: str, default: str) -> str:
    value = document.get(key, default)
    if not isinstance(value, str):
        raise stop("malformed_document", f"The project's '{key}' must be a text. Got {value!r:.80} instead.")
    return value


def _bad_word(what: str, value: Any, words: tuple[str, ...]) -> Problem:
    known = ", ".join(f"'{word}'" for word in words)
    return Problem("bad_recipe", f"The {what} must be one of {known}. Got {value!r} instead.")
