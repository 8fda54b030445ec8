"""Where bodies are read: small ones at once, files in a thread, and large ones in processes of their own."""

from __future__ import annotations

import asyncio
import pickle
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import IO, Any

from builder.data.spec import DataSpec
from builder.serving.forms import FORM
from builder.serving.limits import Limits
from builder.serving.questions import Body, Reading
from builder.serving.reader_process import Reply
from builder.serving.refusals import too_large_to_read
from builder.workers.environment import child_environment

# A larger body would hold up other requests for more than some milliseconds.
LARGE_BODY = 100_000
# So many large bodies, and so many files, are unpacked at a time, which bounds the memory that they take.
_AT_ONCE = 2
# The package may be called otherwise where it is carried.
_PROCESS = f"{__package__}.reader_process"


class Readers:
    """Reads the bodies of requests without holding up the event loop.

    Args:
        reading: what reads a body.
        spec: the description of the data that the model was made for.
        limits: what is admitted.
    """

    def __init__(self, reading: Reading, spec: DataSpec, limits: Limits) -> None:
        self._reading, self._spec, self._limits = reading, spec, limits
        self._opening = pickle.dumps((reading, spec.to_json(), limits))
        self._has_files = any(item.kind in ("image", "audio") for item in spec.inputs)
        self._unpacking = ThreadPoolExecutor(_AT_ONCE, "files")
        self._talking = ThreadPoolExecutor(_AT_ONCE, "readers")
        # The one that was used last is the first to be used again, so that a second starts for a crowd alone.
        self._idle: asyncio.LifoQueue[_Reader] = asyncio.LifoQueue()
        for _ in range(_AT_ONCE):
            self._idle.put_nowait(_Reader(self._opening))

    async def read(self, body: Body) -> Any:
        """Return what a body asks.

        Raises:
            Refusal: where it cannot be answered.
            BuilderError: where a sample cannot be used.
        """
        if len(body.content) > LARGE_BODY:
            return await self._elsewhere(body)
        if not self._has_files and body.kind != FORM:
            return self._reading(self._spec, self._limits, body)
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._unpacking, self._reading, self._spec, self._limits, body)

    def begin(self) -> None:
        """Start a process in the meantime where one will be needed: few pictures or sounds are small."""
        if self._has_files:
            reader = self._idle.get_nowait()
            self._talking.submit(reader.begin)
            self._idle.put_nowait(reader)

    def close(self) -> None:
        """End the processes."""
        for _ in range(self._idle.qsize()):
            self._idle.get_nowait().end()
            self._idle.put_nowait(_Reader(self._opening))

    async def _elsewhere(self, body: Body) -> Any:
        reader = await self._idle.get()
        try:
            loop = asyncio.get_running_loop()
            value, error = await loop.run_in_executor(self._talking, reader.read, body)
        except asyncio.CancelledError:
            # Nobody waits for it any more, and the next one should not wait for it either.
            reader.end()
            reader = _Reader(self._opening)
            raise
        finally:
            self._idle.put_nowait(reader)
        if error is not None:
            raise error
        return value


class _Reader:
    """A process that reads bodies; it starts with the first one, or before.

    Args:
        opening: what it is told first, pickled.
    """

    def __init__(self, opening: bytes) -> None:
        self._opening = opening
        self._process: subprocess.Popen[bytes] | None = None
        self._has_ended = False
        self._lock = threading.Lock()

    def begin(self) -> None:
        """Start the process, so that the first body need not wait for that."""
        # A body that comes meanwhile finds out by itself what is wrong.
        with suppress(OSError, EOFError, ValueError):
            self._streams()[0].flush()

    def read(self, body: Body) -> Reply:
        """Return what comes of a body, after some time."""
        try:
            stdin, stdout = self._streams()
            pickle.dump(body, stdin, pickle.HIGHEST_PROTOCOL)
            stdin.flush()
            reply: Reply = pickle.load(stdout)
            return reply
        except (OSError, EOFError, pickle.UnpicklingError):
            # Most often the memory did not suffice.
            with self._lock:
                self._kill()
            return None, too_large_to_read()

    def end(self) -> None:
        """End the process for good, whatever it is reading."""
        with self._lock:
            self._has_ended = True
            self._kill()

    def _streams(self) -> tuple[IO[bytes], IO[bytes]]:
        with self._lock:
            if self._has_ended:
                raise EOFError
            if self._process is not None and self._process.poll() is not None:
                # It was ended from outside, and no body is to blame.
                self._kill()
            if self._process is None:
                self._process = self._started()
            assert self._process.stdin is not None and self._process.stdout is not None
            return self._process.stdin, self._process.stdout

    def _started(self) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            [sys.executable, "-m", _PROCESS],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=child_environment(),
        )
        assert process.stdin is not None
        process.stdin.write(self._opening)
        return process

    def _kill(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                # What could not be sent is still in its buffer.
                with suppress(OSError):
                    stream.close()
