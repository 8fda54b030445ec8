"""The server as a program: ``python serve.py --port 8000``."""

from __future__ import annotations

import argparse
import json
import os
import socket
import sys
from collections.abc import Sequence
from pathlib import Path

import uvicorn

from builder.errors import BuilderError
from builder.serving.application import application
from builder.serving.limits import Limits
from builder.serving.model import Description, opened
from builder.serving.steps import opened_texts, writes

LOOPBACK = "127.0.0.1"
_END_SECONDS = 5


def main(folder: Path, arguments: Sequence[str] | None = None) -> None:
    """Serve the model in a folder until the process is told to end.

    Args:
        folder: what an export wrote: the model's file and ``description.json``.
        arguments: of the command line; the process's own where None.
    """
    options = _parsed(arguments)
    description = Description.read(folder)
    limits = _limits(options)
    try:
        open_model = opened_texts if writes(description.spec) else opened
        app = application(description, open_model(folder, description), limits)
        listener = _listener(options.host, options.port)
    except (BuilderError, OSError) as error:
        sys.exit(f"The server cannot start: {error}")
    host, port = listener.getsockname()[:2]
    sys.stdout.write(f"Serving '{description.title}' at http://{host}:{port} (documents at /docs)\n")
    sys.stdout.flush()
    if options.announce is not None:
        _announce(options.announce, host, port)
    config = uvicorn.Config(
        app, log_level="info", access_log=options.access_log, timeout_graceful_shutdown=_END_SECONDS
    )
    uvicorn.Server(config).run(sockets=[listener])


def _parsed(arguments: Sequence[str] | None) -> argparse.Namespace:
    usual = Limits()
    parser = argparse.ArgumentParser(description="Serve the model in this folder.")
    parser.add_argument(
        "--host", default=LOOPBACK, help="0.0.0.0 lets other machines in (default: %(default)s)"
    )
    parser.add_argument("--port", type=int, default=8000, help="0 takes a free one (default: %(default)s)")
    parser.add_argument("--announce", type=Path, help="a file that is told the address, as JSON")
    parser.add_argument("--access-log", action="store_true", help="log every request")
    parser.add_argument("--body-megabytes", type=float, default=usual.body_bytes / 1e6)
    parser.add_argument(
        "--held-megabytes", type=float, default=usual.held_bytes / 1e6, help="of all requests' bodies at once"
    )
    parser.add_argument(
        "--instances", type=int, default=usual.instances, help="the most samples of a request"
    )
    parser.add_argument("--seconds", type=float, default=usual.seconds, help="the longest time of a request")
    parser.add_argument("--waiting", type=int, default=usual.waiting, help="the most requests at once")
    parser.add_argument("--batch", type=int, default=usual.batch, help="the most samples of one run")
    parser.add_argument("--batch-milliseconds", type=float, default=usual.batch_seconds * 1000)
    return parser.parse_args(arguments)


def _limits(options: argparse.Namespace) -> Limits:
    body_bytes = int(options.body_megabytes * 1e6)
    return Limits(
        body_bytes=body_bytes,
        held_bytes=max(body_bytes, int(options.held_megabytes * 1e6)),
        instances=options.instances,
        seconds=options.seconds,
        waiting=options.waiting,
        batch=options.batch,
        batch_seconds=options.batch_milliseconds / 1000,
    )


def _listener(host: str, port: int) -> socket.socket:
    """Return a socket that listens, so that a port that is taken is told at once."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # With its protocol named, answers are sent at once; else each would wait 40 ms for its last packet.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except (OSError, OverflowError) as error:
        listener.close()
        raise OSError(
            f"{host}:{port} cannot be used ({error}). Choose another port, or 0 for a free one."
        ) from error
    listener.listen(2048)
    return listener


def _announce(file: Path, host: str, port: int) -> None:
    # Whoever waits for the file must not find half of it.
    temporary = file.with_name(f".{file.name}.tmp")
    temporary.write_text(json.dumps({"host": host, "port": port}), encoding="utf-8")
    os.replace(temporary, file)
