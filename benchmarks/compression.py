"""What each recipe makes of a trained preset: score on the test part, sizes, and the int8 file's score.

    python benchmarks/compression.py [PRESET ...] [--recipes "magnitude pruning" distillation ...]

Each preset is trained as it stands; every recipe then starts from that run as ``python -m builder compress``
starts it. All scores are of the whole test part. The student has half of the filters and units, about a
quarter of the weights, and is trained alone from new weights, too. ``int8`` is the exported file, run by
LiteRT, of the run and of its quantization-aware sequel.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "benchmarks")]
from trained import ended  # noqa: E402 (the folders are named above)

PRESETS = ("images/cnn", "images/cnn_color", "text/cnn")
# The share of the preset's own epochs for which a recipe trains; students start anew.
VARIANTS: dict[str, tuple[str, dict[str, Any], float]] = {
    "magnitude pruning": ("magnitude_pruning", {"sparsity": 0.8}, 0.5),
    "distillation": ("distillation", {"start": "new_weights"}, 1.0),
    "distillation from its units": ("distillation", {"start": "teacher_units"}, 0.5),
    "structured pruning": ("structured_pruning", {"share": 0.5}, 0.5),
    "quantization-aware": ("quantization_aware", {}, 0.25),
    "weight clustering": ("weight_clustering", {"clusters": 16}, 0.25),
}
# The same student trained alone stands beside the first of its kind.
WITH_ALONE, WITH_INT8 = "distillation", "quantization-aware"
INT8 = "tflite_int8"


def main() -> None:
    """Apply the recipes to each preset and print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("presets", nargs="*", default=PRESETS)
    parser.add_argument("--recipes", nargs="*", default=list(VARIANTS), choices=list(VARIANTS))
    chosen = parser.parse_args()
    print(
        "| preset | model | test | against the run | weights | zeros | float32 | gzip | int8 file | epochs |"
    )
    print("| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |")
    with tempfile.TemporaryDirectory() as folder:
        os.environ["KERABLOCKS_HOME"] = folder
        os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
        for preset in chosen.presets:
            _measure(preset, chosen.recipes)


def _measure(preset: str, recipes: list[str]) -> None:
    from builder.jobs import training
    from builder.project import load_preset

    project = load_preset(preset)
    epochs = project.training_settings()["epochs"]
    run = ended(training.submit(project.to_json()))
    _print(preset, "as trained", run, run, _int8(run))
    for name in recipes:
        made, *alone = _applied(run, name, epochs)
        _print(preset, name, made, run, _int8(made) if name == WITH_INT8 else None)
        for other in alone:
            _print(preset, "the student alone", other, run, None)


def _applied(run: Any, name: str, epochs: int) -> list[Any]:
    from builder.jobs.compression import compressed_document, submit_compressed

    recipe, settings, share = VARIANTS[name]
    made = compressed_document(run.id, recipe, {**settings, "epochs": max(1, round(share * epochs))})
    ids = submit_compressed(run.id, made["document"], alone=name == WITH_ALONE)
    return [ended(run_id) for run_id in ids]


def _int8(run: Any) -> tuple[float, int]:
    """Return the accuracy of the int8 file on the whole test part, and its size in bytes."""
    import numpy as np

    from builder.data.prepare import prepare
    from builder.export.runtimes import litert
    from builder.jobs import tasks
    from builder.project import Project
    from builder.runs.store import default_store
    from builder.runs.workspace import default_workspace

    tasks.export(run.id, [INT8])
    file = default_workspace().run_folder(run.id) / tasks.EXPORTS_FOLDER / INT8 / "model.tflite"
    recipe = Project.from_json(default_store().run_document(run.id)).data
    prepared = prepare(recipe, default_workspace().prepared_folder)
    rows, call = np.asarray(prepared.indices["test"]), litert(file)
    arrays = prepared.arrays_of(rows)
    answers = [
        call({name: values[[place]] for name, values in arrays.items()})[0][0] for place in range(len(rows))
    ]
    chances = np.asarray(answers)
    found = chances[:, 0] > 0.5 if chances.shape[1] == 1 else chances.argmax(axis=1)
    return float(np.mean(found == np.asarray(prepared.targets[rows]))), file.stat().st_size


def _print(preset: str, name: str, run: Any, start: Any, int8: tuple[float, int] | None) -> None:
    from builder.compress.measure import weight_report
    from builder.jobs.run_weights import MODEL, opened_model
    from builder.runs.workspace import default_workspace

    file = default_workspace().run_folder(run.id) / MODEL
    sizes = weight_report(opened_model(str(file), file.stat().st_mtime_ns))
    score, before = (each.result["test"]["accuracy"] for each in (run, start))
    cells = (
        preset,
        name,
        f"{score:.2%}",
        "" if run.id == start.id else f"{100 * (score - before):+.2f} points",
        f"{sizes['parameters']:,}",
        f"{sizes['sparsity']:.1%}",
        f"{sizes['bytes'] / 1000:.0f} kB",
        f"{sizes['gzip_bytes'] / 1000:.0f} kB",
        "" if int8 is None else f"{int8[0]:.2%}, {int8[1] / 1000:.0f} kB",
        f"{run.result['epochs_run']}",
    )
    print(f"| {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
