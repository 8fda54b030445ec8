"""From a graph of blocks to shapes, problems and a Keras model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import keras

from builder.adversarial.model import AdversarialModel
from builder.compiler import generation_rules
from builder.compiler.analysis import Analysis, analyse
from builder.compiler.ends import ends_by_target
from builder.compiler.facts import facts, inside
from builder.compiler.learning_rates import layer_factors
from builder.compiler.model import assemble, model_name
from builder.compiler.output_rules import last_activation, loss_problems
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
        ``{"nodes": {id: {"shape", "dtype", "flow", "parameters", "outputs"}}, "problems": [...],
        "summary": {"parameters", "trainable", "layers", "size_bytes", "output_shape"}, "inside": {own kind:
        {"use", "nodes", "problems"}}}``. Shapes start with None for the batch; "outputs" has shape, dtype
        and flow by port. Blocks at or behind an error are missing from "nodes". Own blocks are told of as
        wholes; "inside" tells of their blocks, as the first use of each kind, named in "use", has them.
    """
    try:
        graph = Graph.from_json(graph_json)
    except BuilderError as error:
        analysis = Analysis(Graph(), None, problems=list(error.problems))
    else:
        analysis = analyse(graph, None if spec_json is None else DataSpec.from_json(spec_json))
    return {
        "nodes": facts(analysis, {node.id: node for node in analysis.document.nodes}),
        "problems": [problem.to_json() for problem in analysis.problems],
        "summary": _summary(analysis),
        "inside": inside(analysis),
    }


def check(project: Project, spec: DataSpec | None) -> list[Problem]:
    """Return every problem of a project: document, blocks, shapes, and fit to the task."""
    structure = project.model.check_structure()
    document = [problem for problem in project.check() if problem not in structure]
    analysis = analyse(project.model, spec)
    beside = _discriminator_problems(project, spec) if project.has_discriminator and spec is not None else []
    return document + analysis.problems + beside + _loss_problems(project, analysis)


def build(project: Project, spec: DataSpec) -> keras.Model:
    """Return the Keras model of a project, with fresh weights.

    Its inputs are named by the data's arrays, its layers by the blocks' ids (composites:
    ``f"{id}_..."``). For an adversarial training it is the pair of generator and discriminator.

    Raises:
        BuilderError: where ``check`` finds an error; carries all of them.
    """
    model = assemble(sound_analysis(project, spec), project.name)
    if spec.task != "generation":
        return model
    judging = analyse(project.discriminator or Graph(), judging_spec(spec))
    return AdversarialModel(model, assemble(judging, "discriminator"), spec, model_name(project.name))


def build_free(graph: Graph, name: str) -> keras.Model:
    """Return the Keras model of a graph that needs no data: its inputs are free inputs.

    Raises:
        BuilderError: with every error of the graph.
    """
    analysis = analyse(graph, None)
    errors = [problem for problem in analysis.problems if problem.severity == "error"]
    if errors:
        raise BuilderError(errors)
    return assemble(analysis, name)


def sound_analysis(project: Project, spec: DataSpec) -> Analysis:
    """Return the analysis of a project without errors.

    Raises:
        BuilderError: with every error that ``check`` finds.
    """
    errors = [problem for problem in check(project, spec) if problem.severity == "error"]
    if errors:
        raise BuilderError(errors)
    return analyse(project.model, spec)


def learning_rate_factors(project: Project, spec: DataSpec) -> dict[str, float]:
    """Return the factor of the learning rate for every layer that has one of its own.

    Raises:
        BuilderError: where ``check`` finds an error; carries all of them.
    """
    analyses = [sound_analysis(project, spec)]
    if project.discriminator is not None and spec.task == "generation":
        analyses.append(analyse(project.discriminator, judging_spec(spec)))
    return {name: factor for analysis in analyses for name, factor in layer_factors(analysis).items()}


def judging_spec(spec: DataSpec) -> DataSpec:
    """Return the specification that the discriminator beside a generator has to fit."""
    return replace(spec, judging=True)


def _discriminator_problems(project: Project, spec: DataSpec) -> list[Problem]:
    """Return what is wrong with the second graph; repairs are offered where that graph is edited."""
    if spec.task != "generation":
        message = (
            "The project has a discriminator, which only the task of new samples has a use for. It is left "
            "alone; choose that task on the Data page to train it."
        )
        return [Problem("discriminator_unused", message, field="task", severity="warning")]
    analysis = analyse(project.discriminator or Graph(), judging_spec(spec))
    found = analysis.problems + generation_rules.batch_statistics(
        analysis.graph, analysis.values, project.training_settings()
    )
    return [
        replace(item, message=f"In the discriminator: {item.message}", block=None, repair=None)
        for item in found
    ]


def _loss_problems(project: Project, analysis: Analysis) -> list[Problem]:
    ends = ends_by_target(analysis.graph, analysis.spec)
    if analysis.spec is None or len(ends) != len(analysis.spec.each_target):
        return []
    if ends[0].id not in analysis.outcomes:
        return []
    if analysis.spec.task == "generation":
        return []
    output = analysis.outcomes[ends[0].id].output
    activation, _ = last_activation(analysis.graph, ends[0], analysis.values)
    return loss_problems(project.training_settings()["loss"], analysis.spec, output, activation)


def _summary(analysis: Analysis) -> dict[str, Any]:
    results = analysis.outcomes.values()
    parameters = sum(result.parameters for result in results)
    ends = ends_by_target(analysis.graph, analysis.spec)
    targets = 1 if analysis.spec is None else len(analysis.spec.each_target)
    last = analysis.outcomes.get(ends[0].id) if len(ends) == targets else None
    return {
        "parameters": parameters,
        "trainable": sum(result.trainable for result in results),
        "layers": sum(len(result.suffixes) for result in results),
        "size_bytes": parameters * BYTES_PER_WEIGHT,
        "output_shape": list(last.output.shape) if last is not None else None,
    }
