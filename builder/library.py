"""Own blocks outside a project: checked, with the own blocks that they use, and as files."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from builder.errors import BuilderError, shown_value, stop
from builder.graph import Definition, Graph
from builder.own_block_rules import definition_problems
from builder.own_blocks import is_own
from builder.project import parse_document

FORMAT = "kerablocks.block"
FORMAT_VERSION = 1
KIND = re.compile(r"own\.[a-z][a-z0-9_]{0,59}\Z")

Definitions = dict[str, dict[str, Any]]


def with_used(kind: str, definitions: Mapping[str, Any]) -> Definitions:
    """Return an own block and every own block in it, at any depth, in JSON form and checked.

    Args:
        kind: such as ``"own.pair"``.
        definitions: the own blocks that are known, by kind, in JSON form.

    Raises:
        BuilderError: where a name or a definition is wrong, or a block in it is not known.
    """
    found: Definitions = {}
    waiting = [kind]
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        definition = _checked_form(name, definitions.get(name))
        found[name] = definition.to_json()
        waiting += [node.kind for node in definition.graph.nodes if is_own(node.kind)]
    _check_together(found)
    return found


def block_file(kind: str, definitions: Mapping[str, Any]) -> dict[str, Any]:
    """Return an own block with all that it needs as one JSON-ready document; raise as ``with_used``."""
    return {
        "format": FORMAT,
        "version": FORMAT_VERSION,
        "kind": kind,
        "definitions": with_used(kind, definitions),
    }


def parse_block_file(raw: bytes, name: str) -> Definitions:
    """Return the own blocks in a file: a block file, or a project file that holds own blocks.

    Raises:
        BuilderError: where the file is not one of these, of a newer version, or its blocks are wrong.
    """
    document = parse_document(raw, name)
    if not isinstance(document, Mapping):
        raise _no_blocks(name)
    if document.get("format") == FORMAT and document.get("version") != FORMAT_VERSION:
        message = (
            f"{name} was saved by a newer Kerablocks (version {shown_value(document.get('version'))}). "
            "Update Kerablocks to open it. The file was not changed."
        )
        raise stop("newer_version", message)
    holder = document if document.get("format") == FORMAT else document.get("model")
    definitions = holder.get("definitions") if isinstance(holder, Mapping) else None
    if not isinstance(definitions, Mapping) or not definitions:
        raise _no_blocks(name)
    found: Definitions = {}
    for kind in definitions:
        found |= with_used(str(kind), definitions)
    return found


def _checked_form(kind: str, data: Any) -> Definition:
    if not KIND.match(kind):
        message = (
            f"'{kind:.60}' cannot be the kind of an own block. It starts with 'own.', followed by a small "
            "letter and then small letters, digits or underscores, such as 'own.conv_pair'."
        )
        raise stop("bad_kind", message)
    if data is None:
        raise stop(
            "unknown_own_block", f"The own block '{kind}' is needed, but it is not there. Add it, too."
        )
    return Definition.from_json(data, kind)


def _check_together(definitions: Definitions) -> None:
    graph = Graph.from_json({"nodes": [], "edges": [], "definitions": definitions})
    problems = [problem for problem in definition_problems(graph) if problem.severity == "error"]
    if problems:
        raise BuilderError(problems)


def _no_blocks(name: str) -> BuilderError:
    message = f"{name} holds no own blocks. Choose a file that was downloaded from a library, or a project."
    return stop("no_blocks", message)
