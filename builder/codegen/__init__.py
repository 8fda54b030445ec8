"""From a project to a Keras script that a person can read, change and run without this program."""

from __future__ import annotations

import keras

from builder.codegen import data_code, training_code
from builder.codegen.model_code import build_model_source, carried_sources
from builder.compiler import sound_analysis
from builder.compiler.analysis import Analysis
from builder.compiler.model import assemble
from builder.data.spec import DataSpec
from builder.project import Project


def script(project: Project, spec: DataSpec) -> str:
    """Return a Keras script: model, data, training, evaluation, saving.

    Composite blocks stand in it as the very functions that the builder runs, so that its
    ``build_model()`` and ``builder.compiler.build`` cannot differ. It needs the files that
    ``companion_files`` returns beside it.

    Raises:
        BuilderError: where the project has errors; carries all of them.
    """
    analysis = sound_analysis(project, spec)
    settings = project.training_settings()
    functions = [
        *carried_sources(analysis),
        build_model_source(analysis, project.name),
        data_code.load_data_source(spec),
        *training_code.carried_sources(settings),
        training_code.compile_source(settings, spec, _without_weights(project, analysis)),
        training_code.split_and_main_source(settings, spec),
    ]
    constants = [
        *data_code.constants(spec),
        *training_code.constants(settings, project.data.split_settings()),
    ]
    head = [_docstring(project, spec), "", *_imports(spec), "", *constants]
    return "\n".join(head) + "\n\n\n" + "\n\n\n".join(functions) + "\n"


def companion_files(spec: DataSpec) -> dict[str, str]:
    """Return the files that a script reads from beside itself, as name and text."""
    return data_code.companions(spec)


def _docstring(project: Project, spec: DataSpec) -> str:
    title = " ".join(project.name.split()).replace("\\", "/").replace('"', "'") or "Model"
    is_image = any(item.kind == "image" for item in spec.inputs)
    data = "a folder with one folder of pictures a class" if is_image else "a CSV file with a header"
    beside = " and ".join(companion_files(spec))
    needs = f"\n\nIt reads {beside} from beside itself." if beside else ""
    return f'"""{title}: a Keras model and its training.\n\nRun it with {data} as its argument.{needs}\n"""'


def _imports(spec: DataSpec) -> list[str]:
    kinds = {item.kind for item in spec.inputs}
    standard = ["import argparse", *(["import json"] if "table" in kinds else []), "from pathlib import Path"]
    tables = ["import pandas as pd"] if "image" not in kinds else []
    return [*standard, "", "import keras", "import numpy as np", *tables, "from keras import layers"]


def _without_weights(project: Project, analysis: Analysis) -> keras.Model:
    """Return the project's model as training has it, but with no memory for its weights."""
    with keras.StatelessScope(initialize_variables=False):
        return assemble(analysis, project.name)
