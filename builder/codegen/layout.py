"""Writing Python the way a formatter would: calls on one line, or broken at their parentheses."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from typing import Any

from builder.blocks.base import Call

LINE_LENGTH = 110
INDENT = "    "


@dataclass(frozen=True)
class Name:
    """A name that the script defines, where a call takes a value."""

    text: str


def literal(value: Any) -> str:
    """Return a plain value, a name or a call as Python source, with double quotes."""
    if isinstance(value, Name):
        return value.text
    if isinstance(value, Call):
        return f"{value.path}({', '.join(call_items(value))})"
    if isinstance(value, str):
        return _quoted(value)
    if isinstance(value, (list, tuple)):
        inner = ", ".join(literal(item) for item in value)
        if isinstance(value, list):
            return f"[{inner}]"
        return f"({inner},)" if len(value) == 1 else f"({inner})"
    return repr(value)


def source(item: Any) -> str:
    """Return the source of a function or class that a script carries."""
    # A directive for the type checker of this program says nothing to the script's reader.
    lines = inspect.getsource(item).rstrip().splitlines()
    return "\n".join(line.partition("  # type:")[0] for line in lines)


def call_items(call: Call) -> list[str]:
    """Return the arguments of a call; the first one that the function requires has no keyword."""
    parameters = inspect.signature(call.function).parameters
    first = next(iter(parameters), None)
    items = []
    for name, value in call.arguments.items():
        is_plain = name == first and parameters[name].default is inspect.Parameter.empty
        items.append(literal(value) if is_plain else f"{name}={literal(value)}")
    return items


def statement(indent: str, start: str, *groups: list[str], end: str = "") -> list[str]:
    """Return the lines of ``start(items)(items)…end``, broken where a line would be too long."""
    line = indent + start
    lines: list[str] = []
    for number, items in enumerate(groups):
        is_last = number == len(groups) - 1
        following = end if is_last else "("
        flat = f"{line}({', '.join(items)})"
        if len(flat + following) <= LINE_LENGTH or not items:
            line = flat
            continue
        lines.append(f"{line}(")
        lines += broken(indent + INDENT, items)
        line = f"{indent})"
    return [*lines, line + end]


def broken(indent: str, items: list[str]) -> list[str]:
    """Return items on one line of their own if they fit, or else on a line each."""
    joined = indent + ", ".join(items)
    if len(joined) <= LINE_LENGTH:
        return [joined]
    return [f"{indent}{item}," for item in items]


def constant_list(name: str, values: list[str]) -> list[str]:
    """Return the lines of a constant that holds a list of texts."""
    items = [literal(value) for value in values]
    flat = f"{name} = [{', '.join(items)}]"
    if len(flat) <= LINE_LENGTH:
        return [flat]
    return [f"{name} = [", *broken(INDENT, items), "]"]


def _quoted(text: str) -> str:
    written = repr(text)
    if written[0] == '"' or '"' in text:
        return written
    return f'"{written[1:-1]}"'
