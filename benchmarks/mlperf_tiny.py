"""Tasks of MLPerf Tiny: a project's int8 file beside the reference network's.

    python benchmarks/mlperf_tiny.py image_classification PATH [--rows 50000] [--epochs 30]
    python benchmarks/mlperf_tiny.py keyword_spotting PATH [--epochs 36]
    python benchmarks/mlperf_tiny.py anomaly_detection PATH [--epochs 100]

PATH holds CIFAR-10 as ``benchmarks/cifar10.py`` takes it, or is the zip of the Free Spoken Digit Dataset. The
project ``mlperf_tiny_TASK.json`` goes the way of every project, from the shell: it is trained and exported.
The reference, in ``mlperf_tiny_TASK.py``, is the benchmark's network in plain Keras with its own recipe,
converted to int8 by TensorFlow's converter. Both learn from the same rows for as many epochs, and both int8
files answer for the same test rows in LiteRT. Where a task has rounds, each has other test rows.

Reference: Banbury et al., MLPerf Tiny Benchmark (2021), sections 4 and 5.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from statistics import fmean
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "benchmarks")]
# The folders are named above.
from mlperf_tiny_anomaly_detection import ANOMALY_DETECTION  # noqa: E402
from mlperf_tiny_image_classification import IMAGE_CLASSIFICATION  # noqa: E402
from mlperf_tiny_keyword_spotting import KEYWORD_SPOTTING  # noqa: E402
from mlperf_tiny_task import Task, write_int8  # noqa: E402

TASKS = {
    "image_classification": IMAGE_CLASSIFICATION,
    "keyword_spotting": KEYWORD_SPOTTING,
    "anomaly_detection": ANOMALY_DETECTION,
}
SIDES = ("Kerablocks", "the reference")


def main() -> None:
    """Train and convert both, and print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("task", choices=TASKS)
    parser.add_argument("path", type=Path)
    parser.add_argument("--rows", type=int, default=50_000, help="how many training samples are used")
    parser.add_argument("--epochs", type=int)
    parser.add_argument("--rounds", nargs="+", help="some of the rounds, by name")
    parser.add_argument("--reference", type=Path, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    task = TASKS[chosen.task]
    epochs = chosen.epochs or task.epochs
    if chosen.reference:
        _train_reference(task, chosen.path, epochs, chosen.reference)
        return
    print(f"| round | side | weights | epochs | Keras | int8 | int8 file |\n{'| --- ' * 7}|", flush=True)
    told: list[tuple[str, tuple[float, float, float]]] = []
    with tempfile.TemporaryDirectory() as name:
        data = task.pack(chosen.path, Path(name), chosen.rows)
        for number, round_name in enumerate(chosen.rounds or task.rounds):
            folder = Path(name) / f"round_{number}"
            folder.mkdir()
            told += _round(chosen.task, round_name, data, folder, epochs)
    if len(told) > len(SIDES):
        for side in SIDES:
            means = [
                fmean(values) for values in zip(*(found for of, found in told if of == side), strict=True)
            ]
            print(f"| mean | {side} | | {epochs} | {means[0]:.4f} | {means[1]:.4f} | {means[2]:.1f} KB |")


def _round(
    name: str, round_name: str, data: Path, folder: Path, epochs: int
) -> list[tuple[str, tuple[float, float, float]]]:
    """Train, export and score both sides; print and return what came of each."""
    task = TASKS[name]
    project = _written_project(task, round_name, data, folder, epochs)
    _run("-m", "builder", "train", str(project), home=folder)
    _run(
        "-m",
        "builder",
        "export",
        str(project),
        "-f",
        task.format,
        "-o",
        str(folder / "ours.zip"),
        home=folder,
    )
    with zipfile.ZipFile(folder / "ours.zip") as bundle:
        bundle.extractall(folder / "ours")
    (trained,) = (folder / "workspace").rglob("model.keras")
    _run(__file__, name, str(project), "--epochs", str(epochs), "--reference", str(folder), home=folder)
    found = []
    for side, ask in zip(SIDES, (_ask_project, _ask_reference), strict=True):
        weights, values = ask(task, folder, trained, _prepared(project), data)
        print(
            f"| {round_name} | {side} | {weights:,} | {epochs} | {values[0]:.4f} | {values[1]:.4f} "
            f"| {values[2]:.1f} KB |",
            flush=True,
        )
        found.append((side, values))
    return found


def _written_project(task: Task, round_name: str, data: Path, folder: Path, epochs: int) -> Path:
    document = json.loads(task.project.read_text("utf-8"))
    task.rounds[round_name](document)
    document["data"]["source"]["path"] = str(data)
    document["training"]["epochs"] = epochs
    file = folder / "project.json"
    file.write_text(json.dumps(document), encoding="utf-8")
    return file


def _run(*arguments: str, home: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "TF_CPP_MIN_LOG_LEVEL": "3"}
    environment["KERABLOCKS_HOME"] = str(home / "workspace")
    subprocess.run([sys.executable, *arguments], check=True, env=environment, stdout=subprocess.DEVNULL)


def _prepared(project: Path) -> Any:
    from builder.data.prepare import prepare
    from builder.project import read_project

    return prepare(read_project(project).data, project.parent / "prepared")


def _ask_project(
    task: Task, folder: Path, trained: Path, prepared: Any, data: Path
) -> tuple[int, tuple[float, float, float]]:
    import keras

    import builder.blocks  # noqa: F401  (registers the layers that a saved model may hold)
    from builder.export import FORMATS, runtimes
    from builder.outputs import predict_arrays

    rows = prepared.indices["test"]
    model = keras.saving.load_model(trained, compile=False)
    file = folder / "ours" / task.format / "model.tflite"
    is_cut = FORMATS[task.format].of_spectrogram
    call = (runtimes.litert_behind_spectrogram if is_cut else runtimes.litert)(file)
    outputs = _answers(lambda row: call(prepared.arrays_of(rows[row : row + 1]))[0], len(rows))
    wanted = prepared.targets[rows]
    exact = task.score(predict_arrays(model, prepared.arrays, rows), wanted, prepared, rows, data)
    rounded = task.score(outputs, wanted, prepared, rows, data)
    return model.count_params(), (exact, rounded, file.stat().st_size / 1024)


def _ask_reference(
    task: Task, folder: Path, trained: Path, prepared: Any, data: Path
) -> tuple[int, tuple[float, float, float]]:
    import keras
    from ai_edge_litert.interpreter import Interpreter

    rows = prepared.indices["test"]
    features = task.features(prepared, rows)
    wanted = task.wanted(prepared, rows, features)
    model = keras.saving.load_model(folder / "reference.keras", compile=False)
    file = folder / "reference.tflite"
    interpreter = Interpreter(str(file))
    runner = interpreter.get_signature_runner()
    ((name, details),) = runner.get_input_details().items()

    def answer(row: int) -> Any:
        (found,) = runner(**{name: features[row : row + 1].astype(details["dtype"])}).values()
        return found

    exact = task.score(model.predict(features, verbose=0), wanted, prepared, rows, data)
    rounded = task.score(_answers(answer, len(rows)), wanted, prepared, rows, data)
    return model.count_params(), (exact, rounded, file.stat().st_size / 1024)


def _answers(answer: Callable[[int], Any], count: int) -> Any:
    import numpy as np

    # A runtime may write its next answer into the same memory.
    return np.concatenate([answer(row).copy() for row in range(count)])


def _train_reference(task: Task, project: Path, epochs: int, folder: Path) -> None:
    import keras

    prepared = _prepared(project)
    keras.utils.set_random_seed(0)
    rows = prepared.indices["train"]
    features = task.features(prepared, rows)
    model = task.reference()
    task.train(model, features, task.wanted(prepared, rows, features), epochs)
    model.save(folder / "reference.keras")
    write_int8(model, features, folder / "reference.tflite")


if __name__ == "__main__":
    main()
