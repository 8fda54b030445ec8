"""Starting the workers of an export, and listening to what they answer."""

from __future__ import annotations

import io
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO

from builder.workers import launching
from builder.workers.environment import child_environment


@dataclass(frozen=True)
class Worker:
    """A running worker: the lines that it answers, and a way to end it."""

    lines: IO[str]
    kill: Callable[[], None]


@contextmanager
def worker(module: str, arguments: Sequence[str]) -> Iterator[Worker]:
    """Run a module as ``python -m`` does, in a process of its own that has ended with the context."""
    launching.use_copies()
    process = launching.start(module, arguments, environment(), stdout=subprocess.PIPE)
    assert process.stdout is not None
    with io.TextIOWrapper(process.stdout, encoding="utf-8") as lines:
        try:
            yield Worker(lines, process.kill)
        finally:
            process.kill()
            process.wait()


def environment() -> dict[str, str]:
    """Return the environment of a worker process."""
    # Exports run on the processor: a training run may hold the graphics card.
    return child_environment({"CUDA_VISIBLE_DEVICES": "-1"})
