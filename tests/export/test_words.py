"""What an export says of itself: how far its answers differ, and what its files' comments tell."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from builder.data.prepare import prepare
from builder.data.profile import propose
from builder.data.spec import DataSpec
from builder.export.agreement import compare, difference_note
from builder.export.client_files import write_client_files
from builder.export.clients import write_clients
from builder.project import load_preset

PLACES = np.arange(8) % 2
CLASSES = np.eye(2)[PLACES]
DIFFERENT = np.eye(2)[[1 - PLACES[0], *PLACES[1:]]]
TARGET = DataSpec("classification", (), class_names=("a", "b"))
NUMBER = replace(TARGET, task="regression", class_names=(), target_variance=1.0)
LABELS = replace(TARGET, task="multi_label")


def compared(spec: DataSpec, reference: np.ndarray, outputs: np.ndarray, targets: np.ndarray) -> dict:
    return compare(reference, outputs, targets, spec, "sigmoid" if spec.predicts_labels else "softmax", False)


def test_the_note_speaks_of_what_was_compared() -> None:
    classes = compared(TARGET, CLASSES, DIFFERENT, PLACES)
    assert difference_note({"kind": classes}).startswith("Gives another class than the Keras model for 12.5%")
    assert "keep in floats" not in difference_note({"kind": classes})
    assert "parts to keep in floats" in difference_note({"kind": classes}, is_rounded=True)
    labels = compared(LABELS, CLASSES, DIFFERENT, CLASSES)
    assert "12.5% of the labels" in difference_note({"kind": labels})
    values = np.linspace(-1, 1, 8)[:, np.newaxis]
    numbers = compared(NUMBER, values, values * 1.5, values)
    assert "100.0% of the values are off by more than 1 %" in difference_note({"size": numbers})
    assert difference_note({"kind": compared(TARGET, CLASSES, CLASSES, PLACES)}) == ""


def test_a_note_on_texts_speaks_of_recordings() -> None:
    characters = replace(TARGET, task="transcription", class_names=("", "a"))
    steps, silent = np.tile([[0.1, 0.9]], (2, 3, 1)), np.tile([[0.9, 0.1]], (2, 3, 1))
    found = compared(characters, steps, silent, np.zeros((2, 3), np.int32))
    assert "another text than the Keras model for 100.0% of the recordings" in difference_note({"": found})


def test_values_that_hardly_vary_are_not_said_to_be_off_by_nothing() -> None:
    values = 1e-4 * np.linspace(-1, 1, 8)[:, np.newaxis]
    note = difference_note({"size": compared(NUMBER, values, values * 1.5, values)})
    assert "0.0%" not in note and "roughly" in note


def test_of_several_targets_the_worst_is_named() -> None:
    same, other = (compared(TARGET, CLASSES, answers, PLACES) for answers in (CLASSES, DIFFERENT))
    assert difference_note({"kind": same, "color": other}).startswith("For the target 'color': Gives another")
    values = np.linspace(-1, 1, 8)[:, np.newaxis]
    numbers = compared(NUMBER, values, values * 1.5, values)
    assert difference_note({"kind": other, "size": numbers}).startswith("For the target 'size': 100.0%")


@pytest.fixture
def awkward(tmp_path: Path) -> DataSpec:
    """The data of a table whose header has line breaks, and code behind them."""
    header = '"Weight\n(kg)","Height\n#error no","Room\nint place;",Size\\,"what\nkind"'
    rows = (f"{n % 7},{n % 9},{'xyz'[n % 3]},{n % 5},{'ab'[n % 2]}" for n in range(60))
    (tmp_path / "people.csv").write_text("\n".join([header, *rows]))
    recipe = propose({"kind": "csv", "path": str(tmp_path / "people.csv")})
    return prepare(recipe, tmp_path / "prepared").spec


def test_a_line_break_in_a_name_ends_no_comment(awkward: DataSpec, tmp_path: Path) -> None:
    folder = tmp_path / "exports"
    (folder / "tflite_float32").mkdir(parents=True)
    write_client_files(folder / "tflite_float32", awkward, ["softmax"])
    row = {"format": "tflite_float32", "file": "model.tflite", "status": "verified", "label": "TFLite"}
    report = {"task": awkward.task, "formats": [row], "metric": "accuracy", "samples": 9}
    report |= {"created": "today", "versions": {}}
    project = replace(load_preset("tabular/mlp_regression"), name="Two\nlines")
    write_clients(folder, project, awkward, report)
    for name in ("predict.cc", "Predict.kt", "Predict.swift"):
        told = [line for line in (folder / "clients" / name).read_text().splitlines() if "Weight" in line]
        assert (
            len(told) == 1
            and told[0].startswith("//   numeric: ")
            and "Weight (kg), Height #error no" in told[0]
        )
        assert not told[0].endswith("\\")
    card = (folder / "MODEL_CARD.md").read_text()
    assert "# Two lines\n" in card and "- Predicts: what kind\n" in card
    assert "Room int place;" in card and "\n#error" not in card
