"""Kill a training run at ten random moments, and compare its weights with those of an undisturbed run.

``python benchmarks/kills.py [SEED]`` trains the CNN preset on its sample twice: once in peace, and once with
its process killed (SIGKILL) ten times and resumed each time from the last checkpoint. Prints one line a kill,
and at the end whether the two models are equal bit for bit, with the epochs' losses compared.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

KILLS = 10
# A checkpoint is written every ten seconds: some kills come before the next one, some after.
LONGEST_LIFE = 14.0
POLL_SECONDS = 0.05
SETTINGS = {"epochs": 100, "early_stopping": False, "deterministic": True}


def main() -> None:
    """Run both trainings and print what differs."""
    seed = int(sys.argv[1]) if len(sys.argv) > 1 else 1
    with tempfile.TemporaryDirectory() as home:
        os.environ["KERABLOCKS_HOME"] = home
        os.environ["KERABLOCKS_DATABASE_URL"] = f"sqlite:///{home}/studio.db"
        from builder.project import load_preset
        from builder.runs.store import default_store
        from builder.runs.workspace import default_workspace

        project = load_preset("images/cnn").to_json()
        project["training"] = {**project["training"], **SETTINGS}
        undisturbed = train(project)
        killed = train(project, random.Random(seed))
        folders = [default_workspace().run_folder(run) for run in (undisturbed, killed)]
        losses = [epoch_losses(default_store(), run) for run in (undisturbed, killed)]
        print(f"weights equal bit for bit: {equal_weights(*folders)}")
        print(f"losses of {len(losses[0])} epochs equal: {losses[0] == losses[1]}")


def train(project: dict, chance: random.Random | None = None) -> str:
    """Train a project to its end, killed now and then where ``chance`` is given; return the run's id."""
    from builder.jobs import training
    from builder.runs.store import default_store

    run_id, begun = training.submit(project), time.monotonic()
    for number in range(1, (KILLS if chance else 0) + 1):
        run = wait(run_id, lambda run: run.status == "running" and run.progress.get("phase") == "training")
        life = chance.uniform(0, LONGEST_LIFE) if chance else 0.0
        until = time.monotonic() + life
        while time.monotonic() < until and run.status == "running":
            time.sleep(POLL_SECONDS)
            run = default_store().run(run_id)
        if run.pid is None or run.status != "running":
            print(f"the run ended before kill {number}", flush=True)
            break
        os.kill(run.pid, signal.SIGKILL)
        run = wait(run_id, lambda run: run.status == "interrupted")
        seen = run.progress
        print(
            f"kill {number:2}: after {life:4.1f} s, epoch {seen.get('epoch')} step {seen.get('step')}",
            flush=True,
        )
        training.resume(run_id)
    run = wait(run_id, lambda run: run.status == "finished")
    print(f"{'killed' if chance else 'undisturbed'}: {time.monotonic() - begun:.0f} s", flush=True)
    return run_id


def wait(run_id: str, condition):  # type: ignore[no-untyped-def]
    """Return the run as soon as a condition on it holds."""
    from builder.jobs import training
    from builder.runs.store import default_store

    while True:
        training.reconcile()
        run = default_store().run(run_id)
        if condition(run):
            return run
        if run.status == "failed":
            raise SystemExit(f"the run failed: {run.error}")
        time.sleep(POLL_SECONDS)


def epoch_losses(store, run_id: str) -> list[tuple[int, float]]:  # type: ignore[no-untyped-def]
    """Return every epoch's training loss."""
    found = store.epoch_metrics(run_id, 100_000)
    return [(record.epoch, record.value) for record in found if record.name == "loss"]


def equal_weights(first: Path, second: Path) -> bool:
    """Tell whether two runs' models are equal bit for bit."""
    import keras

    import builder.blocks  # noqa: F401  (registers the layers that a model may hold)

    models = [keras.saving.load_model(folder / "model.keras", compile=False) for folder in (first, second)]
    pairs = zip(*(model.get_weights() for model in models), strict=True)
    return all(np.array_equal(ours, theirs) for ours, theirs in pairs)


if __name__ == "__main__":
    main()
