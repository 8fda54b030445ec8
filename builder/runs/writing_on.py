"""Whether an edit goes on writing the text that the edit before it wrote: both are one version then.

An open page keeps a project at every pause of the typing, so that nothing is lost; a version for each of
these pauses would bury the others.
"""

from __future__ import annotations

from typing import Any, NamedTuple

# Counted from the first letter: whoever writes for long gets a version for every so many seconds.
ONE_EDIT_SECONDS = 30.0
# So many characters may go without a version that holds them: a word that was mistyped.
A_WORD = 20


class TextChange(NamedTuple):
    """The one text in which two documents differ: the keys that lead to it, and what it was and is."""

    place: tuple[str | int, ...]
    before: str
    after: str


def writes_on(start: Any, reached: Any, now: Any) -> bool:
    """Tell whether the step from ``reached`` to ``now`` only writes on what the step before it wrote.

    Args:
        start: the document before both steps, as plain JSON data.
        reached: the document between them.
        now: the document after both.
    """
    first, second = text_change(start, reached), text_change(reached, now)
    if first is None or second is None or first.place != second.place:
        return False
    return _is_written(second.before, second.after)


def _is_written(before: str, after: str) -> bool:
    """Tell whether a text came of another by typing, not by choosing another word from a list."""
    kept = _common(before, after)
    is_typed = kept in (len(before), len(after)) or kept >= A_WORD
    return is_typed and len(before) - kept <= A_WORD


def text_change(before: Any, after: Any) -> TextChange | None:
    """Return the one text in which two documents differ, or None where they differ otherwise."""
    place: list[str | int] = []
    while not isinstance(before, str) or not isinstance(after, str):
        keys = _differing_keys(before, after)
        if len(keys) != 1:
            return None
        place.append(keys[0])
        before, after = _item(before, keys[0]), _item(after, keys[0])
    return TextChange(tuple(place), before, after)


def _differing_keys(before: Any, after: Any) -> list[Any]:
    if isinstance(before, dict) and isinstance(after, dict):
        keys: Any = sorted(before.keys() | after.keys())
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        keys = range(len(before))
    else:
        return []
    return [key for key in keys if _item(before, key) != _item(after, key)]


def _item(holder: Any, key: Any) -> Any:
    # A text that is empty is left out of a document here and there.
    return holder.get(key, "") if isinstance(holder, dict) else holder[key]


def _common(one: str, other: str) -> int:
    """Return how many characters two texts share at their beginning and at their end."""
    shorter = min(len(one), len(other))
    start = next((at for at in range(shorter) if one[at] != other[at]), shorter)
    rest = shorter - start
    return start + next((at for at in range(rest) if one[-1 - at] != other[-1 - at]), rest)
