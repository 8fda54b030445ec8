"""What a server counts of its own work, in the text form that Prometheus reads."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_SECONDS = (0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
_SAMPLES = (1, 2, 4, 8, 16, 32, 64, 128)


class Measures:
    """The counters of one server."""

    def __init__(self) -> None:
        self.registry = own = CollectorRegistry()
        self.requests = Counter(
            "requests", "Requests for predictions, by the answer's status.", ["status"], registry=own
        )
        self.predictions = Counter("predictions", "Samples that were answered.", registry=own)
        self.seconds = Histogram(
            "request_seconds", "Time from a request to its answer.", buckets=_SECONDS, registry=own
        )
        self.batch = Histogram(
            "batch_samples", "Samples in one run of the model.", buckets=_SAMPLES, registry=own
        )
        self.waiting = Gauge("requests_waiting", "Requests that are at work or wait.", registry=own)

    def text(self) -> bytes:
        """Return every counter as Prometheus reads it."""
        return generate_latest(self.registry)
