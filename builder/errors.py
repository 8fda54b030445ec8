"""Problems as data, and the one exception that carries them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

# So much of a value that a person gave stands in a message about it.
SHOWN_CHARACTERS = 80


@dataclass(frozen=True)
class Repair:
    """A change that mends a problem: a label for its button and the graph edits behind it.

    Each edit is one of the plain dictionaries that ``builder.graph.Graph.edited`` accepts.
    """

    label: str
    edits: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong, pinned to the block, column, file or field at fault.

    ``code`` is a stable name for tests and links; ``message`` says in plain words what
    happened, what was expected and what to do next; ``severity`` is ``"error"`` or ``"warning"``.
    """

    code: str
    message: str
    block: str | None = None
    field: str | None = None
    repair: Repair | None = None
    severity: str = "error"

    def to_json(self) -> dict[str, Any]:
        """Return the problem as JSON-ready data."""
        return asdict(self)


class BuilderError(Exception):
    """Raised where something has to stop; carries every problem that was found."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(problem.message for problem in self.problems))

    def __reduce__(self) -> tuple[type[BuilderError], tuple[tuple[Problem, ...]]]:
        return type(self), (self.problems,)


def stop(code: str, message: str, *, block: str | None = None, field: str | None = None) -> BuilderError:
    """Return a ``BuilderError`` with one problem, ready to be raised."""
    return BuilderError([Problem(code, message, block=block, field=field)])


def shown_value(value: Any) -> str:
    """Return a value as a message shows it, as Python writes it: of a long one the beginning alone."""
    if isinstance(value, str) and len(value) > SHOWN_CHARACTERS:
        return repr(f"{value[: SHOWN_CHARACTERS - 1]}…")
    try:
        text = repr(value)
    except (ValueError, RecursionError):
        # Whole numbers of thousands of digits, and lists in lists in lists.
        return f"{'an' if isinstance(value, int) else 'a'} {type(value).__name__} too large to be shown"
    return text if len(text) <= SHOWN_CHARACTERS + 2 else f"{text[: SHOWN_CHARACTERS - 1]}…"
