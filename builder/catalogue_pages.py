"""The catalogue of blocks as text: a list of all, and a page about one."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from textwrap import fill, indent
from typing import Any

from builder.errors import stop
from builder.params import suggestion

_FILE = Path(__file__).with_name("blocks") / "catalogue.json"
_WIDTH = 100
_FEW = 3


@cache
def declarations() -> tuple[dict[str, Any], ...]:
    """Return every block's declaration, as ``builder.blocks.catalogue`` wrote it; needs no Keras."""
    return tuple(json.loads(_FILE.read_text(encoding="utf-8"))["blocks"])


def listing() -> str:
    """Return all blocks by category, a line each."""
    families: dict[str, list[str]] = {}
    for block in declarations():
        line = f"  {block['kind']:<36} {block['label']}"
        families.setdefault(block["category"], []).append(line)
    return "\n\n".join("\n".join([f"{name}:", *lines]) for name, lines in families.items())


def found(name: str) -> dict[str, Any]:
    """Return the declaration of a block, named by its kind (the version may be left out) or its label.

    Raises:
        BuilderError: where there is none; names the nearest.
    """
    wanted = name.strip().lower()
    for block in declarations():
        if wanted in (block["kind"], block["kind"].rpartition(".v")[0], block["label"].lower()):
            return block
    kinds = [block["kind"].rpartition(".v")[0] for block in declarations()]
    message = f"There is no block '{name}'.{suggestion(wanted, kinds)} List all: python -m builder blocks"
    raise stop("unknown_kind", message)


def page(block: dict[str, Any]) -> str:
    """Return a page about a block: what it does, its formula and source, ports and parameters."""
    parts = [
        f"{block['label']} ({block['kind']}, {block['category']})",
        fill(block["summary"], _WIDTH),
        indent(block["formula"], "    "),
        f"Reference: {block['reference']}",
        "\n".join([*map(_input_line, block["inputs"]), *map(_output_line, block["outputs"])]),
    ]
    if block["expansion"]:
        parts.append(fill("Becomes: " + ", ".join(layer["layer"] for layer in block["expansion"]), _WIDTH))
    parts += [_section(block, False, "Parameters"), _section(block, True, "Advanced parameters")]
    return "\n\n".join(part for part in parts if part)


def _input_line(port: dict[str, Any]) -> str:
    takes = " or ".join(port["accepts"]) or "anything"
    marks = [word for word in ("variadic", "optional") if port[word]]
    words = {"variadic": "two or more", "optional": "may stay open"}
    extra = f" ({', '.join(words[mark] for mark in marks)})" if marks else ""
    return f"Input {port['name']}: {takes}{extra}"


def _output_line(port: dict[str, Any]) -> str:
    needs = " and ".join(f"{name} = {_shown(value)}" for name, value in port["when"].items())
    return f"Output {port['name']}" + (f": where {needs}" if needs else "")


def _section(block: dict[str, Any], advanced: bool, title: str) -> str:
    chosen = [item for item in block["parameters"] if item["advanced"] == advanced]
    if not chosen:
        return ""
    return "\n".join([f"{title}:", *(_parameter_lines(item) for item in chosen)])


def _parameter_lines(parameter: dict[str, Any]) -> str:
    head = f"  {parameter['name']} = {_shown(parameter['default'])}"
    limits = _limits(parameter)
    text = " ".join(part for part in (parameter["help"], parameter["why"]) if part)
    body = fill(text, _WIDTH, initial_indent="      ", subsequent_indent="      ")
    return f"{head}{f'   [{limits}]' if limits else ''}\n{body}"


def _limits(parameter: dict[str, Any]) -> str:
    """Return what a value may be, where that is short to say."""
    if parameter["type"] == "choice":
        options = parameter["options"]
        return ", ".join(options[:_FEW]) + (", …" if len(options) > _FEW else "")
    low, high = parameter.get("minimum"), parameter.get("maximum")
    if parameter["type"] not in ("integer", "float") or (low is None and high is None):
        return ""
    return f"{'' if low is None else f'{low:g}'} to {'' if high is None else f'{high:g}'}".strip()


def _shown(value: Any) -> str:
    return "none" if value is None else json.dumps(value, ensure_ascii=False)
