"""What augmentation costs: samples a second through the input pipeline, and in a training.

Usage: python benchmarks/augmentation.py [--samples 4000]

Each figure is the median of three epochs, after one to warm up. The training is one epoch of the preset's own
model. With several cores the pipeline works beside the training, so that it costs less than the two together.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

CASES: Mapping[str, Mapping[str, Mapping[str, Any]]] = {
    "images/cnn_color": {
        "none": {},
        "flip": {"horizontal_flip": True},
        "rotation, zoom, shift": {"rotation": 15, "zoom": 0.2, "shift": 0.1},
        "color": {"brightness": 0.2, "contrast": 0.2, "saturation": 0.3, "hue": 0.1},
        "erasing": {"erasing": 0.5},
        "RandAugment": {"rand_augment": 2},
        "MixUp and CutMix": {"mixup": 0.2, "cutmix": 1.0},
    },
    "audio/speech_commands": {
        "none": {},
        "speed and shift": {"speed": 0.1, "time_shift": 0.1},
        "noise": {"noise": 0.1},
        "masks": {"time_mask": 0.2, "frequency_mask": 0.2},
    },
    "text/cnn": {
        "none": {},
        "synonyms": {"synonym_replacement": 0.1},
        "all four of EDA": {
            "synonym_replacement": 0.1,
            "word_deletion": 0.1,
            "word_insertion": 0.1,
            "word_swap": 0.1,
        },
    },
}


def main() -> None:
    """Print a table of every case."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--samples", type=int, default=4000, help="training samples an epoch, at most")
    chosen = parser.parse_args()
    print(f"{'preset':24}{'augmentation':26}{'pipeline':>12}{'training':>12}  samples a second")
    with tempfile.TemporaryDirectory() as cache:
        for preset, cases in CASES.items():
            for name, values in cases.items():
                alone, trained = measured(preset, values, Path(cache), chosen.samples)
                print(f"{preset:24}{name:26}{alone:12,.0f}{trained:12,.0f}", flush=True)


def measured(preset: str, values: Mapping[str, Any], cache: Path, most: int) -> tuple[float, float]:
    """Return the samples a second of the pipeline alone, and of a training with it."""
    from builder import compiler
    from builder.data.prepare import prepare
    from builder.project import load_preset
    from builder.train.compiling import compile_model
    from builder.train.run_state import Position
    from builder.train.steps import Steps
    from builder.train.training_data import TrainingData

    project = load_preset(preset)
    project = replace(project, data=replace(project.data, augmentation=values))
    prepared = prepare(project.data, cache)
    settings = project.training_settings()
    data = TrainingData(prepared, settings)
    steps = min(data.steps_per_epoch, max(1, most // settings["batch_size"]))
    model = compiler.build(project, prepared.spec)
    compile_model(model, data, settings)
    train = Steps(model.train_step)

    def read(epoch: int) -> None:
        iterator = data.training_batches(Position(epoch))
        for _ in range(steps):
            next(iterator)

    def learn(epoch: int) -> None:
        iterator, left = data.training_batches(Position(epoch)), steps
        while left:
            left -= train.run(iterator, left)[0]

    samples = steps * settings["batch_size"]
    return samples / _seconds(read), samples / _seconds(learn)


def _seconds(epoch_of: Any) -> float:
    found = []
    for epoch in range(4):
        began = time.perf_counter()
        epoch_of(epoch)
        found.append(time.perf_counter() - began)
    return statistics.median(found[1:])


if __name__ == "__main__":
    main()
