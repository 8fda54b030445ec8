"""Whether the two sides of an adversarial training fit the data: what is made, and how it is judged."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import prod
from typing import Any

from builder.adversarial_parameters import WASSERSTEIN
from builder.blocks import registry
from builder.blocks.latent_input import LATENT
from builder.compiler import repairs
from builder.compiler.families import SHAPE_KEEPING
from builder.compiler.symbolic import Outcome
from builder.compiler.tensors import TensorSpec
from builder.data.spec import DataSpec
from builder.errors import Problem, Repair
from builder.graph import Graph, Node

Values = Mapping[str, Mapping[str, Any]]
Outcomes = Mapping[str, Outcome]

# Where a composite block's output size and last function are set.
_SIZES = {
    "image_generator.v1": ("height", "width", "channels"),
    "sequence_generator.v1": ("steps", "features"),
}
_GENERATORS = {"image": "image_generator.v1", "series": "sequence_generator.v1"}
_DISCRIMINATORS = {"image": "image_discriminator.v1", "series": "sequence_discriminator.v1"}
_LAST_FUNCTION = ("output_activation", "activation")
_FOLLOWS_SIZE = ("dense.v1", "activation.v1", *_SIZES, *_DISCRIMINATORS.values())


def is_generator(spec: DataSpec) -> bool:
    """Tell whether the model that a specification describes makes samples."""
    return spec.task == "generation" and not spec.judging


def no_latent_input(graph: Graph) -> Problem:
    """Return the problem of a generator that starts from nothing."""
    message = (
        "The generator has no Latent input: it needs noise to make samples from. Add one and connect it."
    )
    return Problem("no_latent_input", message, repair=repairs.add_block("Add a Latent input", graph, LATENT))


def latent_misplaced(node: Node, noun: str) -> Problem:
    """Return the problem of noise in a model that has data to start from."""
    message = (
        f"'{node.id}' brings noise into the model, but a {noun} starts from the data. Put an Input in its "
        "place."
    )
    repair = repairs.replace_block("Take the data's input", node.id, "input.v1", {})
    return Problem("latent_misplaced", message, node.id, repair=repair)


def problems(graph: Graph, end: Node, spec: DataSpec, values: Values, outcomes: Outcomes) -> list[Problem]:
    """Return how one side misfits the data.

    Args:
        graph: the flat graph of the generator or, where the specification is judging, the discriminator.
        end: its only output.
        spec: the data's description.
        values: every block's parameter values.
        outcomes: what is known of every sound block.
    """
    if spec.inputs[0].kind not in _GENERATORS:
        return [_no_such_generator(spec)]
    misplaced = _misplaced(graph, spec)
    if misplaced is not None:
        return [misplaced]
    result = outcomes.get(end.id)
    if result is None:
        return []
    if not graph.incoming(end.id):
        return [_only_start(graph, end, spec)]
    found = _discriminator(graph, end, spec, values, result.output) if spec.judging else None
    if not spec.judging:
        found = _generator(graph, end, spec, values, result.output)
    return [] if found is None else [found]


def batch_statistics(graph: Graph, values: Values, settings: Mapping[str, Any]) -> list[Problem]:
    """Return the warning of a gradient penalty on a discriminator whose samples influence each other.

    Reference: Gulrajani et al., Improved Training of Wasserstein GANs (2017), section 4.
    """
    if settings["adversarial_loss"] != WASSERSTEIN:
        return []
    found = []
    for node in graph.nodes:
        mixes = node.kind == "batch_normalization.v1"
        own = values.get(node.id, {}).get("normalization") == "batch"
        if mixes or own:
            message = (
                f"'{node.id}' normalizes over the batch, which mixes its samples, but the gradient penalty "
                "holds for every sample alone. Use layer normalization in the discriminator."
            )
            repair = (
                repairs.set_parameter("Use layer normalization", node.id, "normalization", "layer")
                if own
                else repairs.replace_block("Use layer normalization", node.id, "layer_normalization.v1", {})
            )
            found.append(Problem("penalty_with_batch_statistics", message, node.id, None, repair, "warning"))
    return found


def _no_such_generator(spec: DataSpec) -> Problem:
    kind = spec.inputs[0].kind
    message = (
        f"These data are of the kind '{kind}', and a generator makes images or series of numbers. Choose "
        "such data, or another task, on the Data page."
    )
    return Problem("no_generator_for_data", message)


def _misplaced(graph: Graph, spec: DataSpec) -> Problem | None:
    if spec.judging:
        found = next((node for node in graph.nodes if node.kind == LATENT), None)
        return None if found is None else latent_misplaced(found, "discriminator")
    found = next((node for node in graph.nodes if node.kind == "input.v1"), None)
    if found is None:
        return None
    message = (
        f"'{found.id}' brings the data into the generator, which would only have to copy them. A generator "
        "starts from noise: put a Latent input in its place."
    )
    repair = repairs.replace_block("Start from noise", found.id, LATENT, {})
    return Problem("data_in_generator", message, found.id, repair=repair)


def _only_start(graph: Graph, start: Node, spec: DataSpec) -> Problem:
    verb = "judge the samples" if spec.judging else "make samples"
    message = f"Nothing reads '{start.id}', so there is nothing that could {verb}. Add blocks after it."
    repair = _judge(graph, start, spec) if spec.judging else _maker(graph, start, spec)
    return Problem("only_input", message, start.id, repair=repair)


def _judge(graph: Graph, after: Node, spec: DataSpec) -> Repair:
    """Return the repair that lets samples become one score."""
    kind = _DISCRIMINATORS[spec.inputs[0].kind]
    values: dict[str, Any] = {"output_activation": "linear"}
    if spec.inputs[0].kind == "image":
        # Each of the depth halves the size, which is to end at a few pixels.
        values["depth"] = max(1, min(4, min(spec.sample_shape[:2]).bit_length() - 2))
    return repairs.append(f"Add a block after it: {registry()[kind].label}", graph, after.id, kind, values)


def _generator(graph: Graph, end: Node, spec: DataSpec, values: Values, output: TensorSpec) -> Problem | None:
    shape = tuple(output.shape[1:])
    if shape != spec.sample_shape:
        message = (
            f"The data's samples are {_words(spec.sample_shape)}, but '{end.id}' makes {_words(shape)}. A "
            "generator must make samples of the same size as the real ones."
        )
        return Problem("sample_shape", message, end.id, repair=_shape_repair(graph, end, spec, shape))
    owner = _owner(graph, end)
    name, function = _last_function(owner, values)
    fitting = _fitting_functions(spec)
    if owner is None or name is None or function in fitting:
        return None
    message = (
        f"'{owner.id}' ends in '{function}', but the real samples reach the discriminator {_range(spec)}. "
        f"End the generator in '{fitting[0]}', so that both lie in the same range."
    )
    repair = repairs.set_parameter(f"Use {fitting[0]}", owner.id, name, fitting[0])
    return Problem("sample_range", message, owner.id, name, repair, "warning")


def _discriminator(
    graph: Graph, end: Node, spec: DataSpec, values: Values, output: TensorSpec
) -> Problem | None:
    shape = tuple(output.shape[1:])
    owner = _owner(graph, end)
    if shape != (1,):
        message = (
            f"A discriminator gives one number a sample, how real it looks, but '{end.id}' gives "
            f"{output.in_words()}."
        )
        repair = _one_number(graph, end, owner, len(shape))
        return Problem("discriminator_output", message, end.id, "units", repair)
    name, function = _last_function(owner, values)
    if owner is None or name is None or function == "linear":
        return None
    message = (
        f"'{owner.id}' ends in '{function}'. The losses of an adversarial training take the bare score (a "
        "logit), from which a gradient always comes back. Use 'linear'."
    )
    repair = repairs.set_parameter("Use linear", owner.id, name, "linear")
    return Problem("discriminator_logit", message, owner.id, name, repair)


def _shape_repair(graph: Graph, end: Node, spec: DataSpec, shape: tuple[int | None, ...]) -> Repair | None:
    owner = _owner(graph, end)
    sizes = _SIZES.get(owner.kind, ()) if owner is not None else ()
    if owner is not None and len(sizes) == len(spec.sample_shape):
        edits = tuple(
            {"op": "set_parameter", "id": owner.id, "name": name, "value": size}
            for name, size in zip(sizes, spec.sample_shape, strict=True)
        )
        return Repair(f"Let '{owner.id}' make {_words(spec.sample_shape)}", edits)
    count = prod(spec.sample_shape)
    sizes_known = [size for size in shape if size is not None]
    if len(sizes_known) == len(shape) and prod(sizes_known) == count:
        wanted = {"target_shape": list(spec.sample_shape)}
        return repairs.append("Add a Reshape", graph, end.id, "reshape.v1", wanted)
    if owner is not None and owner.kind == "dense.v1" and len(shape) == 1:
        return repairs.set_parameter(f"Let '{owner.id}' give {count:,} values", owner.id, "units", count)
    return _maker(graph, end, spec) if len(shape) == 1 else None


def _maker(graph: Graph, after: Node, spec: DataSpec) -> Repair:
    """Return the repair that lets a vector become a sample."""
    kind = _GENERATORS[spec.inputs[0].kind]
    values = {**dict.fromkeys(_SIZES[kind], "auto"), "output_activation": _fitting_functions(spec)[0]}
    return repairs.append(f"Add a block after it: {registry()[kind].label}", graph, after.id, kind, values)


def _one_number(graph: Graph, end: Node, owner: Node | None, axes: int) -> Repair | None:
    if axes == 1 and owner is not None and owner.kind == "dense.v1":
        return repairs.set_parameter(f"Let '{owner.id}' give one number", owner.id, "units", 1)
    if axes == 1:
        return repairs.append("Add a Dense block of one unit", graph, end.id, "dense.v1", {"units": 1})
    pooling = {2: "global_average_pooling1d.v1", 3: "global_average_pooling2d.v1"}.get(axes)
    if pooling is None:
        return None
    return repairs.append(f"Add a {registry()[pooling].label}", graph, end.id, pooling, {})


def _owner(graph: Graph, end: Node) -> Node | None:
    """Return the block that sets size and last function, walking back over blocks that keep values."""
    while (
        end.kind in (*SHAPE_KEEPING, "output.v1") and end.kind not in _FOLLOWS_SIZE and graph.incoming(end.id)
    ):
        end = graph.node(graph.incoming(end.id)[0].source)
    return end


def _last_function(owner: Node | None, values: Values) -> tuple[str | None, str]:
    given = {} if owner is None else values.get(owner.id, {})
    name = next((name for name in _LAST_FUNCTION if name in given), None)
    return name, "" if name is None else str(given[name])


def _fitting_functions(spec: DataSpec) -> tuple[str, ...]:
    item = spec.inputs[0]
    if item.kind == "image":
        return ("sigmoid",) if item.settings["rescale"] else ("linear",)
    return ("linear",)


def _range(spec: DataSpec) -> str:
    item = spec.inputs[0]
    if item.kind == "image":
        return "scaled to 0 to 1" if item.settings["rescale"] else "as pixels from 0 to 255"
    return "with mean 0 and variance 1" if item.settings["normalize"] else "in the unit of the data"


def _words(shape: Iterable[int | None]) -> str:
    return " × ".join("?" if size is None else str(size) for size in shape)
