"""Awaiting runs that a benchmark has started."""

from __future__ import annotations

import time
from typing import Any


def ended(run_id: str) -> Any:
    """Return a run's record when it has finished.

    Raises:
        SystemExit: where it ended otherwise.
    """
    from builder.jobs import training
    from builder.runs.records import ENDED
    from builder.runs.store import default_store

    while (run := default_store().run(run_id)).status not in ENDED:
        training.reconcile()
        time.sleep(0.5)
    if run.status != "finished":
        raise SystemExit(f"The run is {run.status}: {run.error}")
    return run
