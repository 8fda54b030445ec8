"""Which block of the document a layer, an operator or a tensor of a converted model belongs to."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from builder.compiler.analysis import analyse
from builder.data.spec import DataSpec
from builder.export.quantization import block_of_part
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


@dataclass(frozen=True)
class Owners:
    """Whose the operators of a converted model are.

    Attributes:
        layers: the block of every layer, from ``block_of_layers``.
        inner: the names of all layers, those inside of other layers included.
        outputs: the block that makes each of the model's outputs, whose operators lose their names in the
            conversion.
    """

    layers: Mapping[str, str]
    inner: Collection[str]
    outputs: Sequence[str]

    def part(self, path: str) -> str | None:
        """Return the part behind a name: the block, and behind slashes the layers inside of it, if any.

        Such as ``backbone/block_1_expand`` for ``functional_1/backbone_1/block_1_expand_1/convolution``. A
        fused operator has several names, joined by semicolons; the last one that names a layer counts.
        """
        for name in reversed(path.split(";")):
            # The model's own name comes first, and may be that of a block.
            pieces = name.split("/")[1:]
            for place, piece in enumerate(pieces):
                layer = _known(piece, self.layers)
                if layer is not None:
                    block = self.layers[layer]
                    below = (_known(piece, self.inner) for piece in pieces[place + 1 :])
                    return "/".join([block, *([] if layer == block else [layer]), *filter(None, below)])
        return None


def is_within(part: str, other: str) -> bool:
    """Tell whether a part is another block or part, or lies inside of it."""
    return part == other or part.startswith(f"{other}/")


def block_of_path(path: str, layers: Mapping[str, str]) -> str | None:
    """Return the block behind a name such as ``functional_1/encoder_attention_1/einsum``, if it names one."""
    part = Owners(layers, (), ()).part(path)
    return None if part is None else block_of_part(part)


def _known(piece: str, names: Collection[str]) -> str | None:
    """Return the layer that a piece of a path names.

    A call appends a number: beside a layer "dense" the operators of a layer "dense_1" are in "dense_1_2".
    """
    return next((name for name in (_CALL_NUMBER.sub("", piece), piece) if name in names), None)


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
