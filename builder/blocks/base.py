"""What a block is: its ports, its parameters, and the Keras call that it stands for."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import keras

from builder.params import Parameter, ParameterType

FLOWS = {
    "image": "an image (height, width, channels)",
    "sequence": "a sequence (steps, features)",
    "tokens": "tokens (whole numbers that stand for words)",
    "vector": "a vector (features)",
    "volume": "a volume or a film (depth or frames, height, width, channels)",
    "number": "one number",
}
FLOAT_FLOWS = ("image", "sequence", "vector", "volume")


@dataclass(frozen=True)
class Port:
    """An input of a block: which flows it takes; no flow named means any.

    ``variadic`` ports take two or more tensors, ``optional`` ports none or one, and both any number.
    """

    name: str
    accepts: tuple[str, ...]
    variadic: bool = False
    optional: bool = False

    def to_json(self) -> dict[str, Any]:
        """Return the port as JSON-ready data."""
        return {
            "name": self.name,
            "accepts": list(self.accepts),
            "variadic": self.variadic,
            "optional": self.optional,
        }


@dataclass(frozen=True)
class OutputPort:
    """An output of a block; ``when`` holds the parameter values that it needs to be there.

    ``{"minimum": n}`` instead of a value stands for every number from n on.
    """

    name: str = "output"
    when: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Return the port as JSON-ready data."""
        return {"name": self.name, "when": dict(self.when)}


@dataclass(frozen=True)
class Call:
    """A Python call as data: the builder runs it and the generated script writes it down.

    ``path`` is how the script names ``function``; arguments may be calls themselves.
    """

    function: Callable[..., Any]
    path: str
    arguments: Mapping[str, Any]

    def run(self) -> Any:
        """Return what the call returns."""
        values = {
            name: value.run() if isinstance(value, Call) else value for name, value in self.arguments.items()
        }
        return self.function(**values)


@dataclass(frozen=True)
class Setting:
    """What a signature does not say about a parameter: its type, help, and why its default is sensible.

    ``default`` is needed where the signature has none, or has one that does not suit; ``why`` then
    gives the reason.
    """

    type: ParameterType
    help: str
    default: Any = inspect.Parameter.empty
    why: str = ""
    label: str = ""
    auto: bool = False
    advanced: bool = False


@dataclass(frozen=True)
class Block:
    """One kind of block, declared once; form, checks, docs, builder and script all read it.

    ``function`` is a Keras layer class, or a plain function of Keras tensors (a composite).
    ``sources`` are the functions and classes that a generated script has to carry.
    ``automatic`` maps a parameter that may be "auto" to the fact of the data that it takes.
    ``arguments`` turns parameter values and the node's name into the call's arguments.
    ``when_called`` names the parameters that Keras takes when the layer is applied to tensors.
    ``picture`` names the drawing that explains the block. ``loaded_apart`` names the parameters that
    fetch weights: a model is made with their defaults, and the weights are loaded when it is trained.
    """

    kind: str
    label: str
    category: str
    summary: str
    formula: str
    reference: str
    inputs: tuple[Port, ...]
    outputs: tuple[OutputPort, ...] = (OutputPort(),)
    parameters: tuple[Parameter, ...] = ()
    picture: str = ""
    function: Callable[..., Any] | None = None
    path: str = ""
    sources: tuple[Callable[..., Any], ...] = ()
    reasons: Mapping[str, str] = field(default_factory=dict)
    automatic: Mapping[str, str] = field(default_factory=dict)
    arguments: Callable[[Mapping[str, Any], str], dict[str, Any]] | None = None
    when_called: tuple[str, ...] = ()
    loaded_apart: tuple[str, ...] = ()

    @property
    def is_layer(self) -> bool:
        """Whether the block is one Keras layer (and not a function of tensors)."""
        return inspect.isclass(self.function)

    def call(self, values: Mapping[str, Any], name: str) -> Call:
        """Return the call for parameter values (none of them "auto") and a node's name.

        Arguments that equal the signature's default are left out.
        """
        assert self.function is not None, "the input block is built by the compiler"
        values = {key: value for key, value in values.items() if key not in self.when_called}
        arguments = self.arguments(values, name) if self.arguments else plain_arguments(values)
        return Call(self.function, self.path, {**without_defaults(self.function, arguments), "name": name})

    def keywords(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return the arguments with which the layer is applied to its tensors, defaults left out."""
        if not self.when_called:
            return {}
        given = {name: values[name] for name in self.when_called}
        return without_defaults(self.function.call, given)  # type: ignore[union-attr]

    def apply(self, values: Mapping[str, Any], name: str, tensors: Mapping[str, Any]) -> Any:
        """Return the output tensor.

        Args:
            values: every parameter's value, none of them "auto".
            name: the node's id, which names the layers.
            tensors: for each port its tensor, or the list of tensors of a variadic port; an optional
                port may be missing.
        """
        if self.is_layer:
            return self.apply_layer(self.call(values, name).run(), values, tensors)
        apart = {item.name: item.default for item in self.parameters if item.name in self.loaded_apart}
        call = self.call({**values, **apart}, name)
        return call.function(*self.positional(tensors), **self.by_keyword(tensors), **call.arguments)

    def apply_layer(self, layer: Any, values: Mapping[str, Any], tensors: Mapping[str, Any]) -> Any:
        """Return what a layer of this kind, made before, gives for tensors."""
        return layer(*self.positional(tensors), **self.by_keyword(tensors), **self.keywords(values))

    def positional(self, tensors: Mapping[str, Any]) -> list[Any]:
        """Return the tensors of the ports that must be connected, in the ports' order."""
        return [tensors[port.name] for port in self.inputs if not port.optional]

    def by_keyword(self, tensors: Mapping[str, Any]) -> dict[str, Any]:
        """Return the tensors of the optional ports that are connected, under the ports' names."""
        return {
            port.name: tensors[port.name] for port in self.inputs if port.optional and port.name in tensors
        }

    def output_names(self, values: Mapping[str, Any]) -> list[str]:
        """Return the names of the outputs that the block has with these parameter values."""
        return [
            port.name
            for port in self.outputs
            if all(_holds(values.get(name), wanted) for name, wanted in port.when.items())
        ]

    def named_outputs(self, values: Mapping[str, Any], result: Any) -> dict[str, Any]:
        """Return what applying the block gave, one tensor or several, by the outputs' names."""
        names = self.output_names(values)
        tensors = list(result) if isinstance(result, (list, tuple)) else [result]
        return dict(zip(names, tensors, strict=True))

    def to_json(self) -> dict[str, Any]:
        """Return the declaration as JSON-ready data, for the catalogue."""
        return {
            "kind": self.kind,
            "label": self.label,
            "category": self.category,
            "summary": self.summary,
            "formula": self.formula,
            "reference": self.reference,
            "inputs": [port.to_json() for port in self.inputs],
            "outputs": [port.to_json() for port in self.outputs],
            "picture": self.picture,
            "parameters": [
                {**parameter.to_json(), "why": self.reasons.get(parameter.name, "")}
                for parameter in self.parameters
            ],
        }


def declare(
    kind: str,
    function: Callable[..., Any],
    *,
    settings: Mapping[str, Setting],
    sources: tuple[Callable[..., Any], ...] = (),
    signature: Callable[..., Any] | None = None,
    **facts: Any,
) -> Block:
    """Return the block for a Keras layer or a composite function.

    Args:
        kind: the saved name, with its version.
        function: a Keras layer class or a function of Keras tensors.
        settings: what the signature does not say, by parameter name.
        sources: what a generated script has to carry; empty for Keras's own layers.
        signature: where defaults are read, if not from ``function``.
        facts: the other fields of ``Block``.
    """
    path = function.__name__ if sources else f"layers.{function.__name__}"
    return Block(
        kind=kind,
        function=function,
        path=path,
        sources=sources,
        parameters=tuple(
            _parameter(name, setting, signature or function) for name, setting in settings.items()
        ),
        reasons={name: setting.why for name, setting in settings.items() if setting.why},
        **facts,
    )


def _parameter(name: str, setting: Setting, function: Callable[..., Any]) -> Parameter:
    default = setting.default
    if default is inspect.Parameter.empty:
        default = inspect.signature(function).parameters[name].default
    return Parameter(
        name,
        setting.type,
        list(default) if isinstance(default, tuple) else default,
        setting.help,
        label=setting.label,
        auto=setting.auto,
        advanced=setting.advanced,
    )


def plain_arguments(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return call arguments for parameter values: lists as tuples, Keras's objects as calls."""
    return {name: _argument(name, value) for name, value in values.items()}


def _argument(name: str, value: Any) -> Any:
    if isinstance(value, list):
        return tuple(value)
    family = name.rpartition("_")[2]
    if family == "regularizer" and isinstance(value, (int, float)):
        return Call(keras.regularizers.L2, "keras.regularizers.L2", {"l2": float(value)})
    if isinstance(value, Mapping) and set(value) == {"class_name", "config"}:
        function = getattr(getattr(keras, f"{family}s"), value["class_name"])
        arguments = without_defaults(function, plain_arguments(value["config"]))
        return Call(function, f"keras.{family}s.{value['class_name']}", arguments)
    return value


def without_defaults(function: Callable[..., Any], arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments that differ from the signature's defaults."""
    parameters = inspect.signature(function).parameters
    return {
        name: value
        for name, value in arguments.items()
        if not _is_default(name, value, _default_of(parameters.get(name)))
    }


def _default_of(parameter: inspect.Parameter | None) -> Any:
    # What a layer takes besides its signature, such as dtype, is None unless it is given.
    return None if parameter is None else parameter.default


def _holds(value: Any, wanted: Any) -> bool:
    if isinstance(wanted, Mapping):
        return isinstance(value, int) and value >= wanted["minimum"]
    return bool(value == wanted)


def _is_default(name: str, value: Any, default: Any) -> bool:
    # Keras writes "no activation" as None in signatures and as "linear" everywhere else.
    if name == "activation" and default is None and value == "linear":
        return True
    if isinstance(value, Call):
        return False
    return type(value) is type(default) and bool(value == default)
