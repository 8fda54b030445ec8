"""Parameter types: each can check a value, describe itself, and give bad values for tests.

A parameter is declared once; the form, the checks, the documentation and the generated code
read that declaration.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from builder.errors import Problem

AUTO = "auto"


@dataclass(frozen=True)
class Integer:
    """A whole number from ``minimum`` to ``maximum``, both included."""

    minimum: int | None = None
    maximum: int | None = None

    def accepts(self, value: Any) -> bool:
        """Tell whether ``value`` is allowed."""
        if isinstance(value, bool) or not isinstance(value, int):
            return False
        return _inside(value, self.minimum, self.maximum)

    def describe(self) -> str:
        """Return the constraint in English."""
        return "a whole number" + _range_words(self.minimum, self.maximum)

    def bad_values(self) -> list[Any]:
        """Return values that ``accepts`` refuses."""
        return ["three", 1.5, True, None] + _outside(self.minimum, self.maximum, 1)

    def to_json(self) -> dict[str, Any]:
        """Return the constraint as JSON-ready data."""
        return {"type": "integer", "minimum": self.minimum, "maximum": self.maximum}


@dataclass(frozen=True)
class Float:
    """A number between bounds, each of which is included unless it is marked as open."""

    minimum: float | None = None
    maximum: float | None = None
    minimum_open: bool = False
    maximum_open: bool = False

    def accepts(self, value: Any) -> bool:
        """Tell whether ``value`` is allowed."""
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
            return False
        if self.minimum_open and value == self.minimum:
            return False
        if self.maximum_open and value == self.maximum:
            return False
        return _inside(value, self.minimum, self.maximum)

    def describe(self) -> str:
        """Return the constraint in English, with interval brackets for its bounds."""
        if self.minimum is None and self.maximum is None:
            return "a float"
        left = "(" if self.minimum is None or self.minimum_open else "["
        right = ")" if self.maximum is None or self.maximum_open else "]"
        low = "-inf" if self.minimum is None else f"{self.minimum:g}"
        high = "inf" if self.maximum is None else f"{self.maximum:g}"
        return f"a float in {left}{low}, {high}{right}"

    def bad_values(self) -> list[Any]:
        """Return values that ``accepts`` refuses."""
        edges = [bound for bound, is_open in self._edges() if is_open and bound is not None]
        return ["half", True, None, math.nan, *edges, *_outside(self.minimum, self.maximum, 0.5)]

    def _edges(self) -> list[tuple[float | None, bool]]:
        return [(self.minimum, self.minimum_open), (self.maximum, self.maximum_open)]

    def to_json(self) -> dict[str, Any]:
        """Return the constraint as JSON-ready data."""
        return {
            "type": "float",
            "minimum": self.minimum,
            "maximum": self.maximum,
            "minimum_open": self.minimum_open,
            "maximum_open": self.maximum_open,
        }


@dataclass(frozen=True)
class Boolean:
    """True or false."""

    def accepts(self, value: Any) -> bool:
        """Tell whether ``value`` is allowed."""
        return isinstance(value, bool)

    def describe(self) -> str:
        """Return the constraint in English."""
        return "true or false"

    def bad_values(self) -> list[Any]:
        """Return values that ``accepts`` refuses."""
        return ["yes", 1, None]

    def to_json(self) -> dict[str, Any]:
        """Return the constraint as JSON-ready data."""
        return {"type": "boolean"}


@dataclass(frozen=True)
class Choice:
    """One of a fixed set of words."""

    options: tuple[str, ...]

    def accepts(self, value: Any) -> bool:
        """Tell whether ``value`` is allowed."""
        return isinstance(value, str) and value in self.options

    def describe(self) -> str:
        """Return the constraint in English."""
        return "one of " + ", ".join(f"'{option}'" for option in self.options)

    def bad_values(self) -> list[Any]:
        """Return values that ``accepts`` refuses."""
        return ["no such option", 3, None]

    def to_json(self) -> dict[str, Any]:
        """Return the constraint as JSON-ready data."""
        return {"type": "choice", "options": list(self.options)}


@dataclass(frozen=True)
class IntegerList:
    """A list of whole numbers, such as a kernel size or a shape.

    ``allow_unknown`` admits -1 once, as Keras's Reshape does.
    """

    minimum_length: int
    maximum_length: int
    minimum: int = 1
    allow_unknown: bool = False

    def accepts(self, value: Any) -> bool:
        """Tell whether ``value`` is allowed."""
        if not isinstance(value, (list, tuple)):
            return False
        if not self.minimum_length <= len(value) <= self.maximum_length:
            return False
        unknown = [item for item in value if item == -1 and not isinstance(item, bool)]
        if self.allow_unknown and len(unknown) == 1:
            value = [item for item in value if item != -1]
        return all(Integer(self.minimum).accepts(item) for item in value)

    def describe(self) -> str:
        """Return the constraint in English."""
        same = self.minimum_length == self.maximum_length
        count = str(self.minimum_length) if same else f"{self.minimum_length} to {self.maximum_length}"
        extra = " (or one -1, which is filled in)" if self.allow_unknown else ""
        return f"a list of {count} whole numbers of at least {self.minimum}{extra}"

    def bad_values(self) -> list[Any]:
        """Return values that ``accepts`` refuses."""
        too_long = [self.minimum] * (self.maximum_length + 1)
        # Not -1, which "allow_unknown" admits.
        below = [min(self.minimum - 1, -2)] * self.minimum_length
        return ["3 by 3", 3, None, too_long, below]

    def to_json(self) -> dict[str, Any]:
        """Return the constraint as JSON-ready data."""
        return {
            "type": "integer_list",
            "minimum_length": self.minimum_length,
            "maximum_length": self.maximum_length,
            "minimum": self.minimum,
            "allow_unknown": self.allow_unknown,
        }


@dataclass(frozen=True)
class Optional:
    """Another type, or nothing at all (null)."""

    inner: Integer | Float | Choice | IntegerList

    def accepts(self, value: Any) -> bool:
        """Tell whether ``value`` is allowed."""
        return value is None or self.inner.accepts(value)

    def describe(self) -> str:
        """Return the constraint in English."""
        return f"{self.inner.describe()}, or empty"

    def bad_values(self) -> list[Any]:
        """Return values that ``accepts`` refuses."""
        return [value for value in self.inner.bad_values() if value is not None]

    def to_json(self) -> dict[str, Any]:
        """Return the constraint as JSON-ready data."""
        return {**self.inner.to_json(), "optional": True}


ParameterType = Integer | Float | Boolean | Choice | IntegerList | Optional


@dataclass(frozen=True)
class Parameter:
    """A named setting of a block or of a recipe: its type, default, label and one line of help.

    ``auto`` admits the word ``"auto"``, which stands for a value taken from the data.
    ``advanced`` settings are folded away until asked for.
    """

    name: str
    type: ParameterType
    default: Any
    help: str
    label: str = ""
    auto: bool = False
    advanced: bool = False

    def accepts(self, value: Any) -> bool:
        """Tell whether ``value`` is allowed, ``"auto"`` included where it is offered."""
        return (self.auto and value == AUTO) or self.type.accepts(value)

    def check(self, value: Any, owner: str, block: str | None = None) -> Problem | None:
        """Return the standard problem for a bad value, or None for a good one.

        ``owner`` is the label of the block or recipe that the parameter belongs to.
        """
        if self.accepts(value):
            return None
        expected = self.type.describe() + (", or 'auto'" if self.auto else "")
        message = f"The '{self.name}' parameter of {owner} must be {expected}. Got {value!r} instead."
        return Problem("bad_parameter", message, block=block, field=self.name)

    def to_json(self) -> dict[str, Any]:
        """Return the declaration as JSON-ready data, for forms."""
        return {
            "name": self.name,
            "label": self.label or self.name.replace("_", " ").capitalize(),
            "help": self.help,
            "default": self.default,
            "auto": self.auto,
            "advanced": self.advanced,
            **self.type.to_json(),
        }


def check_all(
    parameters: tuple[Parameter, ...], values: Mapping[str, Any], owner: str, block: str | None = None
) -> list[Problem]:
    """Return a problem for every bad value and for every name that ``owner`` does not have."""
    known = {parameter.name: parameter for parameter in parameters}
    problems = []
    for name, value in values.items():
        if name in known:
            problem = known[name].check(value, owner, block)
        else:
            problem = _unknown_name(name, list(known), owner, block)
        if problem is not None:
            problems.append(problem)
    return problems


def with_defaults(parameters: tuple[Parameter, ...], values: Mapping[str, Any]) -> dict[str, Any]:
    """Return every parameter's value: the given one, or else its default."""
    return {parameter.name: values.get(parameter.name, parameter.default) for parameter in parameters}


def suggestion(name: str, known: list[str]) -> str:
    """Return " Did you mean '…'?" for the known name nearest to ``name``, or an empty string."""
    nearest = get_close_matches(str(name), known, n=1)
    return f" Did you mean '{nearest[0]}'?" if nearest else ""


def _unknown_name(name: str, known: list[str], owner: str, block: str | None) -> Problem:
    message = (
        f"{owner} has no parameter '{name}'.{suggestion(name, known)} It has: {', '.join(known) or 'none'}."
    )
    return Problem("unknown_parameter", message, block=block, field=name)


def _inside(value: float, minimum: float | None, maximum: float | None) -> bool:
    return (minimum is None or value >= minimum) and (maximum is None or value <= maximum)


def _outside(minimum: Any, maximum: Any, step: Any) -> list[Any]:
    low = [] if minimum is None else [minimum - step]
    high = [] if maximum is None else [maximum + step]
    return low + high


def _range_words(minimum: int | None, maximum: int | None) -> str:
    if minimum is not None and maximum is not None:
        return f" from {minimum} to {maximum}"
    if minimum is not None:
        return f" of at least {minimum}"
    return "" if maximum is None else f" of at most {maximum}"
