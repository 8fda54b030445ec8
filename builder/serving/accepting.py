"""What kind of answer a client would rather have, from its header ``Accept``.

Reference: RFC 9110, section 12.5.1.
"""

from __future__ import annotations

JSON, PNG = "application/json", "image/png"


def prefers(accept: str, kind: str, usual: str = JSON) -> bool:
    """Tell whether a client asks for a kind of answer rather than for the usual one.

    Args:
        accept: the header.
        kind: a media type.
        usual: the media type that is sent where nothing speaks against it.
    """
    return _rank(accept, kind) > _rank(accept, usual)


def _rank(accept: str, kind: str) -> tuple[float, int]:
    """Return how much a kind is wanted: its quality, and how exactly it is named."""
    wildcards = ("*/*", f"{kind.partition('/')[0]}/*", kind)
    found = [
        (wildcards.index(name), quality)
        for name, quality in map(_parted, accept.split(","))
        if name in wildcards
    ]
    exactness, quality = max(found, default=(0, 0.0))
    return quality, exactness


def _parted(part: str) -> tuple[str, float]:
    name, *options = (text.strip().lower() for text in part.split(";"))
    qualities = [option[2:] for option in options if option.startswith("q=")]
    try:
        return name, float(qualities[0]) if qualities else 1.0
    except ValueError:
        return name, 0.0
