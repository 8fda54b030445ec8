"""Starting export workers: as copies of a process that has imported TensorFlow, where the system has them."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Protocol

ROOT = Path(__file__).resolve().parents[2]
# Elsewhere a copy of a process with system libraries in it is not sound, or there are no copies at all.
HAS_COPIES = sys.platform == "linux"
_SERVER = "builder.export.fork_server"
_LONGEST_ANSWER = 1000
_LIMITS = ("RLIMIT_AS", "RLIMIT_DATA", "RLIMIT_FSIZE")


class Worker(Protocol):
    """A running worker: the lines that it answers, and a way to end it."""

    @property
    def lines(self) -> IO[str]: ...

    def kill(self) -> None: ...


@contextmanager
def worker(module: str, arguments: Sequence[str]) -> Iterator[Worker]:
    """Run a module as ``python -m`` does, in a process of its own that has ended with the context."""
    copy = _forked(module, arguments) if HAS_COPIES else None
    started = copy or _Spawned(module, arguments)
    try:
        yield started
    finally:
        started.end()


def environment() -> dict[str, str]:
    """Return the environment of a worker process."""
    # Exports run on the processor: a training run may hold the graphics card.
    path = os.pathsep.join(part for part in (str(ROOT), os.environ.get("PYTHONPATH", "")) if part)
    return {**os.environ, "PYTHONPATH": path, "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1"}


class _Spawned:
    """A worker that is a new Python process."""

    def __init__(self, module: str, arguments: Sequence[str]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            stdin=subprocess.DEVNULL,
            env=environment(),
            text=True,
        )
        assert self._process.stdout is not None
        self.lines: IO[str] = self._process.stdout
        self.kill = self._process.kill

    def end(self) -> None:
        """Kill what may still run, and wait for its end."""
        with self._process:
            self._process.kill()


class _Forked:
    """A worker that is a copy of the fork server."""

    def __init__(self, pid: int, lines: IO[str], server: _ForkServer) -> None:
        self.lines = lines
        self._pid, self._server = pid, server

    def kill(self) -> None:
        """End it at once."""
        # Its number cannot be another process's yet: the server keeps it until it hears of the end.
        with suppress(ProcessLookupError):
            os.kill(self._pid, signal.SIGKILL)

    def end(self) -> None:
        """Kill what may still run, and let its number go."""
        self.kill()
        self.lines.close()
        self._server.forget(self._pid)


class _ForkServer:
    """This side of a fork server."""

    def __init__(self) -> None:
        self._channel, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", _SERVER, str(theirs.fileno())],
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                stdin=subprocess.DEVNULL,
                env=environment(),
                pass_fds=(theirs.fileno(),),
            )

    def start(self, module: str, arguments: Sequence[str]) -> _Forked:
        """Start a worker.

        Raises:
            OSError: where the server has ended.
        """
        request = {
            "module": module,
            "arguments": list(arguments),
            "environment": environment(),
            "folder": os.getcwd(),
            "limits": _limits(),
        }
        ours, theirs = os.pipe()
        lines = os.fdopen(ours, encoding="utf-8")
        try:
            socket.send_fds(self._channel, [json.dumps(request).encode()], [theirs])
            answer = self._channel.recv(_LONGEST_ANSWER)
            if not answer:
                raise ConnectionError("The fork server has ended.")
        except OSError:
            lines.close()
            raise
        finally:
            os.close(theirs)
        return _Forked(json.loads(answer)["pid"], lines, self)

    def forget(self, pid: int) -> None:
        """Let the number of a worker that has ended go."""
        with suppress(OSError):
            self._channel.send(json.dumps({"ended": pid}).encode())

    def close(self) -> None:
        """Release what belongs to a server that has ended."""
        self._channel.close()
        self._process.kill()
        self._process.wait()


def _limits() -> dict[str, tuple[int, int]]:
    """Return the limits of memory and files that this process has, which a worker has as well."""
    import resource

    return {name: resource.getrlimit(getattr(resource, name)) for name in _LIMITS}


_lock = threading.Lock()
_server: _ForkServer | None = None


def _forked(module: str, arguments: Sequence[str]) -> _Forked | None:
    """Return a worker that is a copy of this process's fork server; None where no server can be had."""
    global _server
    with _lock:
        for _ in range(2):
            try:
                _server = _server or _ForkServer()
                return _server.start(module, arguments)
            except OSError:
                # It ends by itself when it has not been asked for a while.
                if _server is not None:
                    _server.close()
                _server = None
    return None
