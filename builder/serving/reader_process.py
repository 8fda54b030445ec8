"""The process that reads large bodies: ``python -m …serving.reader_process``.

Python's JSON reader lets nothing else run meanwhile, so a large body that is read in the server itself holds
up every other request. The process is sent what reads bodies, then one body after the other, all pickled, and
answers each on standard output. It ends when its standard input does, as at the death of the server.
"""

from __future__ import annotations

import logging
import pickle
import signal
import sys
from typing import Any

from builder.data.spec import DataSpec
from builder.errors import BuilderError
from builder.serving.limits import Limits
from builder.serving.questions import Body, Reading
from builder.serving.refusals import Refusal, failed, too_large_to_read
from builder.workers.replies import private_output

# What a body asks, or why it is not answered.
Reply = tuple[Any, Refusal | BuilderError | None]


def main() -> None:
    """Read bodies until standard input ends."""
    # An interrupt at the terminal is the server's to answer.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    replies = private_output()
    reading, described, limits = pickle.load(sys.stdin.buffer)
    spec = DataSpec.from_json(described)
    while True:
        try:
            body = pickle.load(sys.stdin.buffer)
        except EOFError:
            return
        pickle.dump(_read(reading, spec, limits, body), replies, pickle.HIGHEST_PROTOCOL)
        replies.flush()


def _read(reading: Reading, spec: DataSpec, limits: Limits, body: Body) -> Reply:
    try:
        return reading(spec, limits, body), None
    except (Refusal, BuilderError) as error:
        return None, error
    except MemoryError:
        return None, too_large_to_read()
    except Exception:
        logging.exception("A body could not be read")
        return None, failed()


if __name__ == "__main__":
    main()
