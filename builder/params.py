"""Parameter types: each can check a value, describe itself, and give bad values for tests.

A parameter is declared once; the form, the checks, the documentation and the generated code
read that declaration.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

from builder.errors import Problem, shown_value

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
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not is_finite(value):
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
class Choices:
    """Any number of a fixed set of words, each at most once."""

    options: tuple[str, ...]

    def accepts(self, value: Any) -> bool:
        """Tell whether ``value`` is allowed."""
        if not isinstance(value, (list, tuple)) or not all(isinstance(item, str) for item in value):
            return False
        return len(set(value)) == len(value) and set(value) <= set(self.options)

    def describe(self) -> str:
        """Return the constraint in English."""
        return "a list out of " + ", ".join(f"'{option}'" for option in self.options)

    def bad_values(self) -> list[Any]:
        """Return values that ``accepts`` refuses."""
        return ["no list", 3, None, ["no such option"], [self.options[0]] * 2, [3]]

    def to_json(self) -> dict[str, Any]:
        """Return the constraint as JSON-ready data."""
        return {"type": "choices", "options": list(self.options)}


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
        below = [min(self.minimum - 1, -2)] * max(1, self.minimum_length)
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
class NumberList:
    """A list of numbers, each between bounds that are included, such as a range of values."""

    minimum_length: int
    maximum_length: int
    minimum: float | None = None
    maximum: float | None = None

    def accepts(self, value: Any) -> bool:
        """Tell whether ``value`` is allowed."""
        if not isinstance(value, (list, tuple)):
            return False
        if not self.minimum_length <= len(value) <= self.maximum_length:
            return False
        return all(self._item.accepts(item) for item in value)

    @property
    def _item(self) -> Float:
        return Float(self.minimum, self.maximum)

    def describe(self) -> str:
        """Return the constraint in English."""
        same = self.minimum_length == self.maximum_length
        count = str(self.minimum_length) if same else f"{self.minimum_length} to {self.maximum_length}"
        return f"a list of {count} numbers, each {self._item.describe()}"

    def bad_values(self) -> list[Any]:
        """Return values that ``accepts`` refuses."""
        return ["one and two", 3, None, ["half"] * self.minimum_length, [0.5] * (self.maximum_length + 1)]

    def to_json(self) -> dict[str, Any]:
        """Return the constraint as JSON-ready data."""
        return {
            "type": "number_list",
            "minimum_length": self.minimum_length,
            "maximum_length": self.maximum_length,
            "minimum": self.minimum,
            "maximum": self.maximum,
        }


@dataclass(frozen=True)
class Text:
    """Free text of at least one character, such as an equation."""

    maximum_length: int = 200

    def accepts(self, value: Any) -> bool:
        """Tell whether ``value`` is allowed."""
        return isinstance(value, str) and 1 <= len(value) <= self.maximum_length

    def describe(self) -> str:
        """Return the constraint in English."""
        return f"a text of 1 to {self.maximum_length} characters"

    def bad_values(self) -> list[Any]:
        """Return values that ``accepts`` refuses."""
        return ["", 3, None, ["text"], "x" * (self.maximum_length + 1)]

    def to_json(self) -> dict[str, Any]:
        """Return the constraint as JSON-ready data."""
        return {"type": "text", "maximum_length": self.maximum_length}


@dataclass(frozen=True)
class KerasObject:
    """An object that Keras makes from its name, or from its class and arguments: an initializer, say.

    A value is one of ``names``, or ``{"class_name": …, "config": {argument: plain value}}`` with a class
    and arguments out of ``classes``, which maps each class to its arguments' defaults. A number is
    allowed within the bounds of ``strength``, where there is one: it stands for an L2 penalty.
    """

    noun: str
    names: tuple[str, ...]
    classes: Mapping[str, Mapping[str, Any]]
    strength: Float | None = None

    def accepts(self, value: Any) -> bool:
        """Tell whether ``value`` is allowed."""
        if isinstance(value, str):
            return value in self.names
        if isinstance(value, Mapping):
            return self._is_good_object(value)
        return self.strength is not None and self.strength.accepts(value)

    def _is_good_object(self, value: Mapping[str, Any]) -> bool:
        arguments = self.classes.get(str(value.get("class_name")))
        config = value.get("config")
        if set(value) != {"class_name", "config"} or arguments is None or not isinstance(config, Mapping):
            return False
        return all(name in arguments and _is_plain(item) for name, item in config.items())

    def describe(self) -> str:
        """Return the constraint in English."""
        number = f"{self.strength.describe()} (the strength of an L2 penalty), or " if self.strength else ""
        names = ", ".join(f"'{name}'" for name in self.names)
        return (
            f"{number}the name of {self.noun} ({names}), or its class_name and config "
            f"({', '.join(self.classes)})"
        )

    def bad_values(self) -> list[Any]:
        """Return values that ``accepts`` refuses."""
        first = next(iter(self.classes))
        return [
            "no such name",
            True,
            None,
            [],
            {"class_name": first},
            {"class_name": "NoSuchClass", "config": {}},
            {"class_name": first, "config": {"no_such_argument": 3}},
            *([-3] if self.strength else [3]),
        ]

    def to_json(self) -> dict[str, Any]:
        """Return the constraint as JSON-ready data."""
        return {
            "type": "keras_object",
            "noun": self.noun,
            "options": list(self.names),
            "classes": {name: dict(arguments) for name, arguments in self.classes.items()},
            "strength": None if self.strength is None else self.strength.to_json(),
        }


@dataclass(frozen=True)
class Either:
    """One of several types, such as one number for all axes or a list with one for each."""

    alternatives: tuple[Integer | Float | Boolean | Choice | IntegerList | NumberList, ...]

    def accepts(self, value: Any) -> bool:
        """Tell whether ``value`` is allowed."""
        return any(alternative.accepts(value) for alternative in self.alternatives)

    def describe(self) -> str:
        """Return the constraint in English."""
        return ", or ".join(alternative.describe() for alternative in self.alternatives)

    def bad_values(self) -> list[Any]:
        """Return values that ``accepts`` refuses."""
        values = [value for alternative in self.alternatives for value in alternative.bad_values()]
        return [value for value in values if not self.accepts(value)]

    def to_json(self) -> dict[str, Any]:
        """Return the constraint as JSON-ready data."""
        return {
            "type": "either",
            "alternatives": [alternative.to_json() for alternative in self.alternatives],
        }


@dataclass(frozen=True)
class Optional:
    """Another type, or nothing at all (null)."""

    inner: Integer | Float | Boolean | Choice | IntegerList | NumberList | Text | KerasObject | Either

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


@dataclass(frozen=True)
class InnerLayer:
    """The layer inside a wrapper: ``{"kind": …, "parameters": {…}}``.

    ``layers`` are the kinds to choose from, each with its own parameters.
    """

    layers: tuple[tuple[str, str, tuple[Parameter, ...]], ...]

    def parameters_of(self, kind: Any) -> tuple[Parameter, ...] | None:
        """Return the parameters of a kind, or None where it cannot be chosen."""
        return next((parameters for name, _, parameters in self.layers if name == kind), None)

    def accepts(self, value: Any) -> bool:
        """Tell whether ``value`` is allowed."""
        if not isinstance(value, Mapping) or set(value) != {"kind", "parameters"}:
            return False
        declared, given = self.parameters_of(value["kind"]), value["parameters"]
        if declared is None or not isinstance(given, Mapping):
            return False
        by_name = {parameter.name: parameter for parameter in declared}
        return all(name in by_name and by_name[name].accepts(item) for name, item in given.items())

    def describe(self) -> str:
        """Return the constraint in English."""
        kinds = ", ".join(f"'{kind}'" for kind, _, _ in self.layers)
        return f"a layer with good parameters of its own, of the kind {kinds}"

    def bad_values(self) -> list[Any]:
        """Return values that ``accepts`` refuses."""
        kind = self.layers[0][0]
        return [
            "layer",
            3,
            None,
            {"kind": kind},
            {"kind": "no_such_kind.v1", "parameters": {}},
            {"kind": kind, "parameters": {"no_such_parameter": 3}},
        ]

    def to_json(self) -> dict[str, Any]:
        """Return the constraint as JSON-ready data."""
        return {
            "type": "inner_layer",
            "layers": [
                {
                    "kind": kind,
                    "label": label,
                    "parameters": [parameter.to_json() for parameter in parameters],
                }
                for kind, label, parameters in self.layers
            ],
        }


@dataclass(frozen=True)
class Json:
    """Plain data of a form of their own, such as the saved settings of a layer; shown, not typed.

    ``fault`` says what is wrong with a value, as the end of a sentence, or returns None.
    """

    noun: str
    fault: Callable[[Any], str | None]

    def accepts(self, value: Any) -> bool:
        """Tell whether ``value`` is allowed."""
        return self.fault(value) is None

    def describe(self) -> str:
        """Return the constraint in English."""
        return self.noun

    def bad_values(self) -> list[Any]:
        """Return values that ``accepts`` refuses."""
        code: dict[str, Any] = {"module": "os", "class_name": "system", "config": {}, "registered_name": None}
        values = ["text", 3, None, [], {"value": code}]
        return [value for value in values if not self.accepts(value)]

    def to_json(self) -> dict[str, Any]:
        """Return the constraint as JSON-ready data."""
        return {"type": "json"}


ParameterType = (
    Integer
    | Float
    | Boolean
    | Choice
    | Choices
    | IntegerList
    | NumberList
    | Text
    | KerasObject
    | Either
    | InnerLayer
    | Json
    | Optional
)


@dataclass(frozen=True)
class Parameter:
    """A named setting of a block or of a recipe: its type, default, label and one line of help.

    ``auto`` admits the word ``"auto"``, which stands for a value taken from the data.
    ``advanced`` settings are folded away until asked for. ``when`` maps other settings to the values of
    them with which this one counts; with others it is neither shown nor used.
    """

    name: str
    type: ParameterType
    default: Any
    help: str
    label: str = ""
    auto: bool = False
    advanced: bool = False
    when: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)

    def applies(self, values: Mapping[str, Any]) -> bool:
        """Tell whether the setting counts beside the others' values."""
        return all(values.get(name) in wanted for name, wanted in self.when.items())

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
        message = (
            f"The '{self.name}' parameter of {owner} must be {expected}. Got {shown_value(value)} instead."
        )
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
        f"{owner} has no parameter {shown_value(name)}.{suggestion(name, known)} It has: "
        f"{', '.join(known) or 'none'}."
    )
    return Problem("unknown_parameter", message, block=block, field=name)


def is_finite(value: float) -> bool:
    """Tell whether a number is finite and small enough for the numbers that computers compute with."""
    try:
        return math.isfinite(value)
    except OverflowError:
        return False


def _is_plain(value: Any) -> bool:
    if isinstance(value, (list, tuple)):
        return all(isinstance(item, (int, float)) for item in value)
    return value is None or isinstance(value, (bool, int, float, str))


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
