"""The process that times a TFLite file: ``python -m builder.truth.speed_worker FILE SAMPLES.npz THREADS``.

It holds nothing but the runtime, the file and some samples, so that its memory tells what the file needs.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import numpy as np
import psutil

from builder.export import runtimes

_WARM_UP = 5
_CALLS = 200
_SECONDS = 4.0


def main() -> None:
    """Answer sample after sample; print the latency in milliseconds and the memory in bytes as JSON."""
    file, samples, threads = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
    with np.load(samples) as saved:
        arrays = {name: saved[name] for name in saved.files}
    process = psutil.Process()
    before = process.memory_info().rss
    call = runtimes.litert(file, threads)
    most, seconds = before, []
    count = len(next(iter(arrays.values())))
    begun = time.perf_counter()
    for number in range(_WARM_UP + _CALLS):
        sample = {name: values[number % count][None] for name, values in arrays.items()}
        start = time.perf_counter()
        call(sample)
        seconds.append(time.perf_counter() - start)
        if number < _WARM_UP:
            most = max(most, process.memory_info().rss)
        elif time.perf_counter() - begun > _SECONDS:
            break
    p50, p95 = np.percentile(np.array(seconds[_WARM_UP:]) * 1000, [50, 95])
    told = {"p50": float(p50), "p95": float(p95), "calls": len(seconds) - _WARM_UP}
    sys.stdout.write(json.dumps({**told, "memory_bytes": most - before}))


if __name__ == "__main__":
    main()
