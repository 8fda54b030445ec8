"""What the preflight and the Analyze panel estimate, against what happens.

    python benchmarks/preflight.py [PRESET ...] [--epochs 4]

For each preset: the estimated time of an epoch against real epochs (the first, which compiles, left out;
the median of the others), the estimated TFLite sizes against the files, and how long both answers take. Each
side of each preset runs in a process of its own.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
SIDES = ("preflight", "training")


def main() -> None:
    """Compare estimate and truth for each preset and print the table."""
    sys.path.insert(0, str(ROOT))
    from builder.project import preset_names

    parser = argparse.ArgumentParser()
    parser.add_argument("presets", nargs="*", default=preset_names())
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--side", choices=SIDES, help=argparse.SUPPRESS)
    parser.add_argument("--folder", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.side:
        work = _preflight if chosen.side == "preflight" else _training
        print(json.dumps(work(chosen.presets[0], chosen.epochs, Path(chosen.folder))))
        return
    print("| preset | epoch, estimated (quartiles) | epoch, real | ratio | float32 | float16 | int8 ", end="")
    print("| preflight | analyze |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- | --- |")
    for preset in chosen.presets:
        print(_row(preset, chosen.epochs), flush=True)


def _row(preset: str, epochs: int) -> str:
    with tempfile.TemporaryDirectory() as folder:
        told, real = (_in_a_process(side, preset, epochs, folder) for side in SIDES)
    training = told["training"]
    spread = f"{training['low_seconds']:.2f} to {training['high_seconds']:.2f}"
    sizes = " | ".join(f"{told['sizes'][kind]:+.1%}" for kind in ("float32", "float16", "int8"))
    ratio = training["epoch_seconds"] / real["seconds"]
    estimate = f"{training['epoch_seconds']:.2f} s ({spread}; {training['steps']} steps)"
    times = f"{told['preflight_seconds']:.1f} s | {1000 * told['analyze_seconds']:.0f} ms"
    return f"| {preset} | {estimate} | {real['seconds']:.2f} s | {ratio:.2f} | {sizes} | {times} |"


def _in_a_process(side: str, preset: str, epochs: int, folder: str) -> Mapping[str, Any]:
    command = [sys.executable, __file__, preset, "--side", side, "--folder", folder, "--epochs", str(epochs)]
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    answer: Mapping[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


def _preflight(preset: str, epochs: int, folder: Path) -> dict[str, Any]:
    from builder.data.prepare import prepare
    from builder.jobs import tasks
    from builder.jobs.preflight import run_preflight
    from builder.project import load_preset
    from builder.runs.workspace import Workspace

    project, workspace = load_preset(preset), Workspace(folder)
    spec = prepare(project.data, workspace.prepared_folder).spec.to_json()
    settings = project.training_settings()
    tasks.analyze(project.model.to_json(), spec, settings)
    began = time.perf_counter()
    figures = tasks.analyze(project.model.to_json(), spec, settings)
    analyzed = time.perf_counter()
    answer = run_preflight(project, workspace)
    done = time.perf_counter()
    files = {item["format"].removeprefix("tflite_"): item["bytes"] for item in answer["formats"]}
    return {
        "training": answer["training"],
        "sizes": {kind: size / files[kind] - 1 for kind, size in figures["totals"]["tflite"].items()},
        "analyze_seconds": analyzed - began,
        "preflight_seconds": done - analyzed,
    }


def _training(preset: str, epochs: int, folder: Path) -> dict[str, Any]:
    from builder import compiler
    from builder.data.prepare import prepare
    from builder.project import load_preset
    from builder.runs.workspace import Workspace
    from builder.train.loop import fit
    from builder.train.randomness import seed_everything

    project = load_preset(preset)
    prepared = prepare(project.data, Workspace(folder).prepared_folder)
    settings = {**project.training_settings(), "epochs": epochs, "early_stopping": False}
    seed_everything(settings)
    clock = _Clock()
    fit(compiler.build(project, prepared.spec), prepared, settings, folder / "run", clock)
    return {"seconds": statistics.median(clock.epochs()[1:])}


class _Clock:
    """Hears of the training's values, and notes when each epoch ended."""

    def __init__(self) -> None:
        self._ends = [time.perf_counter()]

    def metrics(self, rows: Sequence[Any]) -> None:
        if any(row.scope == "epoch" for row in rows):
            self._ends.append(time.perf_counter())

    def epochs(self) -> list[float]:
        return [end - begin for begin, end in zip(self._ends, self._ends[1:], strict=False)]

    def progress(self, values: Mapping[str, Any]) -> None:
        pass

    def event(self, kind: str, message: str) -> None:
        pass

    def paused(self, is_paused: bool) -> None:
        pass

    def goes_on_from(self, step: int) -> None:
        pass


if __name__ == "__main__":
    main()
