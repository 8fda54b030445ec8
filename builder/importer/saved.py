"""A saved model as data: its layers, the calls of each, and what enters and leaves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from builder.blocks.saved_values import layer_fault, operation_name, value_fault
from builder.errors import BuilderError, Problem, stop

FUNCTIONAL, SEQUENTIAL = "Functional", "Sequential"
INPUT_LAYER = "InputLayer"
MOST_LAYERS = 5000
DEEPEST_MODEL = 7
LONGEST_NAME = 200

# The way to a tensor: a layer's name, the number of the call, the number of the output.
Reference = tuple[str, int, int]


@dataclass(frozen=True)
class SavedCall:
    """One call of a layer: positional and named arguments as they were saved."""

    args: list[Any]
    kwargs: Mapping[str, Any]


@dataclass(frozen=True)
class SavedLayer:
    """A layer, an operation of ``keras.ops``, or a model inside a model (``model``)."""

    name: str
    saved: Mapping[str, Any]
    calls: tuple[SavedCall, ...]
    model: SavedModel | None = None

    @property
    def class_name(self) -> str:
        """The name of its class."""
        return str(self.saved["class_name"])

    @property
    def config(self) -> Mapping[str, Any]:
        """The arguments that it was made with."""
        config: Mapping[str, Any] = self.saved["config"]
        return config


@dataclass(frozen=True)
class SavedModel:
    """A model: its layers, and the structures of ways to the tensors that enter and leave."""

    name: str
    layers: tuple[SavedLayer, ...]
    inputs: Any
    outputs: Any
    trainable: bool = True
    is_sequential: bool = False
    by_name: Mapping[str, SavedLayer] = field(default_factory=dict)


def read_model(saved: Mapping[str, Any], file: str) -> SavedModel:
    """Return the model that a file's description tells of, with every layer checked.

    Raises:
        BuilderError: with a problem for every layer that is not opened, and why.
    """
    reader = _Reader(file)
    model = reader.model(saved, 0)
    if reader.problems:
        raise BuilderError(reader.problems)
    assert model is not None, "without a problem there is a model"
    return model


def references(value: Any) -> Iterator[Reference]:
    """Yield the tensors in saved arguments, in their order."""
    if isinstance(value, Mapping):
        if value.get("class_name") == "__keras_tensor__":
            yield reference_of(value)
        else:
            for item in value.values():
                yield from references(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from references(item)


def reference_of(tensor: Mapping[str, Any]) -> Reference:
    """Return the way to a saved tensor; raise ValueError for a wrong form."""
    config = tensor.get("config")
    history = config.get("keras_history") if isinstance(config, Mapping) else None
    if history is None or not is_reference(history):
        raise ValueError("one of its inputs comes from nowhere")
    return history[0], history[1], history[2]


def is_reference(value: Any) -> bool:
    """Tell whether a value is the way to a tensor."""
    is_triple = isinstance(value, (list, tuple)) and len(value) == 3 and isinstance(value[0], str)
    return is_triple and all(type(number) is int and number >= 0 for number in value[1:])


def flattened(
    structure: Any, place: tuple[str | int, ...] = ()
) -> Iterator[tuple[list[str | int], Reference]]:
    """Yield place and tensor of each input or output, in Keras's order: objects by their sorted names."""
    if is_reference(structure):
        yield list(place), (structure[0], structure[1], structure[2])
    elif isinstance(structure, Mapping):
        for key in sorted(structure):
            yield from flattened(structure[key], (*place, key))
    elif isinstance(structure, (list, tuple)):
        for number, item in enumerate(structure):
            yield from flattened(item, (*place, number))
    else:
        raise ValueError("an input or output of the model is missing")


class _Reader:
    def __init__(self, file: str) -> None:
        self.file = file
        self.problems: list[Problem] = []
        self.count = 0
        self.shared: set[str] = set()

    def model(self, saved: Mapping[str, Any], depth: int) -> SavedModel | None:
        class_name, config = saved.get("class_name"), saved.get("config")
        if class_name not in (FUNCTIONAL, SEQUENTIAL) or not _is_known_model(saved):
            self._tell(None, _other_model_words(self.file, saved))
            return None
        if not isinstance(config, Mapping) or not isinstance(config.get("layers"), list):
            self._tell(None, f"The model in {self.file} has no list of layers. Save it again.")
            return None
        if depth > DEEPEST_MODEL:
            self._tell(None, f"{self.file} holds models nested more than {DEEPEST_MODEL} deep.")
            return None
        name = str(config.get("name") or "model")[:LONGEST_NAME]
        is_sequential = class_name == SEQUENTIAL
        layers = [self._layer(item, depth) for item in config["layers"][: MOST_LAYERS + 1]]
        found = tuple(layer for layer in layers if layer is not None)
        self.count += len(layers)
        if self.count > MOST_LAYERS:
            self._tell(None, f"{self.file} holds more than {MOST_LAYERS:,} layers.")
        if len(found) < len(layers) or self.problems:
            return None
        inputs, outputs = config.get("input_layers"), config.get("output_layers")
        if is_sequential:
            if not found or found[0].class_name != INPUT_LAYER or len(found) < 2:
                self._tell(
                    name,
                    f"The model '{name}' has never been built, so it does not know its input. "
                    "Call model.build(...) with the shape of the input, and save it again.",
                )
                return None
            found, inputs, outputs = _chained(found)
        by_name = {layer.name: layer for layer in found}
        if len(by_name) < len(found):
            self._tell(name, f"Two layers of the model '{name}' have one name.")
        outputs = outputs if is_sequential else _counted_from_zero(outputs, by_name)
        trainable = config.get("trainable") is not False
        return SavedModel(name, found, inputs, outputs, trainable, is_sequential, by_name)

    def _layer(self, item: Any, depth: int) -> SavedLayer | None:
        if not isinstance(item, Mapping) or not isinstance(item.get("config"), Mapping):
            self._tell(None, f"A layer of the model in {self.file} has no configuration. Save it again.")
            return None
        name = item.get("name") or item["config"].get("name")
        if not isinstance(name, str) or not 0 < len(name) <= LONGEST_NAME or "/" in name:
            self._tell(None, f"A layer of the model in {self.file} has no usable name. Save it again.")
            return None
        mark = str(item.get("shared_object_id", ""))
        if mark and mark in self.shared:
            message = (
                f"The layer '{name}' lies in two models of the file, with "
                "weights in common. Blocks can share weights only within one model, so it is not opened."
            )
            self._tell(name, message)
        self.shared.add(mark)
        calls = self._calls(name, item.get("inbound_nodes", []))
        if item.get("class_name") in (FUNCTIONAL, SEQUENTIAL) and _is_known_model(item):
            model = self.model(item, depth + 1)
            return None if model is None or calls is None else SavedLayer(name, item, calls, model)
        fault = _fault(item)
        if fault:
            self._tell(
                name, f"The layer '{name}' {fault}. Such a model is not opened. {_advice(item)}".strip()
            )
        return None if fault or calls is None else SavedLayer(name, item, calls)

    def _calls(self, name: str, nodes: Any) -> tuple[SavedCall, ...] | None:
        calls = []
        for node in nodes if isinstance(nodes, list) else [None]:
            parts = (node.get("args"), node.get("kwargs")) if isinstance(node, Mapping) else (None, None)
            if not isinstance(parts[0], (list, tuple)) or not isinstance(parts[1], Mapping):
                message = (
                    f"The layer '{name}' was saved by an old version of Keras. Load the model with Keras 3 "
                    "and save it again."
                )
                self._tell(name, message)
                return None
            fault = value_fault({"args": parts[0], "kwargs": parts[1]})
            if fault:
                self._tell(
                    name, f"The layer '{name}' is called with arguments that cannot be used: it {fault}."
                )
                return None
            calls.append(SavedCall(list(parts[0]), parts[1]))
        return tuple(calls)

    def _tell(self, layer: str | None, message: str) -> None:
        self.problems.append(Problem("not_opened", message, block=layer))


def _fault(item: Mapping[str, Any]) -> str | None:
    if item["class_name"] == INPUT_LAYER:
        return value_fault(item["config"])
    if operation_name(item) is not None:
        return value_fault(item["config"])
    if str(item.get("module", "")).startswith("keras.src.ops."):
        return f"is the operation {item['class_name']!s:.60}, which may run code of the file's own"
    return layer_fault(item)


def _advice(item: Mapping[str, Any]) -> str:
    registered = str(item.get("registered_name") or "")
    if registered.startswith(("keras_hub>", "keras_nlp>", "keras_cv>")):
        return "Layers of KerasHub are not among the blocks: open the model of keras.applications instead."
    return ""


def _is_known_model(item: Mapping[str, Any]) -> bool:
    name = item["class_name"]
    known_modules = ("keras", "keras.src.models.functional", "keras.src.models.sequential", "keras.models")
    return item.get("module") in known_modules and item.get("registered_name") in (None, name)


def _other_model_words(file: str, saved: Mapping[str, Any]) -> str:
    name = str(saved.get("registered_name") or saved.get("class_name"))[:80]
    if name.startswith(("keras_hub>", "keras_nlp>", "keras_cv>")):
        return (
            f"{file} holds a model of KerasHub ('{name}'), of which a file holds the numbers that it is made "
            "from, and not its layers; most of its layers are KerasHub's own, too. It is not opened."
        )
    return (
        f"{file} holds a model of the class '{name}', which is Python code that is not in the file. Only "
        "functional and sequential models can be opened. Build the same model from keras.Input and "
        "keras.Model, copy the weights, and save that."
    )


def _chained(layers: tuple[SavedLayer, ...]) -> tuple[tuple[SavedLayer, ...], Any, Any]:
    """Return the layers of a sequential model with the calls that it makes of them."""
    chained = [layers[0]]
    for layer in layers[1:]:
        before = chained[-1]
        tensor = {"class_name": "__keras_tensor__", "config": {"keras_history": _last(before)}}
        chained.append(SavedLayer(layer.name, layer.saved, (SavedCall([tensor], {}),), layer.model))
    return tuple(chained), [layers[0].name, 0, 0], _last(chained[-1])


def _counted_from_zero(structure: Any, by_name: Mapping[str, SavedLayer]) -> Any:
    """Return outputs with calls counted as between layers: a functional model's first call is 1 here."""
    if is_reference(structure):
        layer = by_name.get(structure[0])
        first = 1 if layer is not None and layer.class_name == FUNCTIONAL else 0
        return [structure[0], max(0, structure[1] - first), structure[2]]
    if isinstance(structure, Mapping):
        return {key: _counted_from_zero(item, by_name) for key, item in structure.items()}
    if isinstance(structure, (list, tuple)):
        return [_counted_from_zero(item, by_name) for item in structure]
    return structure


def _last(layer: SavedLayer) -> list[Any]:
    return [layer.name, 0, 0]


def broken(model: str, words: str) -> BuilderError:
    """Return the error for a model whose parts do not fit together."""
    return stop("broken_model", f"The model '{model}' cannot be opened: {words}. Save it again with Keras.")
