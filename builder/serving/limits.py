"""What a prediction server admits, so that no request can hurt another."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """Bounds of a server.

    Attributes:
        body_bytes: the largest body of a request.
        held_bytes: the most bytes that the bodies of all requests at work or waiting have together.
        instances: the most samples in one request.
        seconds: the longest time from a request's first byte to its answer.
        waiting: the most requests that are at work or wait; more are sent away.
        batch: the most samples in one run of the model.
        batch_seconds: how long a batch waits for company while other requests are on their way.
    """

    body_bytes: int = 16_000_000
    held_bytes: int = 256_000_000
    instances: int = 128
    seconds: float = 30.0
    waiting: int = 256
    batch: int = 32
    batch_seconds: float = 0.002
