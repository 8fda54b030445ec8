"""The preset ``images/cnn_color`` on CIFAR-10, beside the same network in plain Keras on the same rows.

    python benchmarks/cifar10.py PATH [--rows 50000] [--epochs 10]

PATH is a NumPy archive, or the folder that holds one, with ``jpeg`` (the bytes of all pictures, one after
the other), ``offsets`` (where each ends), ``label``, ``is_train`` and ``classes``. The pictures are packed as
a zip with class folders, as a person would bring them, and go through a project, ``prepare`` and ``fit``. A
twentieth of the training rows steers the training; both sides learn from the rest and are scored on the test
pictures.
Each side runs in a process of its own, with Keras's own defaults where the preset says nothing else.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
PRESET = "images/cnn_color"
VALIDATION_SHARE = 0.05
SIDES = ("Kerablocks", "plain Keras")


def main() -> None:
    """Train both sides and print the table."""
    sys.path.insert(0, str(ROOT))
    parser = argparse.ArgumentParser()
    parser.add_argument("path", type=Path)
    parser.add_argument("--rows", type=int, default=50_000, help="how many training pictures are used")
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--side", choices=SIDES, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.side:
        measure = _ours if chosen.side == SIDES[0] else _plain
        print(json.dumps(measure(chosen.path, chosen.epochs)))
        return
    with tempfile.TemporaryDirectory() as folder:
        pictures = Path(folder) / "cifar10.zip"
        pack(chosen.path, pictures, chosen.rows)
        print(f"| side | training pictures | epochs | test accuracy | seconds an epoch |\n{'| --- ' * 5}|")
        for side in SIDES:
            found = _in_a_process(side, pictures, chosen.epochs)
            print(
                f"| {side} | {found['rows']:,} | {chosen.epochs} | {found['accuracy']:.4f} "
                f"| {found['seconds']:.1f} |",
                flush=True,
            )


def pack(source: Path, target: Path, rows: int) -> None:
    """Write the pictures as a zip of class folders below "train" and "test"."""
    import numpy as np

    file = next(source.glob("*.npz")) if source.is_dir() else source
    with np.load(file, allow_pickle=False) as arrays:
        data, ends, labels = arrays["jpeg"].tobytes(), arrays["offsets"], arrays["label"]
        is_train, names = arrays["is_train"], arrays["classes"]
    # The file may be in the order of the classes: the rows are drawn.
    kept = {*np.random.default_rng(1).permutation(np.flatnonzero(is_train))[:rows].tolist()}
    with zipfile.ZipFile(target, "w") as archive:
        for row, (label, train) in enumerate(zip(labels, is_train, strict=True)):
            if not train or row in kept:
                part = "train" if train else "test"
                name = f"{part}/{names[label]}/{row:05d}.jpg"
                archive.writestr(name, data[ends[row] : ends[row + 1]])


def _in_a_process(side: str, pictures: Path, epochs: int) -> dict[str, Any]:
    command = [sys.executable, __file__, str(pictures), "--side", side, "--epochs", str(epochs)]
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, env=environment)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def _project(pictures: Path) -> Any:
    from builder.project import load_preset

    preset = load_preset(PRESET)
    split = {"method": "given", "validation": VALIDATION_SHARE}
    source = {"kind": "images", "path": str(pictures)}
    return replace(preset, data=replace(preset.data, source=source, split=split))


def _ours(pictures: Path, epochs: int) -> dict[str, Any]:
    from builder import compiler
    from builder.data.prepare import prepare
    from builder.train.loop import fit
    from builder.train.randomness import seed_everything

    project = _project(pictures)
    prepared = prepare(project.data, pictures.parent / "prepared")
    settings = {**project.training_settings(), "epochs": epochs, "early_stopping": False}
    seed_everything(settings)
    model = compiler.build(project, prepared.spec)
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        outcome = fit(model, prepared, settings, Path(folder))
    seconds = (time.perf_counter() - began) / epochs
    rows = len(prepared.indices["train"])
    return {"accuracy": outcome.result["test"]["accuracy"], "rows": rows, "seconds": seconds}


def _plain(pictures: Path, epochs: int) -> dict[str, Any]:
    import keras
    import numpy as np
    from keras import layers

    from builder.data.prepare import prepare

    project = _project(pictures)
    prepared = prepare(project.data, pictures.parent / "prepared")
    settings = project.training_settings()
    keras.utils.set_random_seed(settings["seed"])
    model = keras.Sequential(
        [
            keras.Input((32, 32, 3)),
            layers.Conv2D(32, (3, 3), activation="relu"),
            layers.MaxPooling2D((2, 2)),
            layers.Conv2D(64, (3, 3), activation="relu"),
            layers.MaxPooling2D((2, 2)),
            layers.Conv2D(64, (3, 3), activation="relu"),
            layers.Flatten(),
            layers.Dense(64, activation="relu"),
            layers.Dense(10),
        ]
    )
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile("adam", loss, metrics=["accuracy"])

    def part(name: str) -> tuple[Any, Any]:
        rows = prepared.indices[name]
        return prepared.arrays["image"][rows].astype(np.float32) / 255, prepared.targets[rows]

    images, labels = part("train")
    began = time.perf_counter()
    model.fit(
        images,
        labels,
        settings["batch_size"],
        epochs,
        validation_data=part("validation"),
        verbose=0,
    )
    seconds = (time.perf_counter() - began) / epochs
    _, accuracy = model.evaluate(*part("test"), verbose=0)
    return {"accuracy": float(accuracy), "rows": len(labels), "seconds": seconds}


if __name__ == "__main__":
    main()
