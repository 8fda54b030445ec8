"""The fork server: ``python -m builder.export.fork_server DESCRIPTOR``; see ``builder.export.launching``.

It has imported what export workers need, which takes seconds, and makes a copy of itself for every worker.
Nothing of TensorFlow may run in it: the threads of TensorFlow would not live on in a copy.

A request is a message of JSON, ``{"module", "arguments", "environment", "folder", "limits"}``, with the
descriptor that the worker answers to; it is answered by the worker's process id. ``{"ended": pid}`` says that
a worker is not spoken of any more: until then its number belongs to nobody else.
"""

from __future__ import annotations

import gc
import json
import os
import random
import resource
import runpy
import socket
import sys
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

LONGEST_MESSAGE = 1_000_000
IDLE_SECONDS = 120.0


def serve(channel: socket.socket) -> None:
    """Answer requests until the other side is gone, or has asked for nothing for a while."""
    living: set[int] = set()
    while True:
        channel.settimeout(None if living else IDLE_SECONDS)
        try:
            message, descriptors, _, _ = socket.recv_fds(channel, LONGEST_MESSAGE, 1)
        except TimeoutError:
            return
        if not message:
            return
        request = json.loads(message)
        if "ended" in request:
            living.discard(request["ended"])
            with suppress(ChildProcessError):
                os.waitpid(request["ended"], 0)
            continue
        worker = _forked(request, channel, descriptors[0])
        os.close(descriptors[0])
        living.add(worker)
        channel.send(json.dumps({"pid": worker}).encode())


def _forked(request: Mapping[str, Any], channel: socket.socket, answers: int) -> int:
    worker = os.fork()
    if worker:
        return worker
    status = 1
    try:
        channel.close()
        os.dup2(answers, 1)
        os.close(answers)
        _run(request)
        status = 0
    finally:
        # Whatever happened, a copy never goes on as a server.
        sys.stdout.flush()
        os._exit(status)


def _run(request: Mapping[str, Any]) -> None:
    """Run a module in this process as ``python -m`` does in a new one."""
    os.environ.clear()
    os.environ.update(request["environment"])
    os.chdir(request["folder"])
    for name, limits in request["limits"].items():
        resource.setrlimit(getattr(resource, name), limits)
    path = request["environment"].get("PYTHONPATH", "").split(os.pathsep)
    sys.path[:0] = [part for part in path if part and part not in sys.path]
    sys.argv = [request["module"], *request["arguments"]]
    random.seed()
    runpy.run_module(request["module"], run_name="__main__", alter_sys=True)


def _prepare() -> None:
    """Import what takes time, and leave it alone when garbage is looked for, so that copies share it."""
    import keras  # noqa: F401
    import litert_quantizer.quantizer  # noqa: F401
    import tensorflow  # noqa: F401

    import builder.blocks
    import builder.compiler
    import builder.data.prepare  # noqa: F401

    gc.collect()
    gc.freeze()


if __name__ == "__main__":
    _prepare()
    serve(socket.socket(fileno=int(sys.argv[1])))
