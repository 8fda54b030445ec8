"""Child processes of ours: whether they live, and their end."""

from __future__ import annotations

import os
import signal
import time

import psutil

from builder.workers.launching import Process

# Two clocks round the start of a process differently; a reused pid starts much later than this.
SAME_START_SECONDS = 1.0
END_SECONDS = 10.0
_POLL_SECONDS = 0.02


def process_started(pid: int) -> float | None:
    """Return when the living process ``pid`` started, in seconds since 1970, or None where it is gone."""
    try:
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE:
            return None
        return process.create_time()
    except psutil.NoSuchProcess:
        return None


def is_alive(pid: int | None, started: float | None) -> bool:
    """Tell whether the process that had this pid and start time still runs."""
    if pid is None or started is None:
        return False
    now = process_started(pid)
    return now is not None and abs(now - started) < SAME_START_SECONDS


def kill_group(process: Process) -> None:
    """End a process that leads its own session, with everything that it started, and reap it."""
    try:
        if hasattr(os, "killpg"):
            # Also after its end: its own children may still run, and its number is ours until it is reaped.
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
    except (ProcessLookupError, PermissionError):
        pass
    process.wait()


def end_session(pid: int | None, started: float | None) -> None:
    """End a detached process of ours, which leads its own session, with everything that it started."""
    if pid is None or not is_alive(pid, started):
        return
    try:
        if hasattr(os, "killpg"):
            os.killpg(pid, signal.SIGKILL)
        else:
            psutil.Process(pid).kill()
    except (psutil.NoSuchProcess, ProcessLookupError):
        return
    # Its number may stay taken for longer: until the process that started it has heard of the end.
    deadline = time.monotonic() + END_SECONDS
    while is_alive(pid, started) and time.monotonic() < deadline:
        time.sleep(_POLL_SECONDS)
