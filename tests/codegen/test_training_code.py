"""A script reads, splits and trains as the studio does: with the same seed, the losses are equal."""

import gzip
import io
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from alike import with_rare
from executing import (
    assert_same_configuration,
    comparable,
    executed,
    free_script,
    looked_at,
    write_companions,
)
from graph_cases import chain, example, image_spec, project, regression_spec
from opened_cases import many_ways, named_like_an_operation, opened
from own_cases import own_blocks
from packed_zips import zip_with_names
from PIL import Image

from builder import compiler
from builder.blocks import registry
from builder.codegen import _check_source, notebook, script
from builder.codegen.adversarial_code import pair_training_part
from builder.data.prepare import Prepared, prepare
from builder.data.sniffing import source_at
from builder.data.sources import sample
from builder.data.windows import TOKENS_FILE
from builder.errors import BuilderError
from builder.graph import Edge, Graph, Node
from builder.importer.opening import build_opened, open_keras
from builder.params import with_defaults
from builder.project import DataRecipe, Project, load_preset, preset_names
from builder.train.loop import fit
from builder.train.randomness import seed_everything
from builder.train.reporting import Silent
from builder.train.run_state import Position
from builder.train.training_data import TrainingData

Preset = Callable[..., tuple[Project, Prepared]]
pytestmark = pytest.mark.slow
RUFF = shutil.which("ruff", path=str(Path(sys.executable).parent))


class Epochs(Silent):
    """Keeps the values of the epochs."""

    def __init__(self) -> None:
        self.values: dict[str, list[float]] = {}

    def metrics(self, rows: Any) -> None:
        for row in rows:
            if row.scope == "epoch":
                self.values.setdefault(row.name, []).append(row.value)


def trained_in_the_studio(case: Project, prepared: Prepared, folder: Path) -> dict[str, list[float]]:
    settings, epochs = case.training_settings(), Epochs()
    seed_everything(settings)
    model = compiler.build(case, prepared.spec)
    factors = compiler.learning_rate_factors(case, prepared.spec)
    fit(model, prepared, settings, folder, epochs, learning_rate_factors=factors)
    return epochs.values


def data_of(case: Project) -> Path:
    """Return the file, or the folder, that a project's script takes."""
    item = sample(case.data.source["name"])
    return item.folder if "test_file" in item.data else item.folder / item.data["file"]


def trained_by_the_script(
    case: Project, prepared: Prepared, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> dict[str, list[float]]:
    names = executed(case, prepared.spec, folder)
    histories = []
    whole_fit = keras.Model.fit

    def watched(self: Any, *args: Any, **keywords: Any) -> Any:
        histories.append(whole_fit(self, *args, **keywords, verbose=0))
        return histories[-1]

    monkeypatch.setattr(keras.Model, "fit", watched)
    output = str(folder / "model.keras")
    monkeypatch.setattr(sys, "argv", ["script.py", str(data_of(case)), "--output", output])
    names["main"]()
    assert keras.saving.load_model(output).name == compiler.build(case, prepared.spec).name
    return histories[0].history


FEW_TEXTS = {"validation": 0.2, "test": 0.2}
# Each part of the cut series holds a window.
FEW_MOMENTS = {"validation": 0.3, "test": 0.3}
# Preset, split, other settings: one of each way in which data reach a model.
WAYS: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "pictures in an archive of arrays": (
        "images/cnn",
        {},
        {"optimizer": "sgd", "schedule": "step", "epochs": 2},
    ),
    "pictures in class folders of a zip": (
        "images/cnn",
        {"method": "random"},
        {"source": "sign_language", "warmup_epochs": 1},
    ),
    "texts": ("text/cnn", {}, {"class_weights": "balanced"}),
    "a table with test rows of its own": ("tabular/mlp_classification", {"method": "given"}, {}),
    "rare classes shown as often": ("text/cnn", {}, {"resampling": "undersample", "epochs": 2}),
    "several labels a picture": ("images/multi_label", {}, {}),
    "ranks": ("tabular/ordinal", {}, {"resampling": "oversample"}),
    "counts, split by person": ("tabular/count", {}, {}),
    "unusual rows": ("tabular/autoencoder", {}, {}),
    "unusual pictures": ("images/autoencoder", {}, {}),
    "sounds, split by speaker": ("audio/speech_commands", {}, {}),
    "pictures that a table names": ("multimodal/feature_fusion", {}, {}),
    "the next values of a series": ("series/temporal_cnn", {}, {}),
    "the next character of a text": ("language/gpt", {}, {}),
    "hidden words, and halves that follow": ("language/bert", FEW_TEXTS, {}),
    "a class for every pixel": ("images/unet", {}, {}),
    "boxes on pictures that are changed": ("images/detection", {}, {}),
    "names in sentences": ("text/named_entities", {}, {}),
    "texts made from texts": ("text_to_text/lstm", {}, {}),
    "what is said in recordings": ("transcription/digit_strings", {"validation": 0.3}, {}),
    "a number to predict": ("tabular/mlp_regression", {"method": "ordered"}, {"clip_norm": 1.0}),
}


PAIRS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "images/dcgan": ({}, {}),
    "series/lstm_gan": (
        FEW_MOMENTS,
        {
            "adversarial_loss": "wasserstein_gradient_penalty",
            "discriminator_steps": 2,
            "discriminator_learning_rate": 0.0005,
        },
    ),
}


# These take their time, and are read and fed as others are.
LONG = (
    "pictures that a table names",
    "the next character of a text",
    "hidden words, and halves that follow",
    "boxes on pictures that are changed",
    "a class for every pixel",
    "names in sentences",
    "texts made from texts",
    "what is said in recordings",
    "ranks",
    "pictures in an archive of arrays",
    "unusual pictures",
    "rare classes shown as often",
    "several labels a picture",
    "sounds, split by speaker",
)


@pytest.mark.parametrize("way", with_rare(WAYS, LONG))
def test_a_script_has_the_losses_of_the_studio(
    way: str, preset: Preset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name, split, others = WAYS[way]
    settings = {"epochs": 1, "early_stopping": False, "batch_size": 16, **others}
    case, prepared = preset(name, split, **settings)
    wanted = trained_in_the_studio(case, prepared, tmp_path)
    found = trained_by_the_script(case, prepared, tmp_path, monkeypatch)
    assert found["loss"] == wanted["loss"]
    # Validation runs over the same rows in the same batches; only the sums are rounded elsewhere.
    assert found["val_loss"] == pytest.approx(wanted["val_loss"], rel=1e-6)


MOVED = {"rotation": 20, "zoom": 0.2, "shift": 0.1, "crop": 0.2, "horizontal_flip": True}
COLORS = {"brightness": 0.2, "contrast": 0.3, "saturation": 0.3, "hue": 0.1}
# Preset and augmentation; together they use whatever changes single pictures.
CHANGES: dict[str, tuple[str, dict[str, Any]]] = {
    "pictures with boxes": ("images/detection", {**MOVED, **COLORS}),
    "pictures with masks": ("images/unet", {**MOVED, "fill": "nearest", "brightness": 0.2}),
    "pictures of classes": ("images/cnn", {"rand_augment": 3, "erasing": 0.5}),
    "pictures beside other inputs": ("multimodal/feature_fusion", {"hue": 0.1}),
}


@pytest.mark.parametrize("way", CHANGES)
def test_a_script_changes_pictures_as_the_studio_does(way: str, preset: Preset, tmp_path: Path) -> None:
    name, augmentation = CHANGES[way]
    case, prepared = preset(name)
    case = replace(case, data=replace(case.data, augmentation=augmentation))
    prepared = replace(prepared, augmentation=case.data.augmentation_settings())
    names = executed(case, prepared.spec, tmp_path)
    arrays, targets, *others = names["load_data"](data_of(case))
    train, *_ = names["split_rows"](targets, *others)
    training = names["ChangedBatches"](arrays, targets, train)
    training.shuffle(epoch=1)
    studio = TrainingData(prepared, case.training_settings()).training_batches(Position(epoch=1))
    for number, (inputs, answers) in zip(range(2), studio, strict=False):
        own, found = training[number]
        wanted = inputs if isinstance(inputs, dict) else {prepared.spec.arrays[0].name: inputs}
        for array, values in wanted.items():
            np.testing.assert_array_equal(own[array], values)
        np.testing.assert_array_equal(found, answers)


@pytest.mark.parametrize("name", with_rare(["images/dcgan", "series/lstm_gan"], ["series/lstm_gan"]))
def test_both_sides_of_a_pair_train_in_a_script_as_in_the_studio(
    name: str, preset: Preset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    split, others = PAIRS[name]
    case, prepared = preset(name, split, epochs=2, batch_size=16, **others)
    wanted = trained_in_the_studio(case, prepared, tmp_path)
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    found = trained_by_the_script(case, prepared, folder, monkeypatch)
    assert set(found) == set(wanted) - {"learning_rate"}
    for value, epochs in found.items():
        # The distances are computed from sums, which are rounded elsewhere.
        assert epochs == (pytest.approx(wanted[value], rel=1e-6) if "val_" in value else wanted[value]), value
    assert len(list((folder / "samples").iterdir())) == 16
    generator = keras.saving.load_model(folder / "model.keras")
    assert generator.output_shape[1:] == prepared.spec.sample_shape


def test_the_rates_of_both_sides_of_a_pair_follow_their_own_steps() -> None:
    settings = load_preset("images/dcgan").training_settings()
    part = pair_training_part({**settings, "schedule": "cosine", "discriminator_steps": 2}, {})
    code = "\n".join([*part.constants, *part.definitions])
    calls = re.findall(r"(\w+) = cosine_decay\(\s*(\w+), steps_per_epoch=(.*), epochs=EPOCHS\s*\)", code)
    assert calls == [
        ("learning_rate", "LEARNING_RATE", "steps_per_epoch / 2"),
        ("discriminator_learning_rate", "DISCRIMINATOR_LEARNING_RATE", "steps_per_epoch"),
    ]
    assert f"DISCRIMINATOR_LEARNING_RATE = {settings['learning_rate']}" in code


def test_a_script_hides_the_words_that_the_studio_hides(preset: Preset, tmp_path: Path) -> None:
    case, prepared = preset("language/bert", FEW_TEXTS)
    names = executed(case, prepared.spec, tmp_path)
    arrays, targets, parts = names["make_pieces"](*names["load_data"](data_of(case)))
    np.testing.assert_array_equal(arrays["tokens"], prepared.arrays["tokens"])
    for found, wanted in zip(targets, prepared.all_targets, strict=True):
        np.testing.assert_array_equal(found, wanted)
    for rows, wanted in zip(parts, prepared.indices.values(), strict=True):
        np.testing.assert_array_equal(rows, wanted)
    training = names["ChangedBatches"](arrays, targets, parts[0])
    training.shuffle(epoch=1)
    studio = TrainingData(prepared, case.training_settings()).training_batches(Position(epoch=1))
    for number, (tokens, answers) in zip(range(2), studio, strict=False):
        inputs, own = training[number]
        np.testing.assert_array_equal(inputs["tokens"], tokens)
        for found, wanted in zip(own, answers, strict=True):
            np.testing.assert_array_equal(found, wanted)


def test_a_script_predicts_several_columns_as_the_studio_does(
    preset: Preset, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    case, prepared = preset("tabular/mlp_classification", epochs=1, early_stopping=False)
    settings = prepared.spec.inputs[0].settings
    roles = {name: "numeric" for name in settings["numeric_columns"]}
    roles |= {name: "categorical" for name in settings["categorical_columns"]}
    roles |= {"income": "target", "sex": "class_target", "age": "number_target"}
    heads = {"income": "classification_head.v1", "sex": "classification_head.v1", "age": "regression_head.v1"}
    nodes = [Node("table", "input.v1"), *(Node(name, kind) for name, kind in heads.items())]
    model = Graph(tuple(nodes), tuple(Edge("table", name) for name in heads))
    case = replace(case, data=replace(case.data, roles=roles), model=model)
    prepared = prepare(case.data, cache)
    wanted = trained_in_the_studio(case, prepared, tmp_path)
    found = trained_by_the_script(case, prepared, tmp_path, monkeypatch)
    assert found["loss"] == wanted["loss"]
    assert {"age_mean_absolute_error", "sex_accuracy"} <= set(found)


# Another preset of the same task is built in every run of the tests.
FURTHER = (
    "language/lstm",
    "multimodal/bottleneck_fusion",
    "multimodal/cross_attention",
    "series/lstm_forecast",
    "text_to_text/transformer",
)


@pytest.mark.parametrize("name", with_rare(preset_names(), FURTHER))
def test_the_script_of_every_preset_builds_the_same_model(name: str, preset: Preset, tmp_path: Path) -> None:
    case, prepared = preset(name, FEW_MOMENTS if name == "series/lstm_gan" else {})
    assert_same_configuration(case, prepared.spec, tmp_path)


def test_blocks_with_learning_rates_of_their_own_train_as_in_the_studio(
    preset: Preset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    case, prepared = preset("tabular/mlp_regression", epochs=1, deterministic=True)
    first, *others = [node.id for node in case.model.nodes if node.kind == "dense.v1"]
    edits = [
        {"op": "set_node", "id": first, "changes": {"learning_rate_factor": 0.1}},
        {"op": "set_node", "id": others[0], "changes": {"frozen": True}},
    ]
    case = case.with_model(case.model.edited(edits))
    # For the rest of this process, the tests that follow would be slower with it.
    monkeypatch.setattr("tensorflow.config.experimental.enable_op_determinism", lambda: None)
    wanted = trained_in_the_studio(case, prepared, tmp_path)
    assert trained_by_the_script(case, prepared, tmp_path, monkeypatch)["loss"] == wanted["loss"]


def test_a_script_starts_from_the_weights_of_a_saved_model(tmp_path: Path) -> None:
    graph, spec = example("dense.v1")
    file = tmp_path / "before.keras"
    before = compiler.build(project(graph), spec)
    before.save(file)
    names = executed(project(graph, initial_weights=f"file:{file}"), spec, tmp_path)
    model = names["build_model"]()
    names["start_with_weights"](model, names["INITIAL_WEIGHTS"])
    for old, new in zip(before.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)
    code = script(project(graph, initial_weights="run:abc"), spec)
    assert "run abc" in code and 'INITIAL_WEIGHTS = "initial.keras"' in code


def test_the_name_of_a_run_is_never_code(tmp_path: Path) -> None:
    graph, spec = example("dense.v1")
    for end in ("\n", "\r", "\r\n"):
        names = executed(project(graph, initial_weights=f"run:abc{end}raise SystemExit"), spec, tmp_path)
        assert names["INITIAL_WEIGHTS"] == "initial.keras"


@pytest.mark.parametrize("schedule", ["constant", "cosine", "exponential", "step"])
def test_a_script_trains_as_the_settings_say(schedule: str, tmp_path: Path) -> None:
    graph, spec = example("regression_head.v1")
    settings = {"schedule": schedule, "warmup_epochs": 1, "optimizer": "adamw", "clip_norm": 1.0, "epochs": 4}
    names = executed(project(graph, **settings), spec, tmp_path)
    model = looked_at(names["build_model"])
    names["compile_model"](model, steps_per_epoch=10)
    assert isinstance(model.optimizer, keras.optimizers.AdamW)
    assert model.optimizer.global_clipnorm == 1.0
    assert float(model.optimizer.learning_rate) == pytest.approx(0.0001)


ODD_CSV = """class;name;size
1;a;1,5
1.0;b;2,5
2;c

2;d;NA
?;e;3,5
1;"f;g";4,5
"""


def test_a_script_reads_a_careless_file_row_by_row_as_the_studio_does(tmp_path: Path, cache: Path) -> None:
    file = tmp_path / "odd.csv"
    file.write_text(
        ODD_CSV + "".join(f"{number % 2 + 1};n{number};{number}\n" for number in range(12)), "cp1252"
    )
    graph = chain(("table", "input.v1"), ("head", "classification_head.v1"))
    roles = {"class": "target", "name": "categorical", "size": "numeric"}
    case = project(graph)
    case = replace(case, data=DataRecipe({"kind": "csv", "path": str(file)}, roles=roles))
    prepared = prepare(case.data, cache)
    names = executed(case, prepared.spec, tmp_path)
    arrays, targets = names["load_data"](file)
    assert len(targets) == 16
    np.testing.assert_array_equal(targets, prepared.targets)
    for name, array in arrays.items():
        np.testing.assert_array_equal(array, prepared.arrays[name])


@pytest.mark.parametrize("tokenizer", ["word", "byte_pair"])
def test_a_script_reads_texts_without_words_as_the_studio_does(
    tokenizer: str, tmp_path: Path, cache: Path
) -> None:
    file = tmp_path / "texts.csv"
    texts = ["", "!!!", *(f"a film of {number} minutes" for number in range(30))]
    rows = "".join(f"{text},{'ab'[number % 2]}\n" for number, text in enumerate(texts))
    file.write_text("text,kind\n" + rows, "utf-8")
    graph = chain(
        ("text", "input.v1"),
        ("embedding", "embedding.v1", {"mask_zero": True}),
        ("pool", "global_average_pooling1d.v1"),
        ("head", "classification_head.v1"),
    )
    data = DataRecipe(
        {"kind": "csv", "path": str(file)},
        roles={"text": "text", "kind": "target"},
        preprocessing={"tokenizer": tokenizer},
    )
    case = replace(project(graph), data=data)
    prepared = prepare(case.data, cache)
    arrays, _ = executed(case, prepared.spec, tmp_path)["load_data"](file)
    np.testing.assert_array_equal(arrays["tokens"], prepared.arrays["tokens"])


@pytest.mark.parametrize(
    ("encoding", "words"),
    [
        ("gb18030", ("正面", "负面", "天气很好")),
        ("big5", ("正面", "負面", "天氣很好")),
        ("cp932", ("はい", "いいえ", "天気")),
    ],
)
def test_a_script_reads_a_table_in_any_encoding_as_the_studio_does(
    encoding: str, words: tuple[str, ...], tmp_path: Path, cache: Path
) -> None:
    file = tmp_path / "letters.csv"
    rows = "".join(f"{number},{words[2]}{number % 3},{words[number % 2]}\n" for number in range(40))
    file.write_text(f"number,{words[2]},class\n{rows}", encoding=encoding)
    case = project(chain(("table", "input.v1"), ("head", "classification_head.v1")))
    roles = {"number": "numeric", words[2]: "categorical", "class": "target"}
    case = replace(case, data=DataRecipe({"kind": "csv", "path": str(file)}, roles=roles))
    prepared = prepare(case.data, cache)
    assert set(prepared.spec.class_names) == set(words[:2])
    arrays, targets = executed(case, prepared.spec, tmp_path)["load_data"](file)
    np.testing.assert_array_equal(targets, prepared.targets)
    np.testing.assert_array_equal(arrays["categorical"], prepared.arrays["categorical"])


@pytest.mark.parametrize(
    ("separator", "cell"),
    [
        (",", '"{0},{1:03}.5"'),
        (";", "{0}.{1:03},5"),
        ("\t", "{0} {1:03}"),
        (",", '"${0},{1:03}.5"'),
        (";", "{0}.{1:03},5 €"),
    ],
)
def test_a_script_reads_marks_between_thousands_as_the_studio_does(
    separator: str, cell: str, tmp_path: Path, cache: Path
) -> None:
    file = tmp_path / "prices.csv"
    rows = [(cell.format(n + 1, n * 37), "NA" if n == 5 else "2 000", "ab"[n % 2]) for n in range(20)]
    lines = [separator.join(row) for row in [("price", "flat rent", "class"), *rows]]
    file.write_text("\n".join(lines), encoding="utf-8")
    case = project(chain(("table", "input.v1"), ("head", "classification_head.v1")))
    roles = {"price": "numeric", "flat rent": "numeric", "class": "target"}
    case = replace(case, data=DataRecipe({"kind": "csv", "path": str(file)}, roles=roles))
    prepared = prepare(case.data, cache)
    arrays, _ = executed(case, prepared.spec, tmp_path)["load_data"](file)
    np.testing.assert_array_equal(arrays["numeric"], prepared.arrays["numeric"])
    assert prepared.arrays["numeric"][0, 1] == 2000 and prepared.arrays["numeric"][0, 0] >= 1000


@pytest.mark.parametrize(
    ("name", "beside"),
    [
        ("数据/train.CSV", {}),
        ("数据/train.CSV", {"README.md": "notes", "__MACOSX/._train.csv": "", ".old/a.csv": "a"}),
        ("train.csv.gz", {"notes.gz": "notes"}),
    ],
)
def test_a_script_reads_the_table_in_a_zip_as_the_studio_does(
    name: str, beside: dict[str, str], tmp_path: Path, cache: Path
) -> None:
    file = tmp_path / "kaggle.zip"
    rows = "".join(f"{number};{'是否'[number % 2]}\n" for number in range(40))
    content = f"number;class\n{rows}".encode("gb18030")
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(name, gzip.compress(content) if name.endswith(".gz") else content)
        for other, text in beside.items():
            archive.writestr(other, text)
    case = project(chain(("table", "input.v1"), ("head", "classification_head.v1")))
    source = source_at(file)
    case = replace(case, data=DataRecipe(source, roles={"number": "numeric", "class": "target"}))
    prepared = prepare(case.data, cache)
    arrays, targets = executed(case, prepared.spec, tmp_path)["load_data"](file)
    np.testing.assert_array_equal(targets, prepared.targets)
    np.testing.assert_array_equal(arrays["numeric"], prepared.arrays["numeric"])


@pytest.mark.parametrize(
    "classes",
    [
        ("1,0", "2,5"),
        ("1.0", "2,5"),
        ("1234567890123456789", "1234567890123456790"),
        ("1", "2.0"),
        ("1", "1,0", "2,5", "2"),
        ("1", "1,0", "many"),
    ],
)
def test_classes_that_are_numbers_are_those_of_the_studio(
    classes: tuple[str, ...], tmp_path: Path, cache: Path
) -> None:
    file = tmp_path / "numbers.csv"
    rows = (f"{classes[number % len(classes)]};{number},5" for number in range(24))
    file.write_text("\n".join(["class;size", *rows]), encoding="utf-8")
    case = project(chain(("table", "input.v1"), ("head", "classification_head.v1")))
    roles = {"class": "target", "size": "numeric"}
    case = replace(case, data=DataRecipe({"kind": "csv", "path": str(file)}, roles=roles))
    prepared = prepare(case.data, cache)
    _, targets = executed(case, prepared.spec, tmp_path)["load_data"](file)
    np.testing.assert_array_equal(targets, prepared.targets)


@pytest.mark.parametrize(
    ("unit", "encoding", "words"),
    [
        ("line", "utf-8-sig", "ist schön"),
        ("line", "cp1252", "ist schön"),
        ("line", "gb18030", "今天 天气 很 好"),
        ("paragraph", "cp932", "今日は 天気が いい"),
        ("paragraph", "utf-16", "ist schön"),
    ],
)
def test_a_script_reads_a_text_in_any_encoding_as_the_studio_does(
    unit: str, encoding: str, words: str, tmp_path: Path, cache: Path
) -> None:
    file = tmp_path / "letters.txt"
    lines = (f"{words} {number}\r\n{words}\r\n\r\n" for number in range(60))
    file.write_bytes("".join(lines).encode(encoding))
    case = load_preset("language/lstm")
    source = {"kind": "text", "path": str(file), "unit": unit}
    data = replace(case.data, source=source, preprocessing={"tokenizer": "word", "sequence_length": 4})
    prepared = prepare(data, cache)
    names = executed(replace(case, data=data), prepared.spec, tmp_path)
    tokens, _ = names["load_data"](file)
    np.testing.assert_array_equal(tokens, np.load(prepared.folder / TOKENS_FILE))
    assert words.split()[-1] in prepared.spec.inputs[0].settings["vocabulary"]


@pytest.mark.parametrize(("encoding", "name"), [("cp1252", "Jürgen"), ("gb18030", "张伟"), ("big5", "張偉")])
def test_a_script_reads_tagged_words_in_any_encoding_as_the_studio_does(
    encoding: str, name: str, tmp_path: Path, cache: Path
) -> None:
    file = tmp_path / "names.conll"
    lines = (f"# {n}\nFrau{n} O\n{name} B-PER\n# O\n{n} O\n\n" for n in range(30))
    file.write_bytes("".join(lines).encode(encoding))
    case = load_preset("text/named_entities")
    data = replace(case.data, source={"kind": "conll", "path": str(file)})
    prepared = prepare(data, cache)
    names = executed(replace(case, data=data), prepared.spec, tmp_path)
    arrays, targets = names["load_data"](file)
    np.testing.assert_array_equal(arrays["tokens"], prepared.arrays["tokens"])
    np.testing.assert_array_equal(targets, prepared.targets)
    assert name in prepared.sample(0)["tokens"]


@pytest.mark.parametrize("white", [0, 4095])
def test_a_script_reads_a_folder_of_pictures_as_the_studio_does(
    white: int, tmp_path: Path, cache: Path
) -> None:
    random = np.random.default_rng(1)
    folder = tmp_path / "pictures"
    for part, name, mode in [
        ("train", "b", "RGB"),
        ("train", "a-b", "RGBA"),
        ("train", "a", "L"),
        ("test", "a", "P"),
    ]:
        place = folder / part / name
        place.mkdir(parents=True, exist_ok=True)
        for number in range(6):
            pixels = random.integers(0, 255, (10, 12, 4), dtype=np.uint8)
            Image.fromarray(pixels).convert(mode).save(place / f"{number}.png")
            if white:
                deep = random.integers(0, white + 1, (10, 12), dtype=np.uint16)
                Image.fromarray(deep).save(place / f"deep {number}.png")
    (folder / "train" / "a" / "broken.png").write_bytes(b"no picture")
    graph = chain(("picture", "input.v1"), ("flat", "flatten.v1"), ("head", "classification_head.v1"))
    recipe = DataRecipe({"kind": "images", "path": str(folder)}, split={"method": "given", "validation": 0.2})
    case = replace(project(graph), data=replace(recipe, preprocessing={"image_height": 8, "image_width": 9}))
    prepared = prepare(case.data, cache)
    names = executed(case, prepared.spec, tmp_path)
    arrays, targets, is_test = names["load_data"](folder)
    np.testing.assert_array_equal(arrays["image"], prepared.arrays["image"])
    np.testing.assert_array_equal(targets, prepared.targets)
    for rows, wanted in zip(names["split_rows"](targets, is_test), prepared.indices.values(), strict=True):
        np.testing.assert_array_equal(rows, wanted)


ODD_BOXES = """label,x1,y1,x2,y2,filename
cell,1,2,11,12,a
cell,4.5,6,60,14,pictures/train/a.png
speck,3,3,3,9,a
speck,?,3,5,9,b.png
speck,3,3,5,9,b.png

speck,0,0,40,30,test/c.png
cell,2,2,6
cell,1,1,2,2,nowhere.png
,,,,,e
"""


@pytest.mark.parametrize(
    ("encoding", "kinds"), [("gbk", "猫狗"), ("big5", "貓狗"), ("utf-8", "猫狗"), ("cp437", "äß")]
)
def test_a_script_reads_the_names_in_a_zip_as_the_studio_does(
    encoding: str, kinds: str, tmp_path: Path, cache: Path
) -> None:
    random = np.random.default_rng(1)
    members = {}
    for number in range(20):
        stream = io.BytesIO()
        Image.fromarray(random.integers(0, 255, (10, 12, 3), dtype=np.uint8)).save(stream, "PNG")
        members[f"{kinds[number % 2]}/{number}.png"] = stream.getvalue()
    file = zip_with_names(tmp_path / "animals.zip", members, encoding)
    graph = chain(("picture", "input.v1"), ("flat", "flatten.v1"), ("head", "classification_head.v1"))
    recipe = DataRecipe({"kind": "images", "path": str(file)})
    case = replace(project(graph), data=replace(recipe, preprocessing={"image_height": 8, "image_width": 9}))
    prepared = prepare(case.data, cache)
    arrays, targets = executed(case, prepared.spec, tmp_path)["load_data"](file)
    assert set(prepared.spec.class_names) == set(kinds)
    np.testing.assert_array_equal(arrays["image"], prepared.arrays["image"])
    np.testing.assert_array_equal(targets, prepared.targets)


def test_a_script_reads_boxes_that_are_shares_as_the_studio_does(tmp_path: Path, cache: Path) -> None:
    random = np.random.default_rng(1)
    folder = tmp_path / "marked"
    folder.mkdir()
    rows = []
    for number in range(12):
        pixels = random.integers(0, 255, (30, 20 + number, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"{number}.png")
        rows.append(f"{number}.png,0.25,0.1,{0.5 + number / 100},1,cell\n")
    (folder / "boxes.csv").write_text("image,xmin,ymin,xmax,ymax,class\n" + "".join(rows))
    recipe = DataRecipe({"kind": "boxes", "path": str(folder)}, task="detection")
    recipe = replace(recipe, preprocessing={"image_height": 32, "image_width": 32})
    case = replace(load_preset("images/detection"), data=recipe)
    prepared = prepare(case.data, cache)
    np.testing.assert_allclose(prepared.targets[0], [[0, 0.25, 0.1, 0.5, 1]], rtol=1e-6)
    arrays, targets = executed(case, prepared.spec, tmp_path)["load_data"](folder)
    np.testing.assert_array_equal(arrays["image"], prepared.arrays["image"])
    np.testing.assert_array_equal(targets, prepared.targets)


@pytest.mark.parametrize(("label", "white"), [("cell", 255), ("细胞", 4095)])
def test_a_script_reads_a_table_of_boxes_as_the_studio_does(
    label: str, white: int, tmp_path: Path, cache: Path
) -> None:
    folder = tmp_path / "marked"
    random = np.random.default_rng(1)
    for name in "abcdefghijklm":
        place = folder / "pictures" / ("test" if name == "c" else "train")
        place.mkdir(parents=True, exist_ok=True)
        pixels = random.integers(0, white + 1, (30, 40, 3), dtype=np.uint16)
        shown = pixels.astype(np.uint8) if white == 255 else pixels[..., 0]
        Image.fromarray(shown).save(place / f"{name}.png")
    more = "".join(f"cell,{number},2,20,25,{name}\n" for number, name in enumerate("fghijklm"))
    (folder / "boxes.csv").write_text((ODD_BOXES + more).replace("cell", label), encoding="gb18030")
    case = load_preset("images/detection")
    recipe = DataRecipe(
        {"kind": "boxes", "path": str(folder)},
        task="detection",
        split={"method": "given", "validation": 0.3},
        preprocessing={"image_height": 32, "image_width": 48},
    )
    case = replace(case, data=recipe)
    prepared = prepare(case.data, cache)
    names = executed(case, prepared.spec, tmp_path)
    arrays, targets, is_test = names["load_data"](folder)
    # Nothing is said of d.
    assert len(targets) == 12
    np.testing.assert_array_equal(arrays["image"], prepared.arrays["image"])
    np.testing.assert_array_equal(targets, prepared.targets)
    assert label in prepared.spec.class_names
    for rows, wanted in zip(names["split_rows"](targets, is_test), prepared.indices.values(), strict=True):
        np.testing.assert_array_equal(rows, wanted)
    (folder / "a.xml").write_text("<annotation></annotation>", encoding="utf-8")
    with pytest.raises(BuilderError, match="something else than one table.*cannot be written as a script"):
        script(case, prepared.spec)


def test_a_script_runs_by_itself_in_an_empty_folder(preset: Preset, tmp_path: Path) -> None:
    case, prepared = preset("tabular/mlp_regression", epochs=1)
    write_companions(case, prepared.spec, tmp_path)
    (tmp_path / "model.py").write_text(script(case, prepared.spec), encoding="utf-8")
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    command = [sys.executable, "model.py", str(data_of(case))]
    outcome = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300
    )
    assert outcome.returncode == 0, outcome.stderr
    assert "mean_absolute_error" in outcome.stdout
    assert keras.saving.load_model(tmp_path / "model.keras").output_shape == (None, 1)


@pytest.mark.parametrize(
    ("name", "split", "said"),
    [
        ("tabular/mlp_classification", {"method": "given"}, "predicted"),
        pytest.param("language/bert", FEW_TEXTS, "guessed", marks=pytest.mark.exhaustive),
        pytest.param("images/detection", {}, "at [", marks=pytest.mark.exhaustive),
        pytest.param("images/dcgan", {}, "more samples", marks=pytest.mark.exhaustive),
        pytest.param("series/lstm_gan", FEW_MOMENTS, "more samples", marks=pytest.mark.exhaustive),
    ],
)
def test_a_notebook_runs_from_top_to_bottom(
    name: str,
    split: dict[str, Any],
    said: str,
    preset: Preset,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    case, prepared = preset(name, split, epochs=1)
    written = json.loads(notebook(case, prepared.spec))
    assert written["nbformat"] == 4
    kinds = [cell["cell_type"] for cell in written["cells"]]
    assert kinds[0] == "markdown" and kinds.count("markdown") >= 7
    assert len({cell["id"] for cell in written["cells"]}) == len(written["cells"])
    write_companions(case, prepared.spec, tmp_path)
    files = data_of(case)
    for file in files.glob("*.gz") if files.is_dir() else [files]:
        shutil.copy(file, tmp_path)
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {"__name__": "__main__"}
    cells = ["".join(cell["source"]) for cell in written["cells"] if cell["cell_type"] == "code"]
    for cell in cells:
        assert "builder" not in cell
        exec(compile(cell, "cell", "exec"), names)
    assert len(names["history"].history["loss"]) == 1
    assert said in capsys.readouterr().out


@pytest.mark.parametrize("name", ["images/resnet", "text/transformer", "tabular/mlp_classification"])
def test_the_saved_model_of_a_script_opens_as_the_same_graph(
    name: str, preset: Preset, tmp_path: Path
) -> None:
    case, prepared = preset(name)
    model = executed(case, prepared.spec, tmp_path)["build_model"]()
    model.save(tmp_path / "model.keras")
    opened = open_keras(tmp_path / "model.keras")
    assert opened.differing == ()
    analysis = compiler.sound_analysis(case, prepared.spec)
    blocks = {node.id: node for node in opened.graph.nodes}
    layers = [node for node in analysis.graph.nodes if registry()[node.kind].is_layer]
    assert layers
    for node in layers:
        back = blocks[node.id]
        assert back.kind == node.kind
        values = with_defaults(registry()[back.kind].parameters, back.parameters)
        assert values == {**values, **analysis.values[node.id]}
    again = build_opened(tmp_path / "model.keras")
    assert comparable(again) == comparable(model)
    arrays = {item.name: np.asarray(prepared.arrays[item.name][:3]) for item in prepared.spec.arrays}
    inputs = [arrays[tensor.name] for tensor in model.inputs]
    np.testing.assert_array_equal(np.asarray(again(inputs)), np.asarray(model(inputs)))


@pytest.mark.skipif(RUFF is None, reason="the formatter is a development tool")
def test_scripts_are_written_as_a_formatter_would(preset: Preset, tmp_path: Path) -> None:
    long_names = ("conv_" + "very_" * 9 + "long", "conv_" + "very_" * 10 + "long")
    graph = chain(
        ("picture", "input.v1"),
        (
            long_names[0],
            "conv2d.v1",
            {"padding": "same", "activation": "relu", "kernel_initializer": "he_normal"},
        ),
        (long_names[1], "residual_block.v1", {"strides": 2, "activation": "leaky_relu"}),
        ("flat", "flatten.v1"),
        ("head", "classification_head.v1"),
    )
    slow = graph.edited(
        [
            {"op": "set_node", "id": name, "changes": {"learning_rate_factor": 0.1, "frozen": True}}
            for name in ("flat", *long_names)
        ]
    )
    cases = [
        (project(graph, schedule="step", warmup_epochs=1), image_spec(classes=40)),
        (project(slow, initial_weights="run:abc", deterministic=True), image_spec()),
        (project(example("regression_head.v1")[0], loss="huber", optimizer="sgd"), regression_spec()),
        (project(own_blocks()), image_spec()),
    ]
    for name, split, others in [*WAYS.values(), *((name, *values) for name, values in PAIRS.items())]:
        case, prepared = preset(name, split, **others)
        cases.append((case, prepared.spec))
    texts = [script(case, spec) for case, spec in cases]
    texts += [free_script(opened(make)) for make in (many_ways, named_like_an_operation)]
    for number, text in enumerate(texts):
        (tmp_path / f"script_{number}.py").write_text(text, encoding="utf-8")
    options = ["--isolated", "--line-length", "110"]
    for command in (["format", "--diff"], ["check", "--select", "E,F,I,UP,B"]):
        outcome = subprocess.run(
            [str(RUFF), *command, *options, str(tmp_path)], capture_output=True, text=True
        )
        assert outcome.returncode == 0, outcome.stdout


def test_an_unsound_project_has_no_script() -> None:
    with pytest.raises(BuilderError):
        script(project(chain(("picture", "input.v1"), ("head", "classification_head.v1"))), image_spec())


UNWRITTEN: dict[str, dict[str, Any]] = {
    "data of Keras": {"source": {"kind": "keras", "name": "mnist"}},
    "samples that are mixed": {"augmentation": {"rotation": 10, "mixup": 0.2}},
    "folds": {"split": {"method": "random", "folds": 5}},
}


@pytest.mark.parametrize("what", UNWRITTEN)
def test_what_no_script_can_do_yet_is_said_in_words(what: str) -> None:
    case = load_preset("images/cnn")
    with pytest.raises(BuilderError) as refused:
        _check_source(replace(case, data=replace(case.data, **UNWRITTEN[what])))
    assert re.search(r"as (code|a script) yet.*\.keras", str(refused.value))
