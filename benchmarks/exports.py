"""Every preset in every format that it claims: is each file verified against the Keras model, and how large?

    python benchmarks/exports.py [PRESET ...]

Each preset is trained for some steps in a process of its own and exported as the Export page does it: each
file is checked against the Keras model by the runtime that the format is for.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
ROWS = {"train": 96, "validation": 32, "test": 48}
MINUTES = 15


def main() -> None:
    """Print a row for each preset; or, asked for one in this process, what became of its formats as JSON."""
    from builder.export import FORMATS
    from builder.project import preset_names

    parser = argparse.ArgumentParser()
    parser.add_argument("presets", nargs="*", default=preset_names())
    parser.add_argument("--cache", default="")
    parser.add_argument("--here", action="store_true")
    chosen = parser.parse_args()
    if chosen.here:
        print(json.dumps(_exported(chosen.presets[0], Path(chosen.cache))))
        return
    print(f"| preset | {' | '.join(FORMATS)} | seconds |")
    print(f"| --- {'| --- ' * len(FORMATS)}| --- |")
    with tempfile.TemporaryDirectory() as cache:
        for name in chosen.presets:
            began = time.perf_counter()
            made = _apart(name, chosen.cache or cache)
            cells = (
                [_cell(made.get(item)) for item in FORMATS] if "failure" not in made else [made["failure"]]
            )
            print(f"| {name} | {' | '.join(cells)} | {time.perf_counter() - began:.0f} |", flush=True)


def _apart(name: str, cache: str) -> dict[str, Any]:
    command = [sys.executable, __file__, name, "--here", "--cache", cache]
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, env=environment, timeout=60 * MINUTES, check=True
        )
    except subprocess.TimeoutExpired:
        return {"failure": f"not done in {MINUTES} minutes"}
    except subprocess.CalledProcessError as error:
        return {"failure": error.stderr.strip().splitlines()[-1]}
    answer: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return answer


def _exported(name: str, cache: Path) -> dict[str, Any]:
    from builder import compiler
    from builder.data.prepare import prepare
    from builder.export import run
    from builder.project import load_preset
    from builder.train.loop import fit
    from builder.train.randomness import seed_everything

    project = load_preset(name)
    prepared = prepare(project.data, cache)
    few = replace(prepared, indices={part: rows[: ROWS[part]] for part, rows in prepared.indices.items()})
    settings = {**project.training_settings(), "epochs": 1, "early_stopping": False}
    seed_everything(settings)
    with tempfile.TemporaryDirectory() as folder:
        fit(compiler.build(project, prepared.spec), few, settings, Path(folder, "run"))
        report = run(Path(folder, "run", "model.keras"), project, prepared, Path(folder, "exports"))
    return {item["format"]: item for item in report["formats"]}


def _cell(entry: dict[str, Any] | None) -> str:
    if entry is None:
        return "–"
    if entry["status"] not in ("verified", "differs"):
        return f"{entry['status']}: {str(entry.get('problem'))[:120]}"
    size = f"{entry['bytes'] / 1000:.0f} kB"
    agreement = entry.get("agreement")
    shown = "" if agreement is None or agreement == 1 else f", agrees {agreement:.0%}"
    mixed = ", mixed" if "mixed" in entry.get("label", "") else ""
    return size + shown + mixed + ("" if entry["status"] == "verified" else ", differs")


if __name__ == "__main__":
    main()
