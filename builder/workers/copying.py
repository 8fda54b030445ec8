"""The fork server's loop: it makes a copy of its process for every worker that is asked for.

A request is a message of JSON, ``{"module", "arguments", "environment", "folder", "limits", "new_session"}``,
with the three descriptors of the worker's standard streams; it is answered by ``{"pid"}``. ``{"ended": pid}``
asks for the exit code of a worker that has ended, and is answered by ``{"code"}``; until then its number
belongs to nobody else. Every copy has a channel of its own to ask for copies.
"""

from __future__ import annotations

import json
import os
import random
import resource
import runpy
import selectors
import socket
import sys
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from builder.workers import launching

LONGEST_MESSAGE = 1_000_000
IDLE_SECONDS = 120.0
_STREAMS = 3


class ForkServer:
    """Makes copies of this process until its owner is gone, or has asked for nothing for a while.

    Args:
        owner: the socket of the process that it belongs to.
    """

    def __init__(self, owner: socket.socket) -> None:
        self._owner = owner
        self._channels = selectors.DefaultSelector()
        self._channels.register(owner, selectors.EVENT_READ)
        # The copies whose exit code nobody has heard, each with the channel that asked for it.
        self._living: dict[int, socket.socket] = {}

    def serve(self) -> Mapping[str, Any] | None:
        """Return, in a copy, the request that it has to run; in the server itself None, at its end."""
        while True:
            events = self._channels.select(IDLE_SECONDS)
            self._forget_orphans()
            if not events and not self._living:
                return None
            for key, _ in events:
                channel: Any = key.fileobj
                message, descriptors, _, _ = socket.recv_fds(channel, LONGEST_MESSAGE, _STREAMS)
                if message:
                    request = self._heard(json.loads(message), descriptors, channel)
                    if request is not None:
                        return request
                elif channel is self._owner:
                    return None
                else:
                    self._channels.unregister(channel)
                    channel.close()

    def _heard(
        self, message: Mapping[str, Any], descriptors: list[int], channel: socket.socket
    ) -> Mapping[str, Any] | None:
        if "ended" in message:
            answer = {"code": self._exit_code(message["ended"])}
        else:
            pid = self._copied(descriptors, channel)
            if pid == 0:
                return message
            answer = {"pid": pid}
        # Whoever asked may be gone.
        with suppress(OSError):
            channel.send(json.dumps(answer).encode())
        return None

    def _copied(self, descriptors: list[int], asking: socket.socket) -> int:
        """Return the copy's process id, and 0 in the copy."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        pid = os.fork()
        if pid == 0:
            for key in list(self._channels.get_map().values()):
                channel: Any = key.fileobj
                channel.close()
            self._channels.close()
            ours.close()
            for number, descriptor in enumerate(descriptors):
                os.dup2(descriptor, number)
            launching.adopt(theirs)
        else:
            theirs.close()
            self._channels.register(ours, selectors.EVENT_READ)
            self._living[pid] = asking
        for descriptor in descriptors:
            os.close(descriptor)
        return pid

    def _exit_code(self, pid: int) -> int:
        self._living.pop(pid, None)
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])

    def _forget_orphans(self) -> None:
        """Let the numbers of ended copies go whose exit code nobody is left to ask for."""
        for pid in [pid for pid, channel in self._living.items() if channel.fileno() < 0]:
            if os.waitpid(pid, os.WNOHANG)[0]:
                del self._living[pid]


def run(request: Mapping[str, Any]) -> None:
    """Run a module in this process as ``python -m`` does in a new one."""
    if request["new_session"]:
        os.setsid()
    os.environ.clear()
    os.environ.update(request["environment"])
    os.chdir(request["folder"])
    for name, limits in request["limits"].items():
        resource.setrlimit(getattr(resource, name), limits)
    path = request["environment"].get("PYTHONPATH", "").split(os.pathsep)
    sys.path[:0] = [part for part in path if part and part not in sys.path]
    sys.argv = [request["module"], *request["arguments"]]
    # The streams belong to a log or a reader now, who sees each line when it is written.
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    random.seed()
    # It may have been imported with the rest; as the main module it starts afresh.
    sys.modules.pop(request["module"], None)
    runpy.run_module(request["module"], run_name="__main__", alter_sys=True)
