"""Measure the live preview: ``python benchmarks/preview.py --edits 30``.

One warm engine process, asked as the canvas asks: a block of the ResNet preset is edited to a value that it
never had, and the clock runs until the answer for the whole model is there.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
from builder.graph import Graph  # noqa: E402 (the folder has to be named before)
from builder.jobs.engine import Engine  # noqa: E402
from builder.project import load_preset  # noqa: E402

BLOCKS = {"first": "stem", "middle": "residual_2", "last": "output"}
PARAMETERS = {"stem": "filters", "residual_2": "filters", "output": "hidden_units"}
GOAL_MS = 400


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--edits", type=int, default=30)
    edits = parser.parse_args().edits
    print("| what | p50 | p95 | goal (p95) |\n| --- | --- | --- | --- |")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home:
        os.environ["KERABLOCKS_HOME"] = home
        engine = Engine()
        try:
            _measure(engine, home, edits)
        finally:
            engine.close()


def _measure(engine: Engine, home: str, edits: int) -> None:
    project = load_preset("images/resnet")
    prepared = engine.call("prepare", recipe=project.data.to_json(), cache_folder=home)
    folder = prepared["folder"]
    known: dict[str, str] = {}
    _milliseconds(engine, folder, project.model, 0, known)
    for place, block in BLOCKS.items():
        graphs = (_edited(project.model, block, 9 + number) for number in range(edits))
        taken = [_milliseconds(engine, folder, graph, 0, known) for graph in graphs]
        _print(f"edit of the {place} block ('{block}')", taken)
    samples = [_milliseconds(engine, folder, project.model, number + 1, known) for number in range(edits)]
    _print("another sample through every block", samples)


def _edited(graph: Graph, block: str, value: int) -> Graph:
    edit = {"op": "set_parameter", "id": block, "name": PARAMETERS[block], "value": value}
    return graph.edited([edit])


def _milliseconds(engine: Engine, folder: str, graph: Graph, sample: int, known: dict[str, str]) -> float:
    """Return how long the whole answer takes; it may come in parts."""
    began = time.perf_counter()
    answer: dict[str, Any] = {"complete": False}
    while not answer["complete"]:
        answer = engine.call(
            "preview", graph=graph.to_json(), prepared_folder=folder, index=sample, known=dict(known)
        )
        known.update({name: block["key"] for name, block in answer["blocks"].items()})
    return 1000 * (time.perf_counter() - began)


def _print(what: str, taken: list[float]) -> None:
    ordered = sorted(taken)
    middle, late = ordered[len(ordered) // 2], ordered[int(0.95 * len(ordered))]
    print(f"| {what} | {middle:.0f} ms | {late:.0f} ms | {GOAL_MS} ms |")


if __name__ == "__main__":
    main()
