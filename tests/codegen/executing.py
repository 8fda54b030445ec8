"""Running generated scripts in this process, and comparing their models with the builder's."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import keras
import numpy as np
from graph_cases import arrays_for

from builder.adversarial.model import AdversarialModel
from builder.blocks.weightless import without_weights
from builder.codegen import companion_files, model_script, script
from builder.compiler import build, build_free
from builder.data.spec import DataSpec
from builder.graph import Graph
from builder.project import Project


def run_code(code: str, file: Path) -> dict[str, Any]:
    """Return the names that a script defines; its ``main`` is not run."""
    names: dict[str, Any] = {"__name__": "generated", "__file__": str(file)}
    registered = keras.saving.get_custom_objects()
    ours = dict(registered)
    exec(compile(code, str(file), "exec"), names)
    # The script has registered its own copies of our layers.
    registered.update(ours)
    return names


def write_companions(project: Project, spec: DataSpec, folder: Path) -> None:
    """Write the files that a script reads from beside itself."""
    for name, text in companion_files(project, spec).items():
        (folder / name).write_text(text, encoding="utf-8")


def executed(project: Project, spec: DataSpec, folder: Path) -> dict[str, Any]:
    """Return the names that a project's script defines."""
    write_companions(project, spec, folder)
    return run_code(script(project, spec), folder / "script.py")


def comparable(model: keras.Model) -> Any:
    """Return the configuration without what a script cannot share.

    That is the module of a carried class, and the names that Keras counts through the whole process: those
    of operations, and of layers that are called after their class.
    """
    return _without_counts(json.loads(json.dumps(model.get_config(), default=str)), {})


def _counted_names(config: dict[str, Any]) -> dict[str, str]:
    found = {}
    for number, layer in enumerate(config["layers"]):
        name = str(layer["config"].get("name"))
        is_operation = str(layer["module"]).startswith("keras.src.ops")
        counted = re.sub(r"_\d+$", "", name).replace("_", "") == layer["class_name"].lower()
        if is_operation or counted:
            found[name] = f"number {number}"
    return found


def _without_counts(value: Any, names: dict[str, str]) -> Any:
    if isinstance(value, dict):
        inner = {**names, **_counted_names(value)} if isinstance(value.get("layers"), list) else names
        cleaned = {key: _without_counts(item, inner) for key, item in value.items()}
        return {**cleaned, "module": None} if "module" in cleaned else cleaned
    if isinstance(value, list):
        return [_without_counts(item, names) for item in value]
    return names.get(value, value) if isinstance(value, str) else value


def looked_at(make: Any) -> keras.Model:
    """Return a model without memory for its weights."""
    keras.utils.set_random_seed(1)
    with without_weights():
        return make()


def assert_same_configuration(project: Project, spec: DataSpec, folder: Path) -> dict[str, Any]:
    """Compare the models of the builder and of the script; return what the script defines."""
    names = executed(project, spec, folder)
    built = looked_at(lambda: build(project, spec))
    generated = looked_at(names["build_model"])
    if isinstance(built, AdversarialModel):
        sides = {"generator": built.generator, "discriminator": built.discriminator_in_units}
        for side, model in sides.items():
            assert comparable(looked_at(names[f"build_{side}"])) == comparable(model)
    else:
        assert comparable(generated) == comparable(built)
    assert _weights(generated) == _weights(built)
    return names


def _weights(model: keras.Model) -> list[tuple[str, tuple[int, ...], bool]]:
    return [(weight.path, tuple(weight.shape), weight.trainable) for weight in model.weights]


def assert_same(project: Project, spec: DataSpec, folder: Path) -> None:
    """Compare configuration, initial weights and outputs of both models, bit by bit."""
    names = assert_same_configuration(project, spec, folder)
    models = []
    for make in (lambda: build(project, spec), names["build_model"]):
        keras.utils.set_random_seed(1)
        models.append(make())
    assert_same_numbers(*models, arrays_for(spec))


def assert_same_numbers(one: keras.Model, other: keras.Model, arrays: dict[str, np.ndarray]) -> None:
    """Compare initial weights and outputs, bit by bit."""
    for before, after in zip(one.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_array_equal(before, after)
    outputs = [
        keras.tree.flatten(model([arrays[tensor.name] for tensor in one.inputs])) for model in (one, other)
    ]
    for before, after in zip(*outputs, strict=True):
        np.testing.assert_array_equal(np.asarray(before), np.asarray(after))


def free_script(graph: Graph, name: str = "free") -> str:
    """Return the script of a graph without data, after comparing its model's configuration."""
    code = model_script(graph, name)
    names = run_code(code, Path("free.py"))
    built = looked_at(lambda: build_free(graph, name))
    generated = looked_at(names["build_model"])
    assert comparable(generated) == comparable(built)
    assert [item[1:] for item in _weights(generated)] == [item[1:] for item in _weights(built)]
    return code
