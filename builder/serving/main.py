"""The server as a program: ``python serve.py --port 8000``."""

from __future__ import annotations

import argparse
import json
import logging
import math
import os
import socket
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import uvicorn

from builder.errors import BuilderError
from builder.serving.application import application
from builder.serving.connections import ImpatientProtocol
from builder.serving.limits import Limits
from builder.serving.model import Description, opened
from builder.serving.operating import RareRoomTrouble, take_all_files
from builder.serving.steps import opened_texts, writes

LOOPBACK = "127.0.0.1"


def main(folder: Path, arguments: Sequence[str] | None = None) -> None:
    """Serve the model in a folder until the process is told to end.

    Args:
        folder: what an export wrote: the model's file and ``description.json``.
        arguments: of the command line; the process's own where None.
    """
    options = _parsed(arguments)
    limits = _limits(options)
    try:
        description = Description.read(folder)
        open_model = opened_texts if writes(description.spec) else opened
        app = application(description, open_model(folder, description), limits)
        listener = _listener(options.host, options.port)
    except (BuilderError, OSError) as error:
        sys.exit(f"The server cannot start: {error}")
    except (ValueError, LookupError, TypeError) as error:
        sys.exit(f"The server cannot start: a file in {folder} is damaged. Export it again. ({error})")
    host, port = listener.getsockname()[:2]
    sys.stdout.write(f"Serving '{description.title}' at http://{host}:{port} (documents at /docs)\n")
    sys.stdout.flush()
    if options.announce is not None:
        _announce(options.announce, host, port)
    take_all_files()
    logging.getLogger("asyncio").addFilter(RareRoomTrouble())
    config = uvicorn.Config(
        app,
        http=ImpatientProtocol,
        ws="none",
        log_level="info",
        access_log=options.access_log,
        # What is under way when the process is told to end has as much time as it would have had.
        timeout_graceful_shutdown=math.ceil(limits.seconds),
    )
    # It has ended in good order, and who pressed Ctrl+C knows why.
    with suppress(KeyboardInterrupt):
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
    for name, kind, default, words in (
        ("--body-megabytes", _number, usual.body_bytes / 1e6, "the largest body of a request"),
        ("--held-megabytes", _number, usual.held_bytes / 1e6, "of all requests' bodies at once"),
        ("--instances", _count, usual.instances, "the most samples of a request"),
        ("--seconds", _number, usual.seconds, "the longest time of a request"),
        ("--waiting", _count, usual.waiting, "the most requests at once"),
        ("--batch", _count, usual.batch, "the most samples of one run"),
        ("--batch-milliseconds", _number, usual.batch_seconds * 1000, "how long a run waits for company"),
    ):
        parser.add_argument(name, type=kind, default=default, help=f"{words} (default: %(default)g)")
    return parser.parse_args(arguments)


def _number(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 < value < math.inf:
        raise argparse.ArgumentTypeError(f"must be a number above 0, not {text[:60]}")
    return value


def _count(text: str) -> int:
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError(f"must be a whole number of at least 1, not {text[:60]}")
    return int(text)


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
