"""Seconds an epoch: a run of Kerablocks, live curves and checkpoints included, against plain ``model.fit``.

    python benchmarks/training.py [PRESET ...] [--rounds 3] [--epochs 5]

Both sides train the same model on the same prepared data with the same batch size, each in a process of
its own, in turn. The first epoch, which compiles, is left out. ``plain`` is what a good script does: NumPy
arrays in memory and ``model.fit`` with Keras's defaults. ``silent`` is Kerablocks without live curves.
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
SIDES = ("kerablocks", "silent", "plain")


def main() -> None:
    """Compare the sides for each preset and print the table."""
    sys.path.insert(0, str(ROOT))
    from builder.project import preset_names

    parser = argparse.ArgumentParser()
    parser.add_argument("presets", nargs="*", default=preset_names())
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--side", choices=SIDES, help=argparse.SUPPRESS)
    parser.add_argument("--folder", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.side:
        print(json.dumps(_measure(chosen.side, chosen.presets[0], chosen.epochs, Path(chosen.folder))))
        return
    print("| preset | Kerablocks s/epoch | model.fit s/epoch | speed-up | cost of live curves |")
    print("| --- | --- | --- | --- | --- |")
    for preset in chosen.presets:
        print(_row(preset, chosen.rounds, chosen.epochs), flush=True)


def _row(preset: str, rounds: int, epochs: int) -> str:
    seconds: dict[str, list[float]] = {side: [] for side in SIDES}
    with tempfile.TemporaryDirectory() as folder:
        for number in range(rounds):
            for side in SIDES if number % 2 == 0 else reversed(SIDES):
                seconds[side].append(_in_a_process(side, preset, epochs, folder))
    ours, silent, plain = (seconds[side] for side in SIDES)
    speed_up = statistics.median(theirs / own for own, theirs in zip(ours, plain, strict=True))
    cost = statistics.median(own / quiet for own, quiet in zip(ours, silent, strict=True)) - 1
    medians = f"{statistics.median(ours):.3f} | {statistics.median(plain):.3f}"
    return f"| {preset} | {medians} | {speed_up:.2f}x | {cost:+.1%} |"


def _in_a_process(side: str, preset: str, epochs: int, folder: str) -> float:
    command = [sys.executable, __file__, preset, "--side", side, "--epochs", str(epochs), "--folder", folder]
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, env=environment)
    return float(json.loads(done.stdout.splitlines()[-1]))


def _measure(side: str, preset: str, epochs: int, folder: Path) -> float:
    from builder import compiler
    from builder.data.prepare import prepare
    from builder.project import load_preset
    from builder.train.randomness import seed_everything

    project = load_preset(preset)
    prepared = prepare(project.data, folder / "prepared")
    settings = {**project.training_settings(), "epochs": epochs, "early_stopping": False}
    seed_everything(settings)
    model = compiler.build(project, prepared.spec)
    ends = _plain(model, prepared, settings) if side == "plain" else _ours(side, model, prepared, settings)
    return statistics.median(later - earlier for earlier, later in zip(ends, ends[1:], strict=False))


def _ours(side: str, model: Any, prepared: Any, settings: Mapping[str, Any]) -> list[float]:
    from builder.runs.store import Store
    from builder.train.live import LiveLink
    from builder.train.loop import fit
    from builder.train.reporting import Silent

    ends: list[float] = []

    def note_ends(rows: Sequence[Any]) -> None:
        if any(row.scope == "epoch" and row.name == "loss" for row in rows):
            ends.append(time.perf_counter())

    with tempfile.TemporaryDirectory() as folder:
        if side == "silent":
            reporter: Any = Silent()
            reporter.metrics = note_ends
            fit(model, prepared, settings, Path(folder), reporter)
            return ends
        store = Store(f"sqlite:///{folder}/benchmark.sqlite")
        run_id = store.create_run(store.create_project({"name": "benchmark"}), {"name": "benchmark"})
        with LiveLink(store, run_id) as link:
            write = link.metrics

            def write_and_note(rows: Sequence[Any]) -> None:
                write(rows)
                note_ends(rows)

            link.metrics = write_and_note  # type: ignore[method-assign]
            fit(model, prepared, settings, Path(folder), link, link)
        store.close()
    return ends


def _plain(model: Any, prepared: Any, settings: Mapping[str, Any]) -> list[float]:
    import keras
    import numpy as np

    from builder.train.objective import objective
    from builder.train.optimizers import make_optimizer

    def part(name: str) -> tuple[dict[str, Any], Any]:
        rows = prepared.indices[name]
        inputs = {
            array.name: np.asarray(prepared.arrays[array.name][rows]).astype(array.dtype)
            for array in prepared.spec.arrays
        }
        return inputs, np.asarray(prepared.targets[rows])

    ends: list[float] = []

    class Ends(keras.callbacks.Callback):  # type: ignore[misc]
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            ends.append(time.perf_counter())

    goal = objective(settings, prepared.spec, model)
    steps = -(-len(prepared.indices["train"]) // settings["batch_size"])
    model.compile(make_optimizer(settings, steps), goal.loss, goal.loss_weights, goal.metrics)
    inputs, targets = part("train")
    model.fit(
        inputs,
        targets,
        batch_size=settings["batch_size"],
        epochs=settings["epochs"],
        validation_data=part("validation"),
        callbacks=[Ends()],
        verbose=0,
    )
    return ends


if __name__ == "__main__":
    main()
