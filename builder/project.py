"""The project document: data recipe + graph + training recipe, as one JSON file."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from builder.augmentation_parameters import AUGMENTATION_PARAMETERS, check_augmentation
from builder.compression_parameters import check_compression
from builder.errors import Problem, shown_value, stop
from builder.graph import Graph
from builder.params import (
    AUTO,
    Boolean,
    Choice,
    Float,
    Integer,
    Parameter,
    Text,
    check_all,
    is_finite,
    with_defaults,
)
from builder.sizes import MB, size_words
from builder.speed_parameters import check_speed
from builder.tasks import FURTHER_ROLES, TASKS
from builder.training_parameters import TRAINING_PARAMETERS, check_rates

FORMAT = "kerablocks.project"
FORMAT_VERSION = 2
MAXIMUM_DOCUMENT_BYTES = 10 * MB
PRESETS_FOLDER = Path(__file__).resolve().parent.parent / "presets"

# A project's graphs: the model, and the second one of an adversarial training.
MODEL, DISCRIMINATOR = "model", "discriminator"

# Where a split needs no column.
NO_COLUMN = "none"

SPLIT_PARAMETERS: tuple[Parameter, ...] = (
    Parameter(
        "method",
        Choice(("stratified", "random", "ordered", "given", "group", "time")),
        "stratified",
        "Stratified keeps the share of every class equal in each part; ordered keeps the rows' order; "
        "given uses the test rows that the source names itself; group keeps rows of one person, place or "
        "device together; time trains on the past and tests on what came after.",
    ),
    Parameter(
        "group_column",
        Text(500),
        NO_COLUMN,
        "For the method group: the column that tells which rows belong together. For files, 'name part 2' "
        "stands for the second piece of their names.",
    ),
    Parameter("time_column", Text(500), NO_COLUMN, "For the method time: the column that tells when."),
    Parameter("validation", Float(0.01, 0.8), 0.15, "Share of the rows that steers training."),
    Parameter("test", Float(0.01, 0.8), 0.15, "Share of the rows that is held out for the final score."),
    Parameter("seed", Integer(0, 2**31 - 1), 1, "The same seed gives the same split again.", advanced=True),
    Parameter(
        "folds",
        Integer(0, 50),
        0,
        "For cross-validation: cut the rows into so many parts and test on one of them. 0 means none.",
        advanced=True,
    ),
    Parameter("fold", Integer(1, 50), 1, "Which of the folds is the test part.", advanced=True),
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
        "tokenizer",
        Choice(("word", "character", "byte_pair", "word_piece")),
        "word",
        "What a text is cut into. Characters suit Chinese and Japanese; byte-pair and WordPiece learn "
        "frequent pieces of words from your texts, so that hardly anything is unknown.",
        label="Cut texts into",
    ),
    Parameter(
        "vocabulary_size",
        Integer(10, 200_000),
        10_000,
        "How many different words, characters or pieces are kept; the rest become 'unknown'.",
    ),
    Parameter(
        "sequence_length",
        Integer(2, 4096),
        100,
        "Texts are cut or padded to this number of words, characters or pieces.",
        auto=True,
    ),
    Parameter(
        "target_length",
        Integer(2, 4096),
        AUTO,
        "For a text made from a text: answers are cut or padded to this number of words, characters or "
        "pieces, the end included.",
        label="Length of the answers",
        auto=True,
    ),
    Parameter(
        "next_sentence",
        Boolean(),
        False,
        "For hidden words: let the model also learn whether the second half of a piece follows the first, as "
        "BERT does. The model needs a second output for it.",
        label="Does it follow?",
    ),
    Parameter(
        "vocabulary_from",
        Text(60),
        "none",
        "Cut texts as an earlier run did: 'run:' and its id. A model that starts from that run's weights "
        "needs its words. 'none' learns the words from these texts.",
        label="Words of a run",
        advanced=True,
    ),
    Parameter(
        "normalize",
        Boolean(),
        True,
        "Scale number columns, or the channels of series, to mean 0 and variance 1 inside the model.",
    ),
    Parameter(
        "class_order",
        Text(2000),
        AUTO,
        "For ranks: the classes between commas, from the lowest to the highest, such as 'low, medium, high'. "
        "'auto' sorts numbers by size and words by the alphabet.",
    ),
    Parameter(
        "normal_class",
        Text(500),
        AUTO,
        "For anomalies: the class of the normal rows, which alone are learned from; all others are for the "
        "test. 'auto' takes the most frequent one.",
    ),
    Parameter(
        "anomaly_quantile",
        Float(0.5, 1, maximum_open=True),
        0.95,
        "For anomalies: what is less usual than this share of the normal validation rows is called one.",
        label="Normal share",
    ),
    Parameter(
        "window",
        Integer(1, 100_000),
        24,
        "For a forecast: from so many past rows the next ones are foretold.",
        label="Past values",
    ),
    Parameter(
        "horizon",
        Integer(1, 10_000),
        1,
        "For a forecast: so many following rows are foretold at once.",
        label="Future values",
    ),
    Parameter(
        "window_stride",
        Integer(1, 100_000),
        AUTO,
        "Rows or characters from one sample to the next. 'auto' takes every row for a forecast, and pieces "
        "that do not overlap for a language model.",
        label="Step between samples",
        auto=True,
        advanced=True,
    ),
    Parameter(
        "audio_rate",
        Integer(1000, 48_000),
        AUTO,
        "Recordings are resampled to so many samples a second.",
        label="Sampling rate",
        auto=True,
    ),
    Parameter(
        "audio_seconds",
        Float(0.05, 60),
        AUTO,
        "Recordings are cut to this length, or followed by silence, in seconds.",
        label="Length in seconds",
        auto=True,
    ),
    Parameter(
        "audio_features",
        Choice(("log_mel_image", "log_mel_sequence", "waveform")),
        "log_mel_image",
        "What the blocks receive: the log-mel spectrogram as an image for 2D convolutions or as a sequence "
        "for recurrent and attention blocks, or the sound itself. It is computed inside the model.",
        label="Sound as",
    ),
    Parameter(
        "mel_bins",
        Integer(8, 256),
        40,
        "Bands of the spectrogram, spaced as the ear hears them.",
        label="Mel bands",
    ),
)

# How texts are prepared for tasks whose models write: words alone could not be written down again, for they
# lack punctuation and capitals.
WRITTEN_AS: dict[str, dict[str, Any]] = {
    "language_model": {"tokenizer": "character"},
    "text_to_text": {"tokenizer": "byte_pair", "vocabulary_size": 5_000, "sequence_length": AUTO},
    "masked_language_model": {"tokenizer": "word_piece", "vocabulary_size": 5_000, "sequence_length": AUTO},
}

# "path" names the file or folder of every kind but sample, keras and huggingface, which have a "name".
SOURCE_KINDS = (
    "sample",
    "csv",
    "images",
    "parquet",
    "jsonl",
    "npz",
    "texts",
    "text",
    "conll",
    "masks",
    "boxes",
    "audio",
    "linked",
    "keras",
    "huggingface",
)
ROLES = ("numeric", "categorical", "text", "image", "audio", "prefix", "target", *FURTHER_ROLES, "ignore")


@dataclass(frozen=True)
class DataRecipe:
    """Where the data come from, which column plays which role, and how they are prepared.

    ``source`` is ``{"kind": "sample", "name": ...}``, or ``{"kind": "csv" | "images", "path": ...}``.
    ``roles`` maps column names to one of ``ROLES`` (tables and texts only). ``preprocessing``, ``split`` and
    ``augmentation`` hold values for ``PREPROCESSING_PARAMETERS``, ``SPLIT_PARAMETERS`` and
    ``AUGMENTATION_PARAMETERS``.
    """

    source: Mapping[str, Any]
    task: str = "classification"
    roles: Mapping[str, str] = field(default_factory=dict)
    preprocessing: Mapping[str, Any] = field(default_factory=dict)
    split: Mapping[str, Any] = field(default_factory=dict)
    augmentation: Mapping[str, Any] = field(default_factory=dict)

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

    def augmentation_settings(self) -> dict[str, Any]:
        """Return how training samples are changed, defaults filled in."""
        return with_defaults(AUGMENTATION_PARAMETERS, self.augmentation)

    def check(self) -> list[Problem]:
        """Return what is wrong with the recipe itself; the data are not read."""
        problems = check_all(PREPROCESSING_PARAMETERS, self.preprocessing, "Preprocessing")
        problems += check_all(SPLIT_PARAMETERS, self.split, "Split")
        problems += check_all(AUGMENTATION_PARAMETERS, self.augmentation, "Augmentation")
        if not problems and self.augmentation:
            problems += check_augmentation(self.augmentation, self.task, self.settings()["tokenizer"])
        if not self.source:
            problems.append(Problem("no_data", "No data are chosen yet. Choose them on the Data page."))
        elif self.source.get("kind") not in SOURCE_KINDS:
            problems.append(_bad_word("data source", self.source.get("kind"), SOURCE_KINDS))
        if self.task not in TASKS:
            problems.append(_bad_word("task", self.task, tuple(TASKS)))
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
            **({"augmentation": dict(self.augmentation)} if self.augmentation else {}),
        }


@dataclass(frozen=True)
class Project:
    """A model in the making: name, data recipe, graph of blocks, training recipe. No results.

    ``discriminator`` is the second graph of an adversarial training, whose generator is ``model``.
    ``compression`` is the recipe by which the training makes an earlier run's model smaller; see
    ``builder.compression_parameters``.
    """

    name: str
    data: DataRecipe
    model: Graph
    training: Mapping[str, Any] = field(default_factory=dict)
    description: str = ""
    reference: str = ""
    discriminator: Graph | None = None
    compression: Mapping[str, Any] = field(default_factory=dict)

    def training_settings(self) -> dict[str, Any]:
        """Return every training value, defaults filled in."""
        values = with_defaults(TRAINING_PARAMETERS, self.training)
        # JSON has one kind of number; Keras refuses a learning rate that is an int.
        floats = [item.name for item in TRAINING_PARAMETERS if isinstance(item.type, Float)]
        whole = [name for name in floats if type(values[name]) is int and is_finite(values[name])]
        exact = {name: float(values[name]) for name in whole}
        return {**values, **exact}

    def check(self) -> list[Problem]:
        """Return what is wrong with the document itself: recipes, ids, edges, cycles.

        Blocks and shapes are checked by ``builder.compiler.check``.
        """
        problems = self.data.check()
        problems += check_all(TRAINING_PARAMETERS, self.training, "Training")
        problems += check_speed(self.training_settings())
        problems += check_rates(self.training_settings())
        problems += check_compression(self.compression, self.training_settings())
        return problems + self.model.check_structure()

    def with_model(self, model: Graph) -> Project:
        """Return the project with another graph."""
        return replace(self, model=model)

    def with_graphs_of(self, other: Project) -> Project:
        """Return the project with another project's graph and discriminator."""
        return replace(self, model=other.model, discriminator=other.discriminator)

    def graph(self, side: str) -> Graph:
        """Return one of the project's graphs: the ``MODEL`` or the ``DISCRIMINATOR``."""
        return (self.discriminator or Graph()) if side == DISCRIMINATOR else self.model

    def with_graph(self, side: str, graph: Graph) -> Project:
        """Return the project with another graph on one side."""
        return replace(self, discriminator=graph) if side == DISCRIMINATOR else self.with_model(graph)

    @property
    def has_discriminator(self) -> bool:
        """Whether a discriminator belongs to the project, be it still without blocks."""
        return self.data.task == "generation" or self.discriminator is not None

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
            **({} if self.discriminator is None else {"discriminator": self.discriminator.to_json()}),
            "training": dict(self.training),
            **({"compression": dict(self.compression)} if self.compression else {}),
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
                augmentation=_object(data, "augmentation"),
            ),
            model=Graph.from_json(document.get("model", {})),
            training=_object(document, "training"),
            description=_text(document, "description", ""),
            reference=_text(document, "reference", ""),
            discriminator=Graph.from_json(document["discriminator"]) if "discriminator" in document else None,
            compression=_object(document, "compression"),
        )


def with_task(recipe: DataRecipe, task: str) -> DataRecipe:
    """Return the recipe for another task; rows can be kept in proportion only where there are classes."""
    split = dict(recipe.split)
    # Windows of a table follow each other in time.
    if TASKS[task].in_order or (task == "generation" and recipe.roles):
        split["method"] = "ordered"
    elif task not in ("classification", "ordinal") and recipe.split_settings()["method"] == "stratified":
        split["method"] = "random"
    preparation = dict(recipe.preprocessing)
    if task in WRITTEN_AS and (recipe.task != task or "tokenizer" not in preparation):
        preparation |= WRITTEN_AS[task]
    return replace(recipe, task=task, split=split, preprocessing=preparation)


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
    return Project.from_json(parse_document(raw, name))


def parse_document(raw: bytes, name: str) -> Any:
    """Return what the bytes of a JSON file hold; ``name`` stands in messages.

    Raises:
        BuilderError: where the bytes are too many or not JSON, or hold what no browser takes.
    """
    if len(raw) > MAXIMUM_DOCUMENT_BYTES:
        limit = size_words(MAXIMUM_DOCUMENT_BYTES)
        raise stop("file_too_large", f"{name} is larger than {limit}, too large for a project document.")
    try:
        document = json.loads(raw, parse_float=_finite, parse_int=_whole, parse_constant=_finite)
        # Half of a surrogate pair passes as JSON, but no database and no browser takes it.
        json.dumps(document, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        message = f"{name} is not a project file: it is not valid JSON ({error}). Choose another file."
        raise stop("not_json", message) from error
    return document


def write_project(project: Project, path: str | os.PathLike[str]) -> None:
    """Write a project as a JSON file, whole or not at all."""
    file = Path(path)
    temporary = file.with_name(f".{file.name}.{os.getpid()}.tmp")
    temporary.write_text(json.dumps(project.to_json(), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    os.replace(temporary, file)


def opened_project(found: Mapping[str, Any], file: Path, name: str) -> Project:
    """Return the project of an opened model: it starts from the file's weights, and lacks data so far.

    Args:
        found: the answer of the task ``open_model``.
        file: where the model's file is kept.
        name: the project's name.
    """
    training = {"initial_weights": f"file:{file}"} if found["has_weights"] else {}
    description = " ".join(["Opened from a Keras file.", *found["notes"]])
    return Project(name, DataRecipe({}), Graph.from_json(found["graph"]), training, description)


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


def _finite(number: str) -> float:
    value = float(number)
    if not math.isfinite(value):
        raise ValueError(f"{number:.20} is not a number that can be used")
    return value


def _whole(number: str) -> int:
    _finite(number)
    return int(number)


def _check_format(document: Any) -> None:
    if not isinstance(document, Mapping) or document.get("format") != FORMAT:
        message = (
            f"This is not a Kerablocks project: its 'format' must be '{FORMAT}'. "
            "Choose a file that was saved by Kerablocks."
        )
        raise stop("not_a_project", message)
    version = document.get("version")
    if isinstance(version, bool) or not isinstance(version, int) or version < 1:
        raise stop(
            "bad_version",
            f"The project's 'version' must be a whole number. Got {shown_value(version)} instead.",
        )
    if version > FORMAT_VERSION:
        message = (
            f"This project was saved by a newer Kerablocks (document version {shown_value(version)}; this "
            f"one reads up to {FORMAT_VERSION}). Update Kerablocks to open it. The file was not changed."
        )
        raise stop("newer_version", message)


def _object(document: Mapping[str, Any], key: str) -> dict[str, Any]:
    value = document.get(key, {})
    if not isinstance(value, Mapping):
        raise stop(
            "malformed_document",
            f"The project's '{key}' must be an object. Got {shown_value(value)} instead.",
        )
    return dict(value)


def _text(document: Mapping[str, Any], key: str, default: str) -> str:
    value = document.get(key, default)
    if not isinstance(value, str):
        raise stop(
            "malformed_document", f"The project's '{key}' must be a text. Got {shown_value(value)} instead."
        )
    return value


def _bad_word(what: str, value: Any, words: tuple[str, ...]) -> Problem:
    known = ", ".join(f"'{word}'" for word in words)
    return Problem("bad_recipe", f"The {what} must be one of {known}. Got {shown_value(value)} instead.")
