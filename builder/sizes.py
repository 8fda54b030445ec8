"""Numbers of bytes as people read them: KB of 1,024 bytes, as makers of microcontrollers count memory."""

from __future__ import annotations

KB = 1024
MB = 1024 * KB
GB = 1024 * MB


def size_words(count: float | None) -> str:
    """Return a number of bytes in words, such as "367.2 KB" or "1 MB"; a dash where it is unknown."""
    if count is None:
        return "–"
    size, unit = float(count), "B"
    for larger in ("KB", "MB", "GB"):
        # 1,023.96 KB would be rounded to 1024 KB.
        if _rounded(size) < KB:
            break
        size, unit = size / KB, larger
    return f"{_rounded(size):,g} {unit}"


def _rounded(size: float) -> float:
    # Halves upwards, as browsers round.
    return int(10 * size + 0.5) / 10
