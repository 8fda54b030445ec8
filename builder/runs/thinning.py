"""Which versions of a history may go: what is old is kept once an hour, then once a day."""

from __future__ import annotations

from collections.abc import Iterable

HOUR = 3600.0
DAY = 24 * HOUR
# Of the last hour everything is kept; of the last three days one an hour; of the time before, one a day.
EVERYTHING = HOUR
HOURLY = 3 * DAY


def superfluous(versions: Iterable[tuple[int, float]], now: float) -> list[int]:
    """Return the numbers of the versions that another one of the same hour or day stands for.

    Args:
        versions: number and moment (seconds since 1970) of each, oldest first; without those that are
            kept for ever.
        now: the present moment.
    """
    newest: dict[tuple[float, int], int] = {}
    gone = []
    for number, moment in versions:
        age = now - moment
        if age <= EVERYTHING:
            continue
        width = HOUR if age <= HOURLY else DAY
        period = (width, int(moment // width))
        if period in newest:
            gone.append(newest[period])
        newest[period] = number
    return gone
