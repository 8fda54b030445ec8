"""How a worker answers whoever started it: by its standard output, which is kept for that alone."""

from __future__ import annotations

import os
from typing import BinaryIO


def private_output() -> BinaryIO:
    """Return the stream of replies, and send what libraries print to standard error instead."""
    replies = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return replies
