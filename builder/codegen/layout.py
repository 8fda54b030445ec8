"""Writing Python the way a formatter would: calls on one line, or broken at their parentheses."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from builder.blocks.base import Call

LINE_LENGTH = 110
INDENT = "    "
# Stands in a text for the value of the variable ``name``, which makes the text an f-string.
NAME_MARK = "\0"
_PAIRS = {"(": ")", "[": "]", "{": "}"}


@dataclass(frozen=True)
class Name:
    """Code that stands as it is where a call takes a value, such as a name that the script defines."""

    text: str


def literal(value: Any) -> str:
    """Return a plain value, a name or a call as Python source, with double quotes."""
    if isinstance(value, Name):
        return value.text
    if isinstance(value, Call):
        return f"{value.path}({', '.join(call_items(value))})"
    if isinstance(value, str):
        return _quoted(value)
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{literal(key)}: {literal(item)}' for key, item in value.items())}}}"
    if isinstance(value, (list, tuple)):
        inner = ", ".join(literal(item) for item in value)
        if isinstance(value, list):
            return f"[{inner}]"
        return f"({inner},)" if len(value) == 1 else f"({inner})"
    return repr(value)


def source(item: Any) -> str:
    """Return the source of a function or class that a script carries; its functions lose annotations."""
    # A directive for the type checker of this program says nothing to the script's reader.
    lines = [line.partition("  # type:")[0] for line in inspect.getsource(item).rstrip().splitlines()]
    (made,) = ast.parse("\n".join(lines)).body
    functions = made.body if isinstance(made, ast.ClassDef) else [made]
    # From the end, so that the numbers of the lines above stay what they are.
    for function in reversed(functions):
        lines = _without_annotations(lines, function) if isinstance(function, ast.FunctionDef) else lines
    return "\n".join(lines)


def _without_annotations(lines: list[str], function: ast.FunctionDef) -> list[str]:
    """Return lines in which a function's head has no annotations, as scripts that use Keras have none."""
    given = function.args
    every = [*given.posonlyargs, *given.args, *given.kwonlyargs]
    if function.returns is None and not any(item.annotation for item in every):
        return lines
    for item in every:
        item.annotation = None
    first, body = function.lineno - 1, function.body[0].lineno - 1
    head = formatted(" " * function.col_offset, f"def {function.name}({ast.unparse(given)})", ":")
    return [*lines[:first], *head, *lines[body:]]


def call_items(call: Call) -> list[str]:
    """Return the arguments of a call; the first one that the function requires has no keyword."""
    parameters = inspect.signature(call.function).parameters
    first = next(iter(parameters), None)
    plain, named = [], []
    for name, value in call.arguments.items():
        if name == first and parameters[name].default is inspect.Parameter.empty:
            plain.append(literal(value))
        else:
            named.append(f"{name}={literal(value)}")
    return [*plain, *named]


def statement(indent: str, start: str, *groups: list[str], end: str = "") -> list[str]:
    """Return the lines of ``start(items)(items)…end``, broken where a line would be too long."""
    calls = "".join(f"({', '.join(items)})" for items in groups)
    return formatted(indent, f"{start}{calls}{end}")


def formatted(indent: str, text: str, end: str = "") -> list[str]:
    """Return a statement or an item of a list as lines, broken at its brackets where it is too long.

    Args:
        indent: what every line begins with.
        text: the code on one line.
        end: what follows it on its last line.
    """
    brackets = _brackets(text)
    if len(indent + text + end) <= LINE_LENGTH or not brackets:
        return [indent + text + end]
    # The last bracket whose line fits is opened up, as formatters do.
    opened, closed = next(
        (pair for pair in reversed(brackets) if len(indent) + pair[0] < LINE_LENGTH), brackets[0]
    )
    items = list(_items(text[opened + 1 : closed]))
    if not items:
        return [indent + text + end]
    is_call = opened > 0 and (text[opened - 1].isalnum() or text[opened - 1] in "_)]")
    inner = broken if is_call else _one_a_line
    return [
        indent + text[: opened + 1],
        *inner(indent + INDENT, items),
        *formatted(indent, text[closed:], end),
    ]


def broken(indent: str, items: list[str]) -> list[str]:
    """Return items on one line of their own if they fit, or else on a line each."""
    joined = indent + ", ".join(items)
    if len(joined) <= LINE_LENGTH:
        return [joined]
    return _one_a_line(indent, items)


def _one_a_line(indent: str, items: list[str]) -> list[str]:
    return [line for item in items for line in formatted(indent, item, ",")]


def _brackets(text: str) -> list[tuple[int, int]]:
    """Return where the outermost brackets of a line open and close."""
    found, opened, depth = [], 0, 0
    for place, character in _code(text):
        if character in _PAIRS:
            opened, depth = (place, 1) if depth == 0 else (opened, depth + 1)
        elif character in _PAIRS.values() and depth:
            depth -= 1
            if depth == 0:
                found.append((opened, place))
    return found


def _items(text: str) -> Iterator[str]:
    depth, start = 0, 0
    for place, character in _code(text):
        if character in _PAIRS:
            depth += 1
        elif character in _PAIRS.values():
            depth -= 1
        elif character == "," and depth == 0:
            yield text[start:place].strip()
            start = place + 1
    if text[start:].strip():
        yield text[start:].strip()


def _code(text: str) -> Iterator[tuple[int, str]]:
    """Yield the places and characters of a line that lie outside of texts."""
    quote, place = "", 0
    while place < len(text):
        character = text[place]
        if quote and character == "\\":
            place += 1
        elif quote and character == quote:
            quote = ""
        elif not quote and character in "\"'":
            quote = character
        elif not quote:
            yield place, character
        place += 1


def constant(name: str, value: Any) -> list[str]:
    """Return the lines of a constant."""
    return formatted("", f"{name} = {literal(value)}")


def _quoted(text: str) -> str:
    if NAME_MARK in text:
        # An own block's layers are named after the place where the block is used.
        inner = text.replace("{", "{{").replace("}", "}}").replace(NAME_MARK, "{name}")
        return f"f{_quoted(inner)}"
    written = repr(text)
    if written[0] == '"' or '"' in text:
        return written
    return f'"{written[1:-1]}"'
