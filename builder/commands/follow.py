"""Following runs from a shell to their end."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import typer
from rich.progress import BarColumn, Progress, TimeRemainingColumn

from builder.commands.output import console, errors, words_column
from builder.commands.tables import score_words
from builder.jobs import training
from builder.runs.records import ENDED, RunRecord
from builder.runs.store import Store, default_store

FAILED, INTERRUPTED = 1, 130
POLL_SECONDS = 0.2


def progress_bar() -> Progress:
    """Return a bar for work whose share done and present step are told."""
    return Progress(
        words_column("{task.description}"),
        BarColumn(),
        words_column("{task.percentage:>3.0f}%"),
        TimeRemainingColumn(),
        words_column("{task.fields[detail]}"),
        console=console,
    )


def followed(run_ids: list[str], detach: bool) -> bool:
    """Name new runs and, unless they are detached, follow each to its end; tell whether that was done."""
    for run_id in run_ids:
        console.print(f"run {run_id}")
    for run_id in () if detach else run_ids:
        follow(run_id)
    return not detach


def follow(run_id: str) -> None:
    """Show a run until it ends; a run that failed ends the command with exit code 1."""
    with progress_bar() as progress:
        bar = progress.add_task("waiting", total=1.0, detail="")
        run = _wait_for_end(default_store(), run_id, lambda seen: _show(progress, bar, seen))
    if run.status in ("failed", "interrupted"):
        errors.print((run.error or {}).get("message", f"The run is {run.status}."))
        raise typer.Exit(FAILED)
    console.print(f"{run.status}: {score_words(run.result.get('test', {}))}")


def _wait_for_end(store: Store, run_id: str, show: Callable[[RunRecord], None]) -> RunRecord:
    interrupted = False
    while True:
        try:
            training.reconcile()
            run = store.run(run_id)
            show(run)
            if run.status in ENDED:
                break
            time.sleep(POLL_SECONDS)
        except KeyboardInterrupt:
            interrupted = True
            store.send_command(run_id, "stop")
    if interrupted:
        raise SystemExit(INTERRUPTED)
    return run


def _show(progress: Progress, bar: Any, run: RunRecord) -> None:
    seen = run.progress
    steps = max(1, seen.get("steps_per_epoch", 1) * seen.get("epochs", 1))
    done = seen.get("steps_per_epoch", 0) * max(0, seen.get("epoch", 1) - 1) + seen.get("step", 0)
    detail = f"epoch {seen.get('epoch', 0)}/{seen.get('epochs', '?')}  {seen.get('phase', run.status)}"
    # A run that stops early is done all the same.
    share = 1.0 if run.status in ENDED else done / steps
    progress.update(bar, description=run.status, completed=share, detail=detail)
