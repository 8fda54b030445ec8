"""From a graph of blocks to shapes, problems and a Keras model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras

from builder.compiler.analysis import Analysis, analyse
from builder.compiler.model import assemble
from builder.compiler.output_rules import loss_problems, output_nodes
from builder.data.spec import DataSpec
from builder.errors import BuilderError, Problem
from builder.graph import Graph
from builder.project import Project

BYTES_PER_WEIGHT = 4


def infer(graph_json: Any, spec_json: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return shapes, weights and problems of a graph as JSON-ready data; never raises for bad graphs.

    Args:
        graph_json: the graph's JSON form.
        spec_json: the data specification's JSON form, or None where no data are chosen.

    Returns:
        ``{"nodes": {id: {"shape", "dtype", "flow", "parameters"}}, "problems": [...], "summary":
        {"parameters", "trainable", "layers", "size_bytes", "output_shape"}}``. Shapes start with
        None for the batch. Blocks at or behind an error are missing from "nodes".
    """
    try:
        graph = Graph.from_json(graph_json)
    except BuilderError as error:
        analysis = Analysis(Graph(), None, problems=list(error.problems))
    else:
        analysis = analyse(graph, None if spec_json is None else DataSpec.from_json(spec_json))
    return {
        "nodes": _nodes(analysis),
        "problems": [problem.to_json() for problem in analysis.problems],
        "summary": _summary(analysis),
    }


def check(project: Project, spec: DataSpec | None) -> list[Problem]:
    """Return every problem of a project: document, blocks, shapes, and fit to the task."""
    structure = project.model.check_structure()
    document = [problem for problem in project.check() if problem not in structure]
    analysis = analyse(project.model, spec)
    return document + analysis.problems + _loss_problems(project, analysis)


def build(project: Project, spec: DataSpec) -> keras.Model:
    """Return the Keras model of a project, with fresh weights.

    Its inputs are named by the data's arrays, its layers by the blocks' ids (composites:
    ``f"{id}_..."``).

    Raises:
        BuilderError: where ``check`` finds an error; carries all of them.
    """
    return assemble(sound_analysis(project, spec), project.name)


def sound_analysis(project: Project, spec: DataSpec) -> Analysis:
    """Return the analysis of a project without errors.

    Raises:
        BuilderError: with every error that ``check`` finds.
    """
    errors = [problem for problem in check(project, spec) if problem.severity == "error"]
    if errors:
        raise BuilderError(errors)
    return analyse(project.model, spec)


def _loss_problems(project: Project, analysis: Analysis) -> list[Problem]:
    ends = output_nodes(project.model)
    if analysis.spec is None or len(ends) != 1 or ends[0].id not in analysis.outcomes:
        return []
    output = analysis.outcomes[ends[0].id].output
    assert output is not None, "an outcome without error has an output"
    return loss_problems(project.training_settings()["loss"], analysis.spec, output)


def _nodes(analysis: Analysis) -> dict[str, Any]:
    nodes = {}
    for node_id, result in analysis.outcomes.items():
        assert result.output is not None, "an outcome without error has an output"
        nodes[node_id] = {
            "shape": list(result.output.shape),
            "dtype": result.output.dtype,
            "flow": result.output.flow,
            "parameters": result.parameters,
        }
    return nodes


def _summary(analysis: Analysis) -> dict[str, Any]:
    results = analysis.outcomes.values()
    parameters = sum(result.parameters for result in results)
    ends = output_nodes(analysis.graph)
    last = analysis.outcomes.get(ends[0].id) if len(ends) == 1 else None
    return {
        "parameters": parameters,
        "trainable": sum(result.trainable for result in results),
        "layers": sum(len(result.suffixes) for result in results),
        "size_bytes": parameters * BYTES_PER_WEIGHT,
        "output_shape": list(last.output.shape) if last is not None and last.output is not None else None,
    }
