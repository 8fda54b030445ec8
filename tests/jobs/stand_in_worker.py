"""A stand-in for the training process: a real process that obeys the store, without a model.

``python -m stand_in_worker RUN_ID``: it trains until it is told what to do by a file in the run's folder:
``finish`` ends the run well, ``crash`` ends the process.
"""

import os
import sys
import time

from builder.jobs import training
from builder.runs.records import MetricRow
from builder.runs.store import default_store
from builder.runs.workspace import default_workspace


def main(run_id: str) -> None:
    store, folder = default_store(), default_workspace().run_folder(run_id)
    if not store.transition(run_id, ["starting"], "running"):
        return
    status, step = "running", 0
    while store.command(run_id) != "stop" and not (folder / "finish").exists():
        if (folder / "crash").exists():
            os._exit(3)
        wanted = "paused" if store.command(run_id) == "pause" else "running"
        if wanted != status:
            store.transition(run_id, [status], wanted)
            status = wanted
        if status == "running":
            step += 1
            store.write_metrics(run_id, [MetricRow("step", step, 1, "loss", 1 / step)])
            store.update_run(run_id, heartbeat=time.time(), progress={"step": step})
        time.sleep(0.01)
    end = "finished" if (folder / "finish").exists() else "stopped"
    store.transition(run_id, [status], end, result={"steps": step})
    training.WORKER_MODULE = "stand_in_worker"
    training.start_next()


if __name__ == "__main__":
    main(sys.argv[1])
