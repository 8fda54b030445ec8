"""Stands in for what reads bodies, in the processes that do."""

import os
import signal
import time
from typing import Any

from builder.data.spec import DataSpec
from builder.serving.limits import Limits
from builder.serving.questions import Body


def die(spec: DataSpec, limits: Limits, body: Body) -> Any:
    """End as a process does that finds no memory, unless the body is good."""
    if b"good" not in body.content:
        os.kill(os.getpid(), signal.SIGKILL)
    return os.getpid()


def wait(spec: DataSpec, limits: Limits, body: Body) -> Any:
    """Never come to an end, unless the body is good."""
    while b"good" not in body.content:
        time.sleep(60)
    return os.getpid()
