"""How fast 1,000 runs are listed, searched and made into rows: ``python -m benchmarks.run_list``."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from builder.project import load_preset
from builder.runs.comparison import run_row
from builder.runs.records import FINISHED, QUEUED
from builder.runs.store import Store

RUNS, TIMES = 1000, 15
RESULT = {
    "best_epoch": 5,
    "epochs_run": 8,
    "metrics": {"loss": 0.2, "accuracy": 0.9, "val_loss": 0.3, "val_accuracy": 0.88},
    "last_metrics": {"loss": 0.1, "accuracy": 0.95, "val_loss": 0.4, "val_accuracy": 0.86},
    "test": {"loss": 0.3, "accuracy": 0.87},
    "parameters": 100_000,
    "seconds": 60.0,
}


def filled(folder: Path) -> Store:
    """Return a store with 1,000 finished runs of a preset, every tenth of them tagged."""
    store = Store(f"sqlite:///{folder / 'runs.sqlite'}")
    document = load_preset("images/resnet").to_json()
    project = store.create_project(document)
    for number in range(RUNS):
        run_id = store.create_run(project, document)
        store.transition(run_id, [QUEUED], FINISHED, result=RESULT)
        if number % 10 == 0:
            store.tag_run(run_id, ["good", f"try {number}"])
    return store


def milliseconds(work: Callable[[], object]) -> tuple[float, float]:
    """Return the median and the largest of several times that some work takes, in milliseconds."""
    taken = []
    for _ in range(TIMES):
        began = time.perf_counter()
        work()
        taken.append(1000 * (time.perf_counter() - began))
    return statistics.median(taken), max(taken)


def main() -> None:
    """Print the times."""
    with tempfile.TemporaryDirectory() as folder:
        store = filled(Path(folder))
        for name, work in {
            "list 1,000 runs": lambda: [run_row(run) for run in store.list_runs(limit=RUNS)],
            "search 1,000 runs": lambda: store.list_runs(limit=RUNS, words="good finished"),
            "queue": store.queue,
        }.items():
            median, most = milliseconds(work)
            print(f"{name}: median {median:.0f} ms, most {most:.0f} ms")
        store.close()


if __name__ == "__main__":
    main()
