"""Both sides of an adversarial training are checked, and one click after the other makes them sound."""

import json
from dataclasses import replace

import pytest
from graph_cases import image_spec

from builder import compiler
from builder.compiler import infer, judging_spec
from builder.data.spec import ArraySpec, DataSpec, ModelInput
from builder.difference.projects import project_difference
from builder.graph import Edge, Graph, Node
from builder.params import AUTO
from builder.project import Project, load_preset

SPEC = replace(image_spec(), task="generation")
SERIES = DataSpec(
    "generation",
    (
        ModelInput(
            "series",
            "series",
            (ArraySpec("series", (12, 3), "float32"),),
            {"means": [0.0] * 3, "variances": [1.0] * 3, "normalize": True},
        ),
    ),
)


def chain(*nodes: Node) -> Graph:
    edges = [Edge(one.id, other.id) for one, other in zip(nodes, nodes[1:], strict=False)]
    return Graph(nodes, tuple(edges))


def problems(graph: Graph, spec: DataSpec) -> list[dict]:
    return infer(graph.to_json(), spec.to_json())["problems"]


def codes(graph: Graph, spec: DataSpec) -> list[str]:
    return [problem["code"] for problem in problems(graph, spec)]


def mended(graph: Graph, spec: DataSpec, clicks: int = 8) -> Graph:
    for _ in range(clicks):
        found = [problem["repair"] for problem in problems(graph, spec) if problem.get("repair")]
        if not found:
            return graph
        graph = graph.edited(found[0]["edits"])
    return graph


LATENT = Node("latent", "latent_input.v1", {"units": 8})
MAKER = Node("maker", "image_generator.v1", {"height": AUTO, "width": AUTO, "channels": AUTO, "filters": 4})
DATA = Node("input", "input.v1")


@pytest.mark.parametrize("spec", [SPEC, judging_spec(SPEC), SERIES, judging_spec(SERIES)])
def test_an_empty_side_becomes_sound_by_clicks_alone(spec: DataSpec) -> None:
    graph = mended(Graph(), spec)
    assert problems(graph, spec) == []
    shape = infer(graph.to_json(), spec.to_json())["summary"]["output_shape"]
    assert shape == [None, *((1,) if spec.judging else spec.sample_shape)]


@pytest.mark.parametrize(
    ("graph", "spec", "code"),
    [
        (chain(DATA, replace(MAKER, kind="flatten.v1", parameters={})), SPEC, "data_in_generator"),
        (chain(LATENT, Node("d", "dense.v1", {"units": 1})), judging_spec(SPEC), "latent_misplaced"),
        (chain(LATENT, replace(MAKER, parameters={"height": 9, "filters": 4})), SPEC, "sample_shape"),
        (chain(LATENT, MAKER), SPEC, "sample_range"),
        (
            chain(DATA, Node("d", "image_discriminator.v1", {"depth": 1})),
            judging_spec(SPEC),
            "discriminator_logit",
        ),
        (
            chain(DATA, Node("f", "flatten.v1"), Node("d", "dense.v1", {"units": 3})),
            judging_spec(SPEC),
            "discriminator_output",
        ),
    ],
)
def test_a_misfit_is_told_and_mended(graph: Graph, spec: DataSpec, code: str) -> None:
    assert code in codes(graph, spec)
    assert codes(mended(graph, spec), spec) == []


def test_noise_has_no_place_in_a_model_of_another_task() -> None:
    graph = chain(LATENT, Node("head", "classification_head.v1"))
    assert "latent_misplaced" in codes(graph, image_spec())


def test_a_project_without_a_discriminator_is_told_so() -> None:
    preset = load_preset("images/dcgan")
    found = compiler.check(replace(preset, discriminator=None), replace(SPEC, windows={}))
    assert any("In the discriminator" in problem.message for problem in found)


def test_a_gradient_penalty_and_batch_statistics_do_not_go_together() -> None:
    preset = load_preset("images/dcgan")
    project = replace(
        preset, training={**preset.training, "adversarial_loss": "wasserstein_gradient_penalty"}
    )
    found = [problem.code for problem in compiler.check(project, SPEC)]
    assert "penalty_with_batch_statistics" in found


def test_a_discriminator_of_another_task_is_only_a_hint() -> None:
    project = replace(load_preset("images/cnn"), discriminator=chain(DATA))
    found = compiler.check(project, image_spec())
    assert [item.severity for item in found if item.code == "discriminator_unused"] == ["warning"]


def test_the_document_keeps_both_graphs_and_old_documents_have_one() -> None:
    preset = load_preset("images/dcgan")
    again = Project.from_json(json.loads(json.dumps(preset.to_json())))
    assert again == preset and again.discriminator == preset.discriminator
    old = load_preset("images/cnn")
    assert old.discriminator is None and "discriminator" not in old.to_json()


def test_what_changed_in_the_discriminator_is_told() -> None:
    before = load_preset("images/dcgan")
    assert before.discriminator is not None
    graph = before.discriminator.edited(
        [{"op": "set_parameter", "id": "discriminator", "name": "dropout", "value": 0.1}]
    )
    found = project_difference(before, replace(before, discriminator=graph))
    assert not found.is_same
    assert "discriminator" in found.words()
