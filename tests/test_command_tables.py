"""Answers of the engine in the words of a terminal."""

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from test_command_line import builder

from builder.commands.output import output_table
from builder.commands.tables import (
    analysis_lines,
    count_words,
    preflight_lines,
    preflight_table,
    speed_words,
    time_words,
    truth_table,
    verification_lines,
    verification_table,
)
from builder.project import load_preset


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        (count_words(650), "650"),
        (count_words(4_480_000), "4.48 M"),
        (count_words(1.2e13), "12 T"),
        (time_words(0.012), "12 ms"),
        (time_words(3.21), "3.2 s"),
        (time_words(240), "4 min"),
        (time_words(9000), "2.5 h"),
    ],
)
def test_figures_are_short(words: str, wanted: str) -> None:
    assert words == wanted


def test_analyze_prints_the_table_and_as_json_the_figures(tmp_path: Path) -> None:
    file = tmp_path / "digits.json"
    file.write_text(json.dumps(load_preset("images/cnn").to_json()), encoding="utf-8")
    table = builder("analyze", file).stdout
    assert "conv_2" in table and "4.48 M" in table and "18 x 18 of 28 x 28" in table
    figures = json.loads(builder("analyze", file, "--json").stdout)
    assert figures["totals"]["parameters"] == 93_322


TRAINING = {
    **{"epoch_seconds": 3.4, "low_seconds": 3.3, "high_seconds": 3.5, "first_seconds": 1.5},
    **{"steps": 38, "steps_per_epoch": 61, "peak_bytes": 9e8, "device": "CPU", "finite": True},
}
ANSWER: dict[str, Any] = {
    "formats": [
        {"label": "TFLite, float32", "bytes": 2_400_000, "problem": None},
        {"label": "TFLite, int8", "bytes": None, "problem": {"message": "It lacks MaxPool3D."}},
    ],
    "blocks": {"lstm": {"words": "Stays in floats."}, "head": {"words": ""}},
    "training": TRAINING,
    "training_problem": None,
}


def test_a_preflight_tells_sizes_blocks_and_the_time_of_an_epoch() -> None:
    lines = "\n".join(preflight_lines(ANSWER))
    assert "lstm: Stays in floats." in lines and "head" not in lines
    assert "about 3.4 s (3.3 s to 3.5 s), from 38 measured steps" in lines
    shown = StringIO()
    Console(width=120, file=shown).print(preflight_table(ANSWER))
    assert "It lacks MaxPool3D." in shown.getvalue()


def test_what_could_not_be_measured_is_told() -> None:
    broken = {**ANSWER, "training": None, "training_problem": {"message": "No memory."}}
    assert "training was not measured: No memory." in preflight_lines(broken)
    diverged = {**ANSWER, "training": {**TRAINING, "finite": False}}
    assert any("lower the learning rate" in line for line in preflight_lines(diverged))


EXPORTED = {
    "label": "int8 (mixed: recurrent part stays float)",
    **{"status": "verified", "note": "Only 10 training samples told the 8-bit ranges.", "problem": None},
    **{"agreement": 0.98123, "largest_difference": 7879.4, "metric_export": 44512.3},
    **{"bytes": 1_900_000, "latency_ms_p50": 0.0048123},
}
FAILED = {"label": "ONNX", "status": "failed", "note": "", "problem": {"message": "ONNX lacks Erfc."}}
EXPORT = {
    **{"task": "regression", "metric": "mean_absolute_error", "samples": 300},
    "formats": [EXPORTED, FAILED],
}


def test_an_export_is_told_whole_in_a_terminal_of_80_columns() -> None:
    shown = StringIO()
    Console(width=80, file=shown).print(verification_table(EXPORT))
    heads, first, *_ = shown.getvalue().splitlines()
    assert heads.split() == ["format", "status", "agreement", "difference", "score", "size", "ms"]
    assert first.split()[-7:] == ["verified", "98.12%", "7,879", "44,512", "1.8", "MB", "0.0048"]
    assert "…" not in shown.getvalue()
    assert list(verification_lines(EXPORT)) == [
        "int8 (mixed: recurrent part stays float): Only 10 training samples told the 8-bit ranges.",
        "ONNX: ONNX lacks Erfc.",
        "score: average error on 300 samples that the model was not trained on",
    ]


def test_what_files_are_worth_is_told_whole_in_a_terminal_of_80_columns() -> None:
    variant = {"label": "int8 (mixed: recurrent part stays float)", "score": 44_512.3, "change": -1234.5}
    variant |= {"agreement": 0.98123, "largest_difference": 7879.4, "bytes": 1_900_000}
    speed = {"one": {"p50": 0.0048, "p95": 0.1}, "all": {"p50": 12.3, "p95": 45.6}, "memory_bytes": 2**24}
    shown = StringIO()
    plain = {"label": "Keras (.keras)", "score": 0.5, "bytes": 10}
    Console(width=80, file=shown).print(
        truth_table({"variants": [{**variant, "micro": {"arena_bytes": 618_864}}, plain]})
    )
    assert "…" not in shown.getvalue()
    for words in ("44,512", "-1,234", "98.1%", "7,879", "1.8 MB", "604.4 KB"):
        assert words in shown.getvalue()
    assert speed_words(speed, 2) == "0.0048 ms (p95 0.1) on 1 thread, 12 ms (p95 46) on 2; 16 MB of memory"


def test_nothing_in_a_list_of_runs_is_cut() -> None:
    table = output_table("run", "project", "status", "epoch", "result", "tags", "note")
    table.add_row("bff5875bd8ef48a7", "houses", "finished", "1/1", "root_mean_squared_error 60,453", "", "")
    shown = StringIO()
    Console(width=80, file=shown).print(table)
    assert "bff5875bd8ef48a7" in shown.getvalue() and "…" not in shown.getvalue()


def test_guessed_operations_are_named() -> None:
    part = {"weights": 1, "gradients": 1, "optimizer": 1, "activations": 1, "total": 4}
    totals = {"parameters": 1, "trainable": 1, "activation_bytes": 4, "batch_size": 2, "optimizer": "adam"}
    totals |= {"training": part, "tflite": {"float32": 4}}
    figures = {"totals": totals, "receptive_field": None, "guessed": ["Mixing"]}
    assert "operations guessed for: Mixing" in list(analysis_lines(figures))
