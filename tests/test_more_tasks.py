"""Several labels, ranks and counts go the whole way: checks with repairs, training, scores, predictions."""

from typing import Any

import numpy as np
import pytest

from builder import compiler
from builder.data.prepare import Prepared, prepare
from builder.errors import BuilderError
from builder.explain.evaluation import evaluate
from builder.explain.predict import predict
from builder.graph import Edge, Graph, Node
from builder.project import DataRecipe, Project
from builder.train.loop import fit
from builder.train.randomness import seed_everything

# Keras 3.15 turns its variables into arrays in a way that NumPy 2 is going to refuse.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

HEADS = {"multi_label": "multi_label_head.v1", "ordinal": "ordinal_head.v1", "count": "count_head.v1"}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Prepared]:
    """Prepare one table for each task; what is to be predicted follows from its two numbers."""
    folder = tmp_path_factory.mktemp("tables")
    random = np.random.default_rng(2)
    x, y = random.uniform(-2, 2, (2, 600)).round(3)
    labels = [
        "; ".join(name for name, wanted in (("right", a > 0), ("up", b > 0)) if wanted) or "[]"
        for a, b in zip(x, y, strict=True)
    ]
    targets = {
        "multi_label": labels,
        "ordinal": np.digitize(x + y, [-1.5, 0, 1.5]).tolist(),
        "count": random.poisson(np.exp(0.8 * x)).tolist(),
    }
    found = {}
    for task, values in targets.items():
        file = folder / f"{task}.csv"
        rows = "".join(f'{a},{b},"{value}"\n' for a, b, value in zip(x, y, values, strict=True))
        file.write_text(f"x,y,target\n{rows}")
        roles = {"x": "numeric", "y": "numeric", "target": "target"}
        recipe = DataRecipe({"kind": "csv", "path": str(file)}, task, roles, split={"method": "random"})
        found[task] = prepare(recipe, folder / "cache")
    return found


def project(task: str, head: str, **parameters: Any) -> Project:
    nodes = (
        Node("input", "input.v1"),
        Node("hidden", "dense.v1", {"units": 16, "activation": "relu"}),
        Node("head", head, parameters),
    )
    edges = (Edge("input", "hidden"), Edge("hidden", "head"))
    training = {"epochs": 15, "learning_rate": 0.02, "batch_size": 32}
    return Project(task, DataRecipe({"kind": "sample", "name": "x"}, task), Graph(nodes, edges), training)


@pytest.mark.parametrize("task", HEADS)
def test_a_head_of_another_task_is_replaced_by_one_click(task: str, data: dict[str, Prepared]) -> None:
    spec = data[task].spec
    other = "regression_head.v1"
    (problem,) = [p for p in compiler.check(project(task, other), spec) if p.block == "head"]
    assert problem.code == "head_of_other_task" and problem.repair is not None
    mended = project(task, other)
    mended = mended.with_model(mended.model.edited(problem.repair.edits))
    assert {node.kind for node in mended.model.nodes} >= {HEADS[task]}
    assert compiler.check(mended, spec) == []


def test_a_plain_layer_is_told_how_many_labels_there_are(data: dict[str, Prepared]) -> None:
    spec = data["multi_label"].spec
    wrong = project("multi_label", "dense.v1", units=5, activation="sigmoid")
    (problem,) = [p for p in compiler.check(wrong, spec) if p.code == "class_count_mismatch"]
    assert "2 labels" in problem.message and problem.repair is not None
    softmax = project("multi_label", "dense.v1", units=2, activation="softmax")
    (warning,) = [p for p in compiler.check(softmax, spec) if p.code == "output_activation"]
    assert warning.repair is not None
    assert compiler.check(softmax.with_model(softmax.model.edited(warning.repair.edits)), spec) == []


@pytest.fixture(scope="module")
def trained(data: dict[str, Prepared], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Train a small model for each task."""
    found = {}
    for task, head in HEADS.items():
        case = project(task, head)
        settings = case.training_settings()
        seed_everything(settings)
        model = compiler.build(case, data[task].spec)
        fit(model, data[task], settings, tmp_path_factory.mktemp(task))
        found[task] = model
    return found


def test_each_learns_and_is_measured_beside_the_simplest_rule(
    trained: dict[str, Any], data: dict[str, Prepared]
) -> None:
    reports = {task: evaluate(model, data[task]) for task, model in trained.items()}
    assert all(report["learned"] for report in reports.values())
    assert reports["multi_label"]["micro_f1"] > 0.9 > reports["multi_label"]["baseline"]["micro_f1"]
    assert reports["ordinal"]["mean_absolute_error"] < 0.25
    assert reports["ordinal"]["quadratic_weighted_kappa"] > 0.8
    assert len(reports["ordinal"]["confusion_matrix"]) == 4
    counts = reports["count"]
    assert counts["poisson_deviance"] < 0.8 * counts["baseline"]["poisson_deviance"]


def test_each_answers_in_its_own_words(trained: dict[str, Any], data: dict[str, Prepared]) -> None:
    sample = [{"x": 1.8, "y": 1.8}]
    answers = {task: predict(model, data[task].spec, sample)[0] for task, model in trained.items()}
    assert answers["multi_label"]["labels"] == ["right", "up"]
    assert answers["ordinal"]["label"] == "3"
    assert sum(answers["ordinal"]["probabilities"].values()) == pytest.approx(1)
    assert answers["count"]["value"] > 2


def test_a_watched_value_that_is_not_reported_is_told(data: dict[str, Prepared], tmp_path: Any) -> None:
    case = project("multi_label", HEADS["multi_label"])
    settings = {**case.training_settings(), "monitor": "accuracy"}
    model = compiler.build(case, data["multi_label"].spec)
    with pytest.raises(BuilderError, match="'accuracy' is not reported by this run.*micro_f1"):
        fit(model, data["multi_label"], settings, tmp_path)
