"""Which blocks of a graph can be made smaller, and the graph with smaller numbers in them.

What a block puts out is a row of channels. Blocks whose channels are added to each other have to lose the
same ones, so they are cut together or not at all.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from builder.blocks import registry
from builder.graph import Graph, Node
from builder.params import with_defaults

_WIDTHS = {
    "conv1d.v1": "filters",
    "conv2d.v1": "filters",
    "conv3d.v1": "filters",
    "convolution_block.v1": "filters",
    "dense.v1": "units",
    "depthwise_separable_block.v1": "filters",
    "residual_block.v1": "filters",
    "vgg_stage.v1": "filters",
}
_RESIDUAL, _INPUT = "residual_block.v1", "input.v1"
# What is inside these blocks only; their outputs are added to their inputs.
_INNER = {
    "feed_forward.v1": ("feed_forward_dim",),
    "multi_head_attention.v1": ("num_heads",),
    "self_attention.v1": ("num_heads",),
    "transformer_decoder.v1": ("num_heads", "feed_forward_dim"),
    "transformer_encoder.v1": ("num_heads", "feed_forward_dim"),
}
_HEADS = "num_heads"
# Every channel goes through them by itself.
_PASSING = frozenset(
    (
        "activation.v1",
        "batch_normalization.v1",
        "dropout.v1",
        "elu.v1",
        "flatten.v1",
        "gaussian_dropout.v1",
        "gaussian_noise.v1",
        "identity.v1",
        "layer_normalization.v1",
        "leaky_relu.v1",
        "prelu.v1",
        "relu.v1",
        "squeeze_and_excitation.v1",
        *(f"{name}{axes}d.v1" for name in ("cropping", "zero_padding", "up_sampling") for axes in (1, 2, 3)),
        *(f"spatial_dropout{axes}d.v1" for axes in (1, 2, 3)),
        *(
            f"{scope}{kind}_pooling{axes}d.v1"
            for scope in ("", "global_")
            for kind in ("max", "average")
            for axes in (1, 2, 3)
        ),
    )
)
_MERGING = frozenset(("add.v1", "average.v1", "maximum.v1", "minimum.v1", "multiply.v1", "subtract.v1"))
_JOINING = "concatenate.v1"
# They read any channels, and put out their own, which stay.
_READING = frozenset(
    (
        "bidirectional.v1",
        "classification_head.v1",
        "count_head.v1",
        "gru.v1",
        "inception_block.v1",
        "lstm.v1",
        "multi_label_head.v1",
        "regression_head.v1",
        "simple_rnn.v1",
    )
)


@dataclass(frozen=True)
class Cut:
    """A smaller graph: what was cut, ``{block: {parameter: (before, after)}}``, and why other blocks were "
    "left."""

    graph: Graph
    cut: dict[str, dict[str, tuple[int, int]]]
    left: dict[str, str]


def cut_graph(graph: Graph, shares: Mapping[str, float]) -> Cut:
    """Return a graph whose blocks have fewer filters, units and heads; nothing is cut where nothing can be.

    Args:
        graph: a sound graph.
        shares: the share that is taken: "share" of filters and units, "heads_share" and "feed_forward_share"
            inside Transformer blocks.
    """
    channels = _Channels(graph)
    cut: dict[str, dict[str, tuple[int, int]]] = {}
    left: dict[str, str] = {}
    nodes = []
    for node in graph.nodes:
        found = _inner_cuts(node, shares)
        if node.kind in _WIDTHS:
            why = channels.why_left(node.id)
            if why:
                left[node.id] = why
            else:
                found = _smaller(node, (_WIDTHS[node.kind],), shares["share"])
        if found and not node.shared_with:
            cut[node.id] = found
            fewer = {name: after for name, (_, after) in found.items()}
            node = replace(node, parameters={**node.parameters, **fewer})
        nodes.append(node)
    return Cut(replace(graph, nodes=tuple(nodes)), cut, left)


def _inner_cuts(node: Node, shares: Mapping[str, float]) -> dict[str, tuple[int, int]]:
    found: dict[str, tuple[int, int]] = {}
    for name in _INNER.get(node.kind, ()):
        found |= _smaller(node, (name,), shares["heads_share" if name == _HEADS else "feed_forward_share"])
    return found


def _smaller(node: Node, names: tuple[str, ...], share: float) -> dict[str, tuple[int, int]]:
    values = _values(node)
    sizes = {name: (values[name], max(1, round(values[name] * (1 - share)))) for name in names}
    return {name: (before, after) for name, (before, after) in sizes.items() if after < before}


def _values(node: Node) -> dict[str, Any]:
    return with_defaults(registry()[node.kind].parameters, node.parameters)


class _Channels:
    """Follows channels through a graph: which blocks make them, which belong together, which must stay."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._parent: dict[str, str] = {}
        self._fixed: dict[str, str] = {}
        # The blocks that made what each block puts out, one after the other in its channels.
        self._made: dict[str, tuple[str, ...]] = {}
        for node in graph.in_order():
            self._made[node.id] = self._follow(node)
            if not graph.outgoing(node.id):
                self._fix(self._made[node.id], "its units are the model's answers")

    def why_left(self, node_id: str) -> str:
        """Return why a block's channels must stay; empty where they may go."""
        return self._fixed.get(self._root(node_id), "")

    def _follow(self, node: Node) -> tuple[str, ...]:
        entering = [self._made[edge.source] for edge in self._graph.incoming(node.id)]
        self._parent.setdefault(node.id, node.id)
        if node.shared_with:
            self._fix((node.id, node.shared_with), "its layer is used several times")
        if node.frozen:
            self._fix((node.id,), "it is frozen")
        if node.kind in _WIDTHS and _values(node).get("groups", 1) != 1:
            for made in (*entering, (node.id,)):
                self._fix(made, f"'{node.id}' works on its channels in groups")
        if node.kind in _PASSING and entering:
            return entering[0]
        if node.kind in _MERGING:
            return self._together(entering)
        if node.kind == _JOINING and _values(node)["axis"] == -1:
            return tuple(name for made in entering for name in made)
        if node.kind == _RESIDUAL and self._has_plain_shortcut(node, entering[0]):
            return self._together([*entering, (node.id,)])
        if node.kind in _WIDTHS:
            return (node.id,)
        for made in entering if node.kind not in _READING else ():
            self._fix(made, f"it leads into '{node.id}', which reads all of its channels")
        self._fix((node.id,), "it is of a kind that is not cut")
        return (node.id,)

    def _has_plain_shortcut(self, node: Node, entering: tuple[str, ...]) -> bool:
        """Tell whether what enters may be added as it is: of as many channels, or of an unknown number."""
        values = _values(node)
        if values["strides"] != 1 or any(self._graph.node(name).kind == _INPUT for name in entering):
            return False
        sizes = [self._width(name) for name in entering]
        known = [size for size in sizes if size is not None]
        return len(known) < len(sizes) or sum(known) == values["filters"]

    def _together(self, entering: list[tuple[str, ...]]) -> tuple[str, ...]:
        first, *others = entering
        for made in others:
            if len(made) != len(first):
                for each in (first, made):
                    self._fix(each, "it is added to what has channels of several blocks")
                continue
            first = tuple(self._pair(one, other) for one, other in zip(first, made, strict=True))
        return first

    def _pair(self, one: str, other: str) -> str:
        """Let the channels of two blocks stay or go together; return the block that has more of them."""
        sizes = [self._width(name) or 0 for name in (one, other)]
        if all(sizes) and sizes[0] != sizes[1]:
            for name in (one, other):
                self._fix((name,), "it is combined with another number of channels")
        else:
            self._join(one, other)
        return one if sizes[0] >= sizes[1] else other

    def _width(self, name: str) -> int | None:
        """Return how many channels a block makes; None where the graph does not tell."""
        node = self._graph.node(name)
        width = _values(node).get(_WIDTHS.get(node.kind, "filters")) if node.kind in registry() else None
        return width if isinstance(width, int) else None

    def _join(self, one: str, other: str) -> None:
        roots = self._root(one), self._root(other)
        if roots[0] == roots[1]:
            return
        self._parent[roots[1]] = roots[0]
        why = self._fixed.get(roots[0]) or self._fixed.get(roots[1])
        if why:
            self._fixed[roots[0]] = f"it is added to another block's channels, which stay: {why}"

    def _fix(self, made: tuple[str, ...], why: str) -> None:
        for name in made:
            self._parent.setdefault(name, name)
            self._fixed.setdefault(self._root(name), why)

    def _root(self, name: str) -> str:
        while self._parent.get(name, name) != name:
            name = self._parent[name]
        return name
