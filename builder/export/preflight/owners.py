"""Which block of the document a layer, an operator or a tensor of a converted model belongs to."""

from __future__ import annotations

import re
from collections.abc import Mapping

from builder.compiler.analysis import analyse
from builder.data.spec import DataSpec
from builder.project import Project

_CALL_NUMBER = re.compile(r"_\d+$")
_UNSUPPORTED = re.compile(r"'tf\.(\w+)' op is neither a custom op nor a flex op")
_LISTED = re.compile(r"^\ttf\.(\w+)\(", re.MULTILINE)


def block_of_layers(project: Project, spec: DataSpec) -> dict[str, str]:
    """Return the document's block of every layer of a sound project, the data's layers included."""
    analysis = analyse(project.model, spec)
    owners = {}
    for node_id, outcome in analysis.outcomes.items():
        for name in outcome.layer_names(analysis.graph.node(node_id).name):
            owners[name] = analysis.expansion.owner(node_id)
    return owners


def block_of_path(path: str, layers: Mapping[str, str]) -> str | None:
    """Return the block behind a name such as ``functional_1/encoder_attention_1/einsum``, if it names one.

    A fused operator has several names, joined by semicolons; the last one that names a layer counts.
    """
    for name in reversed(path.split(";")):
        for piece in name.split("/"):
            for candidate in (piece, _CALL_NUMBER.sub("", piece)):
                if candidate in layers:
                    return layers[candidate]
    return None


def unsupported(text: str, layers: Mapping[str, str]) -> list[tuple[str, str | None]]:
    """Return the operators that a converter's message says TFLite lacks, each with its block, if named."""
    found: dict[tuple[str, str | None], None] = {}
    for line in text.splitlines():
        operator = _UNSUPPORTED.search(line)
        if operator is not None and "error:" in line:
            quoted = re.findall(r'"([^"]+)"', line)
            blocks = (block_of_path(path.partition("@")[0], layers) for path in quoted)
            found[operator[1], next((block for block in blocks if block), None)] = None
    named = {operator for operator, _ in found}
    for operator_name in _LISTED.findall(text):
        if operator_name not in named:
            found[operator_name, None] = None
    return list(found)
