"""From a project to a Keras script, or a notebook, that a person can read, change and run elsewhere."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

import keras

from builder.blocks.weightless import without_weights
from builder.codegen import data_code, training_code
from builder.codegen.adversarial_code import (
    comparing_part,
    pair_code,
    pair_evaluation_part,
    pair_training_part,
)
from builder.codegen.augmentation_code import unwritten
from builder.codegen.evaluation_code import evaluation_part, use_code
from builder.codegen.layout import INDENT, formatted
from builder.codegen.loading import Beside, not_code
from builder.codegen.model_code import ModelCode, model_code
from builder.codegen.notebook import ADVERSARIAL, VALIDATED, notebook_text
from builder.codegen.script_parts import Part, import_lines, names_in
from builder.compiler import judging_spec, learning_rate_factors, sound_analysis
from builder.compiler.analysis import Analysis, analyse
from builder.compiler.model import assemble
from builder.data.sources import sample
from builder.data.spec import DataSpec
from builder.errors import BuilderError, stop
from builder.graph import Graph
from builder.project import Project
from builder.tasks import TASKS


def script(project: Project, spec: DataSpec) -> str:
    """Return a Keras script: data, model, training, evaluation, saving.

    Composite blocks stand in it as the very functions that the builder runs, so that its
    ``build_model()`` and ``builder.compiler.build`` cannot differ; with the same seed it trains on the same
    batches. It needs the files that ``companion_files`` returns beside it.

    Raises:
        BuilderError: where the project has errors, or uses what no script can do; carries all of them.
    """
    parts = _parts(project, spec, 'Path(__file__).with_name("{}")'.format)
    main = ["import argparse", "from pathlib import Path"]
    head = [*_docstring(project, spec), "", *import_lines([*parts, Part("", "", tuple(main))])]
    definitions = [item for part in parts for item in part.definitions]
    return _joined(head, _constants(parts), [*definitions, _main(parts, project, spec)])


def notebook(project: Project, spec: DataSpec) -> str:
    """Return the cells of ``script``, explained, as a Jupyter notebook (nbformat 4).

    It needs the files that ``companion_files`` returns beside it.

    Raises:
        BuilderError: where the project has errors, or uses what no script can do; carries all of them.
    """
    parts = _parts(project, spec, 'Path("{}")'.format)
    words, file = data_code.data_words(project.data, spec), data_code.data_file(project.data)
    use, curves = use_code(spec), ADVERSARIAL if _is_pair(spec) else VALIDATED
    return notebook_text(_title(project), project.description, words, file, parts, use, curves)


def model_script(graph: Graph, name: str) -> str:
    """Return a script with the model alone, for a graph that needs no data, such as an opened model.

    Raises:
        BuilderError: with every error of the graph.
    """
    analysis = analyse(graph, None)
    errors = [problem for problem in analysis.problems if problem.severity == "error"]
    if errors:
        raise BuilderError(errors)
    part = _model_part(model_code(analysis, name))
    head = ['"""A Keras model."""', "", *import_lines([part])]
    end = 'if __name__ == "__main__":\n    build_model().summary()'
    return _joined(head, [], [*part.definitions, end])


# The tasks whose data and training a script can write down.
_TASKS = (
    *("classification", "regression", "multi_label", "ordinal", "count", "reconstruction"),
    *("forecasting", "language_model", "masked_language_model", "segmentation"),
    *("detection", "generation", "token_classification", "text_to_text", "transcription"),
)
# What their data may be read from; other tasks take any of the last ones.
_FORMATS_OF = {
    "forecasting": ("csv",),
    "text_to_text": ("csv",),
    "language_model": ("csv", "text"),
    "masked_language_model": ("csv", "text"),
    "token_classification": ("conll",),
    "segmentation": ("masks",),
    "detection": ("boxes",),
    "generation": ("csv", "arrays", "images"),
}
_FORMATS = ("csv", "arrays", "images", "audio", "linked")


def _check_source(project: Project) -> None:
    """Refuse data whose reading or splitting cannot be written as code yet, rather than write it wrong."""
    if project.data.task not in _TASKS:
        raise not_code(f"the task {TASKS[project.data.task].noun}")
    source = project.data.source
    kind = source.get("kind")
    chosen = sample(source.get("name")).data["format"] if kind == "sample" else kind
    unknown = unwritten(project.data.augmentation_settings())
    if unknown:
        message = (
            f"Augmentation by {', '.join(unknown).replace('_', ' ')} cannot be written as code yet; changes "
            "of single pictures can. Set it to 0 on the Data page for the script, or export the model as a "
            ".keras file: the trained model holds nothing of it."
        )
        raise stop("not_code", message)
    split = project.data.split_settings()
    if chosen not in _FORMATS_OF.get(project.data.task, _FORMATS):
        message = (
            f"Reading data of the kind '{chosen}' cannot be written as code yet. Export the model as a "
            ".keras file instead; it carries its preprocessing."
        )
        raise stop("not_code", message)
    if split["method"] == "time" or split["folds"] > 1:
        message = (
            "A split by time or into folds cannot be written as code yet. Choose another split for the "
            "script, or export the model as a .keras file."
        )
        raise stop("not_code", message)


def companion_files(project: Project, spec: DataSpec) -> dict[str, str]:
    """Return the files that a project's script reads from beside itself, as name and text."""
    return data_code.companions(project.data, spec)


# What the program itself is called, and what it assigns before all parts.
_MAIN_NAMES = ("main", "path", "output")


def _parts(project: Project, spec: DataSpec, beside: Beside) -> list[Part]:
    _check_source(project)
    analysis = sound_analysis(project, spec)
    settings = project.training_settings()
    if settings["missing_inputs"] and len(spec.inputs) > 1:
        raise not_code("inputs that are sometimes missing in training")
    weights = training_code.weights_part(settings)
    if weights and _is_pair(spec):
        raise not_code("a generator that starts from the weights of another one")
    before = data_code.data_parts(project.data, spec, beside, settings)
    factors = learning_rate_factors(project, spec)
    after = [*([weights] if weights else []), *_training_parts(project, spec, analysis, factors)]
    taken = {*names_in([*before, *after]), *_MAIN_NAMES}
    if _is_pair(spec):
        code = _pair_code(project, analysis, taken)
    else:
        code = model_code(analysis, project.name, taken=taken)
    model, seeded = _model_part(code), training_code.seed_steps(settings)
    extra = ("import tensorflow as tf",) if settings["deterministic"] else ()
    sides = ("model.generator", "model.judge") if _is_pair(spec) else ("model",)
    steps = (*seeded, "model = build_model()", *(f"{side}.summary()" for side in sides))
    model = replace(model, imports=(*model.imports, *extra), steps=steps)
    return [*before, model, *after]


def _training_parts(
    project: Project, spec: DataSpec, analysis: Analysis, factors: Mapping[str, float]
) -> list[Part]:
    """Return the parts that train the model, and that evaluate and save it."""
    settings = project.training_settings()
    if _is_pair(spec):
        return [comparing_part(spec), pair_training_part(settings, factors), pair_evaluation_part(spec)]
    trained = _without_weights(project, analysis)
    return [
        training_code.training_part(settings, spec, trained, factors),
        evaluation_part(spec, trained),
    ]


def _is_pair(spec: DataSpec) -> bool:
    """Tell whether a generator and a discriminator are trained."""
    return spec.task == "generation"


def _pair_code(project: Project, generator: Analysis, taken: Collection[str]) -> ModelCode:
    assert generator.spec is not None, "a generator has data"
    discriminator = analyse(project.discriminator or Graph(), judging_spec(generator.spec))
    return pair_code(generator, discriminator, project.name, taken)


def _model_part(code: ModelCode) -> Part:
    text = "\n".join([*code.carried, *code.functions])
    arrays = ("import numpy as np",) if "np." in text else ()
    layers = ("from keras import layers",) if "layers." in text.replace("keras.layers.", "") else ()
    return Part(
        "The model",
        "Each statement of `build_model` is one block, in the order in which the data flow.",
        imports=("import keras", *arrays, *layers, *code.imports),
        definitions=(*code.carried, *code.functions),
    )


def _title(project: Project) -> str:
    return " ".join(project.name.split()).replace("\\", "/").replace('"', "'") or "Model"


def _docstring(project: Project, spec: DataSpec) -> list[str]:
    words = f"Its argument is {data_code.data_words(project.data, spec)}."
    beside = " and ".join(companion_files(project, spec))
    needs = f"\n\nIt reads {beside} from beside itself." if beside else ""
    recipe = _recipe_words(project)
    return [f'"""{_title(project)}: a Keras model and its training.\n\n{words}{needs}{recipe}\n"""']


def _recipe_words(project: Project) -> str:
    """Return what a script says of the recipe of its project, which it does not repeat."""
    if not project.compression:
        return ""
    name = str(project.compression["recipe"]).replace("_", " ")
    return f"\n\nThe model was made smaller by {name}. The script trains\nits blocks without that."


def _constants(parts: list[Part]) -> list[str]:
    return [line for part in parts for line in part.constants]


def _joined(head: list[str], constants: list[str], definitions: list[str]) -> str:
    top = [*head, *(["", *constants] if constants else [])]
    return "\n".join(top) + "\n\n\n" + "\n\n\n".join(definitions) + "\n"


def _main(parts: list[Part], project: Project, spec: DataSpec) -> str:
    help_text = data_code.data_words(project.data, spec)
    lines = [
        "def main():",
        f'{INDENT}"""Train the model on the data that the command line names, evaluate it and save it."""',
        f"{INDENT}parser = argparse.ArgumentParser(description=main.__doc__)",
        *formatted(INDENT, f'parser.add_argument("data", type=Path, help="{help_text}")'),
        *formatted(INDENT, _OUTPUT_ARGUMENT),
        f"{INDENT}arguments = parser.parse_args()",
        f"{INDENT}path, output = arguments.data, arguments.output",
    ]
    for part in parts:
        lines += ["", *(line for step in part.steps for line in formatted(INDENT, step))]
    return "\n".join([*lines, "", "", 'if __name__ == "__main__":', f"{INDENT}main()"])


_OUTPUT_ARGUMENT = (
    'parser.add_argument("--output", type=Path, default=Path("model.keras"), help="where the model is saved")'
)


def _without_weights(project: Project, analysis: Analysis) -> keras.Model:
    """Return the project's model as training has it, but with no memory for its weights."""
    with without_weights():
        return assemble(analysis, project.name)
