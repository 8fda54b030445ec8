"""Starting worker processes: as copies of a process that has imported TensorFlow, where the system has them.

A copy (fork) is there in milliseconds and shares the memory of what was imported. One process at the root of
a tree of workers makes all copies, also those that workers ask for.
"""

from __future__ import annotations

import atexit
import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, Protocol

from builder.workers.environment import child_environment

# An entry by name: it imports what workers need, which lies above this module.
_SERVER = "builder.jobs.fork_server"
_LONGEST_ANSWER = 1000
_LIMITS = ("RLIMIT_AS", "RLIMIT_DATA", "RLIMIT_FSIZE")
_KILLED = 9


def _has_copies() -> bool:
    # Elsewhere a copy of a process with system libraries in it is not sound, or there are no copies at all.
    if sys.platform != "linux":
        return False
    try:
        os.close(os.pidfd_open(os.getpid()))
    except OSError:
        return False
    return True


HAS_COPIES = _has_copies()


class Process(Protocol):
    """A process that was started here; ``subprocess.Popen`` is one."""

    @property
    def pid(self) -> int: ...

    @property
    def stdin(self) -> IO[bytes] | None: ...

    @property
    def stdout(self) -> IO[bytes] | None: ...

    @property
    def returncode(self) -> int | Any: ...

    def poll(self) -> int | None: ...

    def wait(self, timeout: float | None = None) -> int: ...

    def kill(self) -> None: ...


def use_copies() -> None:
    """Have workers started as copies from now on in this process, where the system has copies.

    What they are copies of is started now, so that it is ready when the first of them is wanted.
    """
    global _server, _wanted
    if _wanted and (_server is not None or not HAS_COPIES):
        # The first copy takes the seconds in which TensorFlow is imported: nobody who only asks waits for it.
        return
    with _lock:
        _wanted = True
        if HAS_COPIES and _server is None:
            # Workers are new processes where it cannot be had.
            with suppress(OSError):
                _server = _ForkServer.launched()


def start(
    module: str,
    arguments: Sequence[str],
    environment: Mapping[str, str],
    *,
    folder: Path | None = None,
    stdin: int = subprocess.DEVNULL,
    stdout: IO[bytes] | int = subprocess.DEVNULL,
    stderr: IO[bytes] | int = subprocess.DEVNULL,
    new_session: bool = False,
) -> Process:
    """Run a module as ``python -m`` does, in a process of its own.

    Args:
        environment: the whole environment of the process.
        folder: where it runs; where this process does if None.
        stdin, stdout, stderr: as for ``subprocess.Popen``: ``PIPE``, ``DEVNULL`` or an open file.
        new_session: whether it leads a session of its own, and so does not end with this one's terminal.

    Raises:
        OSError: where the process cannot be started.
    """
    request = {
        "module": module,
        "arguments": list(arguments),
        "environment": dict(environment),
        "folder": str(folder or os.getcwd()),
        "new_session": new_session,
    }
    if HAS_COPIES:
        copy = _copied(request, (stdin, stdout, stderr))
        if copy is not None:
            return copy
    return subprocess.Popen(
        [sys.executable, "-m", module, *arguments],
        stdin=stdin,
        stdout=stdout,
        stderr=stderr,
        cwd=folder,
        env=dict(environment),
        start_new_session=new_session,
    )


class _Copy:
    """A process that is a copy of the fork server, which alone hears its exit code."""

    def __init__(self, pid: int, server: _ForkServer, stdin: IO[bytes] | None, stdout: IO[bytes] | None):
        self.pid, self.stdin, self.stdout = pid, stdin, stdout
        self.returncode: int | None = None
        self._server = server
        self._lock = threading.Lock()
        # It tells the end, and names this process alone, whatever becomes of its number.
        self._descriptor: int | None = os.pidfd_open(pid)

    def poll(self) -> int | None:
        """Return the exit code, negative where a signal ended it; None while it runs."""
        return self._code(0)

    def wait(self, timeout: float | None = None) -> int:
        """Return the exit code as soon as there is one.

        Raises:
            subprocess.TimeoutExpired: after so many seconds.
        """
        code = self._code(timeout)
        if code is None:
            raise subprocess.TimeoutExpired(str(self.pid), timeout or 0.0)
        return code

    def kill(self) -> None:
        """End it at once."""
        with self._lock:
            if self._descriptor is not None:
                with suppress(ProcessLookupError):
                    signal.pidfd_send_signal(self._descriptor, signal.SIGKILL)

    def _code(self, seconds: float | None) -> int | None:
        if self.returncode is None and self._has_ended(seconds):
            with self._lock:
                if self._descriptor is not None:
                    self.returncode = self._server.exit_code(self.pid)
                    os.close(self._descriptor)
                    self._descriptor = None
        return self.returncode

    def _has_ended(self, seconds: float | None) -> bool:
        with self._lock:
            if self._descriptor is None:
                return True
            # Of its own, because another thread may close the first one meanwhile.
            descriptor = os.dup(self._descriptor)
        try:
            ending = select.poll()
            ending.register(descriptor, select.POLLIN)
            return bool(ending.poll(None if seconds is None else seconds * 1000))
        finally:
            os.close(descriptor)


class _ForkServer:
    """This side of a fork server.

    Args:
        channel: the socket that leads to it.
        process: the server itself, where it is this process's child.
    """

    def __init__(self, channel: socket.socket, process: subprocess.Popen[bytes] | None = None) -> None:
        self._channel, self._process = channel, process
        self._lock = threading.Lock()

    @classmethod
    def launched(cls) -> _ForkServer:
        """Start a server; it imports what workers need while its first request waits.

        Raises:
            OSError: where it cannot be started.
        """
        channel, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            process = subprocess.Popen(
                [sys.executable, "-m", _SERVER, str(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env=child_environment(),
                pass_fds=(theirs.fileno(),),
                # An interrupt at the terminal is its owner's to answer.
                start_new_session=True,
            )
        return cls(channel, process)

    def copy(self, request: Mapping[str, Any], descriptors: Sequence[int]) -> int:
        """Return the process id of a new copy, which has the descriptors as its standard streams.

        Raises:
            OSError: where the server has ended.
        """
        with self._lock:
            socket.send_fds(self._channel, [json.dumps(request).encode()], descriptors)
            return int(self._answer()["pid"])

    def exit_code(self, pid: int) -> int:
        """Return the exit code of a copy that has ended, and let its number go."""
        try:
            with self._lock:
                self._channel.send(json.dumps({"ended": pid}).encode())
                return int(self._answer()["code"])
        except OSError:
            # Nobody is left who knows.
            return -_KILLED

    def close(self) -> None:
        """End the server where it is this process's child, and what leads to it; workers go on."""
        self._channel.close()
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def _answer(self) -> dict[str, Any]:
        answer = self._channel.recv(_LONGEST_ANSWER)
        if not answer:
            raise ConnectionError("The fork server has ended.")
        return dict(json.loads(answer))


_lock = threading.Lock()
_server: _ForkServer | None = None
_wanted = False


def adopt(channel: socket.socket) -> None:
    """Use the fork server of the process that asked for this one."""
    global _server
    _server = _ForkServer(channel)


@atexit.register
def _let_go() -> None:
    global _server
    if _server is not None:
        _server.close()
    _server = None


def _copied(request: Mapping[str, Any], streams: Sequence[IO[bytes] | int]) -> Process | None:
    """Return a worker that is a copy; None where no server can be had, or none is wanted."""
    global _server
    with _lock:
        for _ in range(2):
            if _server is None and not _wanted:
                return None
            try:
                _server = _server or _ForkServer.launched()
                return _copy_of(_server, {**request, "limits": _limits()}, streams)
            except OSError:
                # It ends by itself when it has not been asked for a while.
                if _server is not None:
                    _server.close()
                _server = None
    return None


def _copy_of(server: _ForkServer, request: Mapping[str, Any], streams: Sequence[IO[bytes] | int]) -> _Copy:
    theirs: list[int] = []
    ours: list[IO[bytes] | None] = []
    opened: list[int] = []
    try:
        for number, stream in enumerate(streams):
            end, kept = _ends(stream, is_input=number == 0)
            theirs.append(end)
            ours.append(kept)
            if isinstance(stream, int):
                opened.append(end)
        pid = server.copy(request, theirs)
        return _Copy(pid, server, ours[0], ours[1])
    except OSError:
        for kept in ours:
            if kept is not None:
                kept.close()
        raise
    finally:
        for end in opened:
            os.close(end)


def _ends(stream: IO[bytes] | int, is_input: bool) -> tuple[int, IO[bytes] | None]:
    """Return a standard stream's descriptor in the worker, and the file at this end where it is a pipe."""
    if not isinstance(stream, int):
        return stream.fileno(), None
    if stream == subprocess.DEVNULL:
        return os.open(os.devnull, os.O_RDWR), None
    reading, writing = os.pipe()
    if is_input:
        return reading, os.fdopen(writing, "wb")
    return writing, os.fdopen(reading, "rb")


def _limits() -> dict[str, tuple[int, int]]:
    """Return the limits of memory and files that this process has, which a worker has as well."""
    import resource

    return {name: resource.getrlimit(getattr(resource, name)) for name in _LIMITS}
