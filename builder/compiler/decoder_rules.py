"""Whether a model that writes sees what it needs, and nothing that it is about to write."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from builder.blocks import registry
from builder.compiler import repairs
from builder.compiler.families import CONVOLUTION, FLATTENING, RECURRENT, WINDOW_POOLING
from builder.compiler.symbolic import Outcome
from builder.data.spec import TARGET_INPUT, TEXT_INPUT, DataSpec
from builder.errors import Problem, Repair
from builder.graph import Edge, Graph, Node
from builder.tasks import TASKS

_CAUSAL_SWITCH = "use_causal_mask"
_ENCODER, _DECODER = "transformer_encoder.v1", "transformer_decoder.v1"
_EMBEDDING = "token_and_position_embedding.v1"
_KEPT = ("num_heads", "key_dim", "feed_forward_dim", "dropout", "activation", "normalization")
# They read every step, but hand what they find only on to steps that may know it.
_LOOKS_BACK = frozenset({_DECODER, "cross_attention.v1", "sequence_generator.v1", *RECURRENT})
# What they were saved with is not known here.
_UNKNOWN = ("imported_layer.v1", "operation.v1")
# Layers that bring all steps together although they look at no neighbors.
_OVER_ALL_STEPS = frozenset({"Dot", "GlobalAveragePooling1D", "GlobalMaxPooling1D", "GroupNormalization"})
_ALONG_AN_AXIS = frozenset(
    f"{name}.v1" for name in ("layer_normalization", "rms_normalization", "unit_normalization", "softmax")
)
_STEPS_AXIS = 1
# What a block reads to look things up, by the port's name: it may be all of the text, never the answer.
_LOOKED_UP = ("memory", "context")

Values = Mapping[str, Mapping[str, Any]]
Outcomes = Mapping[str, Outcome]


def decoder_problems(graph: Graph, spec: DataSpec, values: Values, outcomes: Outcomes) -> list[Problem]:
    """Return how a model that writes misses an input, or sees what it is about to write."""
    if not TASKS[spec.task].looks_back:
        return []
    brought = {
        values[node.id]["source"]: node
        for node in graph.nodes
        if node.kind == "input.v1" and node.id in outcomes
    }
    missing = [item.name for item in spec.inputs if item.name not in brought]
    if missing and brought:
        return [_missing_input(graph, name, spec) for name in missing]
    written = brought.get(spec.inputs[-1].name)
    return [] if written is None else _looks_ahead(graph, written, values, outcomes)


def _missing_input(graph: Graph, name: str, spec: DataSpec) -> Problem:
    if name == TARGET_INPUT:
        message = (
            "The model does not read what it has written so far, so it cannot go on from it. It needs a "
            "second Input with the source 'target', read by a decoder that looks back only."
        )
        return Problem("no_target_input", message, repair=_with_decoder(graph))
    message = (
        f"The model does not read the column '{spec.input(TEXT_INPUT).settings['column']}', so its answers "
        "have nothing to do with the text. Add an Input with the source 'text', and connect what comes out "
        "of its encoder to the decoder's memory."
    )
    return Problem("no_text_input", message, repair=_with_encoder(graph))


def _with_decoder(graph: Graph) -> Repair | None:
    """Return the repair that makes the path to the head an encoder, and puts a decoder before the head."""
    head = next((node for node in graph.nodes if node.kind == TASKS["text_to_text"].head), None)
    edge = None if head is None else next(iter(graph.incoming(head.id)), None)
    if head is None or edge is None:
        return None
    x, y = head.position
    made = _nodes(
        graph,
        ("target", "input.v1", {"source": TARGET_INPUT}, (x + 320, y - 360)),
        ("target_embedding", _EMBEDDING, {}, (x + 320, y - 240)),
        ("decoder", _DECODER, {}, (x + 160, y - 120)),
    )
    start, embedding, decoder = (node.id for node in made)
    edges = (
        Edge(start, embedding),
        Edge(embedding, decoder),
        Edge(edge.source, decoder, "memory", edge.source_port),
        Edge(decoder, head.id),
    )
    return _drawn("Add a decoder before the head", made, edges, edge)


def _with_encoder(graph: Graph) -> Repair | None:
    """Return the repair that lets the first decoder without a memory listen to a new encoder."""
    fed = {edge.target for edge in graph.edges if edge.target_port == "memory"}
    decoders = [node for node in graph.in_order() if node.kind == _DECODER and node.id not in fed]
    if not decoders:
        return None
    x, y = decoders[0].position
    made = _nodes(
        graph,
        ("text", "input.v1", {"source": TEXT_INPUT}, (x - 320, y - 240)),
        ("text_embedding", _EMBEDDING, {}, (x - 320, y - 120)),
        ("encoder", _ENCODER, {}, (x - 320, y)),
    )
    start, embedding, encoder = (node.id for node in made)
    edges = [Edge(start, embedding), Edge(embedding, encoder)]
    edges += [Edge(encoder, node.id, "memory") for node in decoders]
    return _drawn("Add an encoder of the text", made, tuple(edges))


def _nodes(graph: Graph, *wanted: tuple[str, str, dict[str, Any], tuple[float, float]]) -> list[Node]:
    made: list[Node] = []
    for stem, kind, parameters, position in wanted:
        node = Node(graph.unused_id(stem), kind, parameters, position)
        graph = graph.edited([{"op": "add_node", "node": node.to_json()}])
        made.append(node)
    return made


def _drawn(label: str, made: list[Node], edges: tuple[Edge, ...], gone: Edge | None = None) -> Repair:
    edits: list[dict[str, Any]] = [{"op": "add_node", "node": node.to_json()} for node in made]
    if gone is not None:
        edits.append({"op": "remove_edge", "edge": gone.to_json()})
    return Repair(label, (*edits, *({"op": "add_edge", "edge": edge.to_json()} for edge in edges)))


def _looks_ahead(graph: Graph, written: Node, values: Values, outcomes: Outcomes) -> list[Problem]:
    reached = {written.id}
    problems = []
    for node in graph.in_order():
        arriving = [edge for edge in graph.incoming(node.id) if edge.source in reached]
        if not arriving or node.id not in values:
            continue
        reached.add(node.id)
        problem = _fault(graph, node, arriving, values[node.id], outcomes.get(node.id), written)
        if problem is not None:
            problems.append(problem)
    return problems


def _fault(
    graph: Graph,
    node: Node,
    arriving: list[Edge],
    own: Mapping[str, Any],
    result: Outcome | None,
    written: Node,
) -> Problem | None:
    """Return what lets a block know later steps of what ``written`` brings in, or None."""
    label = f"{registry()[node.kind].label} '{node.id}'"
    looked_up = [edge for edge in arriving if edge.target_port in _LOOKED_UP]
    if looked_up:
        message = (
            f"{label} looks up '{looked_up[0].source}', which comes from '{written.id}': what is to be "
            f"written. Connect the encoder of the text to '{looked_up[0].target_port}' instead."
        )
        repair = repairs.remove_edge("Remove the connection", looked_up[0])
        return Problem("decoder_looks_ahead", message, node.id, looked_up[0].target_port, repair)
    cure, sees = _cure(graph, node, arriving, own, result)
    if not sees:
        return None
    message = (
        f"{label} lets each step of '{written.id}' see the steps after it, which are what the model should "
        "learn to write: it would copy them, and write nonsense afterwards."
    )
    advice = f" {cure.label}." if cure else " Take it out, or use a block that only looks back."
    return Problem("decoder_looks_ahead", message + advice, node.id, None, cure)


def _cure(
    graph: Graph, node: Node, arriving: list[Edge], own: Mapping[str, Any], result: Outcome | None
) -> tuple[Repair | None, bool]:
    """Return the repair, if there is one, and whether the block looks ahead."""
    kind = node.kind
    if kind == _ENCODER:
        kept = {name: node.parameters[name] for name in _KEPT if name in node.parameters}
        return repairs.replace_block("Make it a Transformer decoder", node.id, _DECODER, kept), True
    if _CAUSAL_SWITCH in own:
        # Attention to another sequence sees nothing of its own but the step that asks.
        of_itself = _attends_to_itself(graph, node, arriving) and not own[_CAUSAL_SWITCH]
        return repairs.set_parameter("Let it look back only", node.id, _CAUSAL_SWITCH, True), of_itself
    if kind == "bidirectional.v1":
        kept = {"units": own["units"], "return_sequences": True}
        return repairs.replace_block("Let it read forward only", node.id, f"{own['layer']}.v1", kept), True
    for name in ("bidirectional", "go_backwards"):
        if kind in RECURRENT and own.get(name):
            return repairs.set_parameter("Let it read forward only", node.id, name, False), True
    if kind in CONVOLUTION:
        ahead = own.get("padding") != "causal"
        if kind != "conv1d.v1":
            return None, ahead
        return repairs.set_parameter("Let it look back only", node.id, "padding", "causal"), ahead
    if kind in FLATTENING | WINDOW_POOLING or kind == "permute.v1":
        return None, True
    if result is None:
        return None, False
    if kind in _ALONG_AN_AXIS:
        features = repairs.set_parameter("Let it work on the features alone", node.id, "axis", -1)
        return features, _is_along_steps(own["axis"], len(result.output.shape))
    if kind == "group_normalization.v1":
        label = "Make it a layer normalization"
        return repairs.replace_block(label, node.id, "layer_normalization.v1", {}), True
    return None, _mixes_steps(node.kind, own, result)


def _is_along_steps(axis: int | list[int], rank: int) -> bool:
    axes = [axis] if isinstance(axis, int) else axis
    return _STEPS_AXIS in [item % rank for item in axes]


def _mixes_steps(kind: str, own: Mapping[str, Any], result: Outcome) -> bool:
    """Tell whether the layers of a block let a step know of others, as far as that is known of them."""
    inner = own.get("layer")
    is_causal = isinstance(inner, Mapping) and inner["parameters"].get("padding") == "causal"
    if kind in _LOOKS_BACK or kind in _UNKNOWN or is_causal:
        return False
    if _OVER_ALL_STEPS & {layer.kind for layer in result.layers}:
        return True
    return result.reach is not None and any(growth > 0 for growth in result.reach.growth)


def _attends_to_itself(graph: Graph, node: Node, arriving: list[Edge]) -> bool:
    ports = registry()[node.kind].inputs
    if len(ports) == 1 and not ports[0].variadic:
        return True
    if not ports[0].variadic:
        return any(edge.target_port != "query" for edge in arriving)
    # The first is what asks, the others are what it looks up: one block may be connected as both.
    first = graph.incoming(node.id)[0]
    return any(edge is not first for edge in arriving)
