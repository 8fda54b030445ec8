"""The part of a script that builds the model."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from builder.blocks import registry
from builder.blocks.base import Block, Call
from builder.blocks.imported import IMPORTED_LAYER, OPERATION
from builder.blocks.latent_input import LATENT, latent_shape
from builder.codegen import imported_code
from builder.codegen.layout import INDENT, NAME_MARK, Name, formatted, literal, source, statement
from builder.codegen.names import argument_names, free_name, reserved
from builder.codegen.own_code import OwnBlocks, raw_arguments
from builder.compiler.analysis import Analysis
from builder.compiler.ends import ends_by_target, output_nodes, targets_of_nodes
from builder.compiler.model import PLACE, is_chain_of_layers, model_name
from builder.compiler.order import building_order, reading_order
from builder.compiler.places import arranged
from builder.compiler.tensors import TensorSpec
from builder.data.preprocessing import INPUT_FUNCTIONS, input_call
from builder.data.spec import DataSpec, ModelInput
from builder.graph import Definition, Graph, Node
from builder.own_blocks import FREE_INPUT, OUTPUT, TRAINING, expand, input_ports, output_ports, repeats
from builder.params import with_defaults

_FROM_COLUMNS = ("means", "variances")


@dataclass(frozen=True)
class ModelCode:
    """The source of a model: what it carries and imports, and its functions, ``build_model`` the last."""

    imports: tuple[str, ...]
    carried: tuple[str, ...]
    functions: tuple[str, ...]


def model_code(
    analysis: Analysis,
    name: str,
    function: str = "build_model",
    words: str = "Return the untrained model.",
    taken: Collection[str] = (),
) -> ModelCode:
    """Return the source of the function that builds a model, and of everything that it calls.

    Args:
        analysis: the model's.
        name: what the model is called after.
        function: the function's name.
        words: its docstring.
        taken: names that the rest of the script has, so that no own block's function hides them.
    """
    writer = _Writer(analysis, taken)
    main = _Body(writer, analysis.document, "", "", ())
    build = "\n".join([f"def {function}():", *main.model_lines(literal(model_name(name)), words)])
    saved = [node for node in analysis.graph.nodes if node.kind == IMPORTED_LAYER]
    imports = [imported_code.layer_import(node.parameters.get("class_name", "")) for node in saved]
    return ModelCode(
        tuple(sorted({line for line in imports if line})),
        tuple(_carried_sources(analysis)),
        (*writer.functions.values(), build),
    )


def _carried_sources(analysis: Analysis) -> list[str]:
    """Return the source of every function and class that the model needs, each once."""
    carried: list[Any] = []
    for node in analysis.graph.in_order():
        block = registry()[node.kind]
        if node.kind == IMPORTED_LAYER:
            carried += imported_code.layer_sources(analysis.values[node.id]["class_name"])
        elif block.inputs:
            carried += block.sources
        elif node.kind not in (FREE_INPUT, LATENT):
            assert analysis.spec is not None, "an Input has data"
            chosen = analysis.spec.input(analysis.values[node.id]["source"])
            carried.append(INPUT_FUNCTIONS[input_call(chosen)[0]])
    return [source(item) for item in dict.fromkeys(carried)]


def _targets(analysis: Analysis) -> dict[str, DataSpec]:
    """Return the data as each block sees them that alone makes the output of one of several targets."""
    if analysis.spec is None:
        return {}
    each = analysis.spec.each_target
    found = targets_of_nodes(analysis.graph, analysis.spec)
    return {node_id: each[number] for node_id, number in found.items()}


class _Writer:
    """What the functions of one script share: their names, and those that are written already."""

    def __init__(self, analysis: Analysis, taken: Collection[str]) -> None:
        self.analysis = analysis
        self.own = OwnBlocks(analysis.document, analysis.spec)
        self.targets = _targets(analysis)
        self.reserved = reserved()
        self.names: dict[str, str] = {}
        for kind in analysis.document.definitions:
            wanted = kind.partition(".")[2]
            plain = wanted if wanted.isidentifier() else "own_block"
            self.names[kind] = free_name(plain, {*self.reserved, *taken, *self.names.values()})
        self.reserved |= set(self.names.values())
        self.argument_names = {
            kind: argument_names(self.own.exposed(kind).values(), self.reserved) for kind in self.names
        }
        self.functions: dict[str, str] = {}
        # A layer's name may not be given to an operation a second time.
        self.layer_names = [
            name
            for node in analysis.graph.nodes
            if node.kind not in (OPERATION, OUTPUT) and node.id in analysis.outcomes
            for name in analysis.outcomes[node.id].layer_names(node.name)
        ]

    def function(self, kind: str, path: str) -> str:
        """Return the name of an own block's function, which is written now if it is not yet."""
        if kind not in self.functions:
            definition = self.analysis.document.definitions[kind]
            inner = replace(definition.graph, definitions=self.analysis.document.definitions)
            write = self._nested if definition.nested_model else self._own
            # Taken before it is written, so that those that it calls stand before it.
            text = write(kind, definition, inner, path)
            self.functions[kind] = text
        return self.names[kind]

    def _own(self, kind: str, definition: Definition, inner: Graph, path: str) -> str:
        arguments = self._arguments(kind)
        body = _Body(self, inner, path, f"{NAME_MARK}_", arguments, self._exposed(kind))
        inputs = [body.variables[node_id, "output"] for node_id in input_ports(definition).values()]
        lines = body.lines()
        ends = [body.variables[node_id, "output"] for node_id in output_ports(definition).values()]
        head = self._head(kind, definition, [*inputs, *arguments])
        return "\n".join([*head, *lines, *formatted(INDENT, f"return {', '.join(ends)}")])

    def _nested(self, kind: str, definition: Definition, inner: Graph, path: str) -> str:
        arguments = self._arguments(kind)
        body = _Body(self, inner, path, "", arguments, self._exposed(kind))
        head = self._head(kind, definition, list(arguments))
        if definition.sequential and is_chain_of_layers(inner):
            return "\n".join([*head, *body.sequential_lines()])
        return "\n".join([*head, *body.model_lines("name")])

    def _arguments(self, kind: str) -> tuple[str, ...]:
        names = self.argument_names[kind]
        return tuple(f"{names[name]}={literal(value)}" for name, value in self.own.defaults(kind).items())

    def _exposed(self, kind: str) -> dict[tuple[str, str], str]:
        """Return for every shown parameter, as (inner node, parameter), the name of its argument."""
        names = self.argument_names[kind]
        return {place: names[name] for place, name in self.own.exposed(kind).items()}

    def _head(self, kind: str, definition: Definition, arguments: list[str]) -> list[str]:
        name = self.names[kind]
        words = " ".join((definition.summary or definition.label).split())
        words = words.replace("\\", "/").replace('"', "'").rstrip(".") or name
        start = statement("", f"def {name}", [*arguments, f"name={literal(name)}"], end=":")
        return [*start, f'{INDENT}"""{words[:1].upper()}{words[1:]}."""']


@dataclass
class _Body:
    """The body of one function: a graph whose blocks become statements.

    ``path`` is what the flat analysis puts before the ids of its blocks, ``label`` what the names of its
    layers begin with, and ``exposed`` the arguments that stand for parameters of its blocks.
    """

    writer: _Writer
    document: Graph
    path: str
    label: str
    arguments: tuple[str, ...]
    exposed: Mapping[tuple[str, str], str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.analysis = self.writer.analysis
        self.own = self.writer.own
        kept = self.own.kinds
        # Own blocks that cannot be functions are written out: their blocks stand here as any other.
        self.graph = expand(self.document, keep_nested=True, kept=kept).graph
        ids = [node_id for node_id in building_order(self.document, kept) if self.graph.has(node_id)]
        self.nodes = [self.graph.node(node_id) for node_id in ids]
        self.owners = {node.shared_with for node in self.nodes if node.shared_with}
        self.variables: dict[tuple[str, str], str] = {}
        self.layers: dict[str, str] = {}
        self.arrays: list[str] = []
        self._name_variables()

    def lines(self) -> list[str]:
        """Return the statements, one a block."""
        return [line for node in self.nodes for line in self._node_lines(node)]

    def model_lines(self, name: str, words: str = "") -> list[str]:
        """Return the statements of a function that returns a model; ``name`` is the code of its name."""
        lines = [f'{INDENT}"""{words}"""'] if words else []
        lines += self.lines()
        targets = None if self.path else self.analysis.spec
        nodes = ends_by_target(self.graph, targets)
        ends = arranged([(_place(node), self._end(node)) for node in nodes])
        items = [self._model_inputs(), literal(ends), f"name={name}"]
        return [*lines, *self._returned(f"keras.Model({', '.join(items)})")]

    def sequential_lines(self) -> list[str]:
        """Return the statements of a function that returns a chain of layers."""
        items = [code for node in reading_order(self.graph) if (code := self._link(node))]
        return self._returned(f"keras.Sequential([{', '.join(items)}], name=name)")

    def _returned(self, model: str) -> list[str]:
        """Return the statements that return a model, with the layers frozen that a person froze."""
        frozen = self._frozen_names()
        if not frozen:
            return formatted(INDENT, f"return {model}")
        return [
            *formatted(INDENT, f"model = {model}"),
            *formatted(INDENT, f"for layer_name in {literal(tuple(frozen))}:"),
            f"{INDENT * 2}model.get_layer(layer_name).trainable = False",
            f"{INDENT}return model",
        ]

    def _link(self, node: Node) -> str:
        if node.kind == FREE_INPUT:
            items = [f"{key}={literal(value)}" for key, value in self._input_arguments(node).items()]
            return f"layers.InputLayer({', '.join(items)})"
        if node.kind == OUTPUT:
            return ""
        return self._own_model(node) if node.kind in self.document.definitions else self._layer(node)

    def _name_variables(self) -> None:
        """Name every output: the block's id, with the port where it has several."""
        functions = {item.partition("=")[0] for item in self.arguments}
        taken = self.writer.reserved | functions
        ids = {node.id for node in self.nodes}
        for node in self.nodes:
            if node.kind == OUTPUT:
                (edge,) = self.graph.incoming(node.id)
                self.variables[node.id, "output"] = self.variables[edge.source, edge.source_port]
                continue
            ports = self._ports(node)
            for port in ports:
                wanted = node.id if len(ports) == 1 else f"{node.id}_{port}"
                name = free_name(wanted, taken | ((ids | set(self.variables.values())) - {node.id}))
                self.variables[node.id, port] = free_name(name, set(self.variables.values()))

    def _ports(self, node: Node) -> list[str]:
        if node.kind in self.document.definitions:
            return list(output_ports(self.document.definitions[node.kind]))
        block = registry()[node.kind]
        return block.output_names(self._values(node)) if block.inputs else ["output"]

    def _values(self, node: Node) -> dict[str, Any]:
        target = self.writer.targets.get(self.path + node.id)
        return self.own.values(registry()[node.kind], node, self._owner(node), target)

    def _owner(self, node: Node) -> Node:
        return self.graph.node(node.shared_with) if node.shared_with else node

    def _end(self, node: Node) -> Name:
        return Name(next(name for (node_id, _), name in self.variables.items() if node_id == node.id))

    def _local(self, wanted: str) -> str:
        """Return the name of a variable that stands for no output."""
        name = free_name(wanted, {*self.writer.reserved, *self.variables.values(), *self.layers.values()})
        return free_name(name, {item.partition("=")[0] for item in self.arguments})

    def _model_inputs(self) -> str:
        free = [node for node in self.graph.nodes if node.kind in (FREE_INPUT, LATENT)]
        placed = [(_place(node), Name(self.variables[node.id, "output"])) for node in free]
        if self.arrays:
            beside = [f"[{', '.join(name.text for _, name in placed)}]"] if placed else []
            return " + ".join([*self.arrays, *beside])
        return literal(arranged(placed))

    def _frozen_names(self) -> list[str]:
        """Return the names of the layers whose weights are not trained because a person froze their block."""
        names: list[str] = []
        for node in expand(self.document, keep_nested=True).graph.nodes:
            if not node.frozen or node.shared_with or node.kind in (FREE_INPUT, OUTPUT):
                continue
            if node.kind in self.document.definitions:
                names.append(node.name)
            else:
                names += self.analysis.outcomes[self.path + node.id].layer_names(node.name)
        return names

    def _node_lines(self, node: Node) -> list[str]:
        if node.kind == OUTPUT:
            return []
        definition = self.document.definitions.get(node.kind)
        if definition is not None:
            return self._nested_lines(node) if definition.nested_model else self._own_lines(node)
        if node.kind == FREE_INPUT:
            return self._free_input_lines(node)
        if node.kind == LATENT:
            return self._latent_lines(node)
        if not registry()[node.kind].inputs:
            return self._data_input_lines(node)
        if node.kind == OPERATION:
            return self._operation_lines(node)
        return self._block_lines(node)

    def _data_input_lines(self, node: Node) -> list[str]:
        assert self.analysis.spec is not None, "an Input has data"
        chosen = self.analysis.spec.input(self._values(node)["source"])
        function, arguments = input_call(chosen)
        variable = self.variables[node.id, "output"]
        self.arrays.append(self._local(f"{variable.strip('_')}_arrays"))
        items = [f"{name}={_input_value(chosen, name, value)}" for name, value in arguments.items()]
        return statement(INDENT, f"{self.arrays[-1]}, {variable} = {function}", items)

    def _latent_lines(self, node: Node) -> list[str]:
        items = [literal(latent_shape(self._values(node))), f"name={literal(node.name)}"]
        return statement(INDENT, f"{self.variables[node.id, 'output']} = keras.Input", items)

    def _free_input_lines(self, node: Node) -> list[str]:
        if self.label:
            # An own block's inputs are the arguments of its function.
            return []
        arguments = self._input_arguments(node)
        if arguments["batch_shape"][0] is None:
            arguments = {"shape": arguments.pop("batch_shape")[1:], **arguments}
        items = [f"{key}={literal(value)}" for key, value in arguments.items()]
        return statement(INDENT, f"{self.variables[node.id, 'output']} = keras.Input", items)

    def _input_arguments(self, node: Node) -> dict[str, Any]:
        given = with_defaults(registry()[FREE_INPUT].parameters, node.parameters)
        sizes = [None if size == -1 else size for size in given["shape"]]
        usual = {"dtype": "float32", "optional": False, "sparse": False}
        others = {name: given[name] for name, value in usual.items() if given[name] != value}
        return {"batch_shape": (given["batch_size"], *sizes), **others, "name": node.name}

    def _own_lines(self, node: Node) -> list[str]:
        count = repeats(node)
        first = f"{self.path}{node.id}_" if count == 1 else f"{self.path}{node.id}_1_"
        function = self.writer.function(node.kind, first)
        given = [f"{name}={literal(value)}" for name, value in self._own_arguments(node).items()]
        arriving = self._arriving_own(node)
        targets = [self.variables[node.id, port] for port in self._ports(node)]
        name = f"name={literal(self.label + node.id)}"
        if count == 1:
            return statement(INDENT, f"{', '.join(targets)} = {function}", [*arriving, *given, name])
        # Repeated blocks have one input and one output.
        name = f'name=f"{{name}}_{node.id}_{{number}}"' if self.label else f'name=f"{node.id}_{{number}}"'
        return [
            f"{INDENT}{targets[0]} = {arriving[0]}",
            f"{INDENT}for number in range(1, {count + 1}):",
            *statement(INDENT * 2, f"{targets[0]} = {function}", [targets[0], *given, name]),
        ]

    def _own_arguments(self, node: Node) -> dict[str, Any]:
        """Return what the use of an own block gives to its function, by the arguments' names."""
        given = self.own.given(node)
        for parameter in self.own.defaults(node.kind):
            if (node.id, parameter) in self.exposed:
                given[parameter] = Name(self.exposed[node.id, parameter])
        names = self.writer.argument_names[node.kind]
        return {names[name]: value for name, value in given.items()}

    def _arriving_own(self, node: Node) -> list[str]:
        arriving = {
            edge.target_port: self.variables[edge.source, edge.source_port]
            for edge in self.graph.incoming(node.id)
        }
        return [arriving[port] for port in input_ports(self.document.definitions[node.kind])]

    def _nested_lines(self, node: Node) -> list[str]:
        definition = self.document.definitions[node.kind]
        inner = {item.id: item for item in definition.graph.nodes}
        ids = input_ports(definition).values()
        placed = [
            (_place(inner[inner_id]), Name(variable))
            for inner_id, variable in zip(ids, self._arriving_own(node), strict=True)
        ]
        training = node.parameters.get(TRAINING)
        items = [literal(arranged(placed)), *([] if training is None else [f"training={training}"])]
        targets = [self.variables[node.id, port] for port in output_ports(definition)]
        before, model = self._kept(node, self._own_model)
        code = f"{model}({', '.join(items)})"
        ends = output_nodes(definition.graph)
        is_plain = len(targets) == 1 and not _place(ends[0])
        is_list = len(targets) > 1 and all(_place(end) is None for end in ends)
        if not is_plain and not is_list:
            code = f"keras.tree.flatten({code})"
            targets = [f"({targets[0]},)"] if len(targets) == 1 else targets
        return [*before, *formatted(INDENT, f"{', '.join(targets)} = {code}")]

    def _own_model(self, node: Node) -> str:
        function = self.writer.function(node.kind, f"{self.path}{node.id}_")
        given = [f"{name}={literal(value)}" for name, value in self._own_arguments(node).items()]
        return f"{function}({', '.join([*given, f'name={self._name(node)}'])})"

    def _name(self, node: Node) -> str:
        return literal(self.label + node.name)

    def _kept(self, node: Node, code: Any) -> tuple[list[str], str]:
        """Return the lines that keep a layer in a variable, if it is used again, and the layer's code."""
        owner = self._owner(node)
        if owner.id in self.layers:
            return [], self.layers[owner.id]
        if owner.id not in self.owners:
            return [], code(owner)
        noun = "model" if owner.kind in self.document.definitions else "layer"
        variable = self._local(f"{owner.id}_{noun}")
        self.layers[owner.id] = variable
        return formatted(INDENT, f"{variable} = {code(owner)}"), variable

    def _layer(self, node: Node) -> str:
        """Return the code that makes a layer."""
        block, values = registry()[node.kind], self._values(node)
        name = self.label + node.name
        if node.kind == IMPORTED_LAYER:
            return literal(imported_code.layer_call(values["class_name"], values["config"], name))
        return literal(self._with_exposed(block, node, block.call(values, name)))

    def _with_exposed(self, block: Block, node: Node, call: Call) -> Call:
        """Return a call with the function's own arguments where they stand for the node's parameters."""
        names = {parameter: name for (inner, parameter), name in self.exposed.items() if inner == node.id}
        if not names:
            return call
        order = [*raw_arguments(block, self._values(node), node.name), "name"]
        given = {**call.arguments}
        given.update({key: Name(name) for key, name in names.items() if key not in block.when_called})
        arguments = {key: given[key] for key in sorted(given, key=order.index)}
        return Call(call.function, call.path, arguments)

    def _block_lines(self, node: Node) -> list[str]:
        block, values = registry()[node.kind], self._values(node)
        targets = ", ".join(self.variables[node.id, port] for port in block.output_names(values))
        if node.kind == IMPORTED_LAYER:
            before, layer = self._kept(node, self._layer)
            items = imported_code.call_items(values, self._sources(node))
            targets += self._rest(node)
            return [*before, *formatted(INDENT, f"{targets} = {layer}({', '.join(items)})")]
        arriving = self._arriving(node)
        if block.is_layer:
            before, layer = self._kept(node, self._layer)
            keywords = [f"{name}={literal(value)}" for name, value in self._keywords(node).items()]
            return [
                *before,
                *formatted(INDENT, f"{targets} = {layer}({', '.join([*arriving, *keywords])})"),
            ]
        call = self._with_exposed(block, node, block.call(values, self.label + node.name))
        keywords = [f"{name}={literal(value)}" for name, value in call.arguments.items()]
        return statement(INDENT, f"{targets} = {call.path}", [*arriving, *keywords])

    def _keywords(self, node: Node) -> dict[str, Any]:
        block = registry()[node.kind]
        keywords = block.keywords(self._values(node))
        for parameter in block.when_called:
            if (node.id, parameter) in self.exposed:
                keywords[parameter] = Name(self.exposed[node.id, parameter])
        return keywords

    def _operation_lines(self, node: Node) -> list[str]:
        values, tensors = self._values(node), self._sources(node)
        name, taken = self.label + node.name, self.writer.layer_names
        code = imported_code.operation_code(values, name, tensors, self._flowing(node), taken)
        names = registry()[node.kind].output_names(values)
        targets = ", ".join(self.variables[node.id, port] for port in names) + self._rest(node)
        return formatted(INDENT, f"{targets} = {code}")

    def _flowing(self, node: Node) -> list[TensorSpec]:
        """Return what arrives at a node; where an own block is used often, at its first use."""
        edges = self.analysis.graph.incoming(self.path + node.id)
        return [self.analysis.outcomes[edge.source].outputs[edge.source_port] for edge in edges]

    def _rest(self, node: Node) -> str:
        """Return the target of the outputs that nothing reads, if there are any."""
        values = self._values(node)
        count = imported_code.output_count(node.kind, values, self._flowing(node))
        return ", *_" if count > len(registry()[node.kind].output_names(values)) else ""

    def _sources(self, node: Node) -> list[str]:
        return [self.variables[edge.source, edge.source_port] for edge in self.graph.incoming(node.id)]

    def _arriving(self, node: Node) -> list[str]:
        written, optional = [], []
        for port in registry()[node.kind].inputs:
            edges = [edge for edge in self.graph.incoming(node.id) if edge.target_port == port.name]
            names = [self.variables[edge.source, edge.source_port] for edge in edges]
            tensors = f"[{', '.join(names)}]" if port.variadic else "".join(names[:1])
            if not port.optional:
                written.append(tensors)
            elif names:
                optional.append(f"{port.name}={tensors}")
        return [*written, *optional]


def _place(node: Node) -> Sequence[str | int] | None:
    return node.parameters.get(PLACE) if node.kind in (FREE_INPUT, OUTPUT) else None


def _input_value(chosen: ModelInput, name: str, value: Any) -> str:
    if chosen.kind == "table" and name in _FROM_COLUMNS:
        return f'COLUMNS["{name}"]'
    return literal(value)
