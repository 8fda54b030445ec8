"""An autoencoder learns from normal rows alone and finds what is unusual."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from builder import compiler
from builder.data.prepare import Prepared, prepare
from builder.data.profile import profile
from builder.data.reconstruction import ANOMALIES_FILE
from builder.data.spec import DataSpec
from builder.errors import BuilderError
from builder.explain.evaluation import evaluate
from builder.explain.predict import predict
from builder.export import runtimes
from builder.export.tflite import float32
from builder.graph import Edge, Graph, Node
from builder.project import DataRecipe, Project, load_preset
from builder.train.loop import fit
from builder.train.randomness import seed_everything
from builder.truth.exported import ExportedModel
from builder.truth.scores import can_score, scored

# Keras 3.15 turns its variables into arrays in a way that NumPy 2 is going to refuse.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write rows whose second number follows from the first, but for those that are broken."""
    random = np.random.default_rng(4)
    x = random.normal(0, 2, 500)
    broken = np.arange(500) % 10 == 0
    y = np.where(broken, -x + random.choice([-2, 2], 500), x) + random.normal(0, 0.1, 500)
    path = tmp_path_factory.mktemp("table") / "machine.csv"
    states = np.where(broken, "broken", "good")
    rows = "".join(f"{a:.3f},{b:.3f},east,{c}\n" for a, b, c in zip(x, y, states, strict=True))
    path.write_text("x,y,place,state\n" + rows.replace("east", "west", 60))
    return path


def recipe(file: Path, **preprocessing: Any) -> DataRecipe:
    roles = {"x": "numeric", "y": "numeric", "place": "categorical", "state": "target"}
    source = {"kind": "csv", "path": str(file)}
    return DataRecipe(source, "reconstruction", roles, preprocessing, {"method": "random"})


@pytest.fixture(scope="module")
def machines(file: Path, tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    return prepare(recipe(file), tmp_path_factory.mktemp("cache"))


def test_only_normal_rows_are_learned_from_and_the_target_is_the_input(machines: Prepared) -> None:
    anomalies = np.load(machines.folder / ANOMALIES_FILE)
    assert anomalies.sum() == 50 and machines.spec.anomaly == {"normal": "good", "quantile": 0.95}
    for part in ("train", "validation"):
        assert not anomalies[machines.indices[part]].any()
    assert anomalies[machines.indices["test"]].sum() == 50
    assert machines.spec.target_shape == (5,) and machines.spec.class_names == ()
    train = machines.targets[machines.indices["train"]]
    assert train[:, :2].mean(axis=0) == pytest.approx(0, abs=1e-4)
    assert train[:, :2].std(axis=0) == pytest.approx(1, abs=1e-3)
    assert (train[:, 2:].sum(axis=1) == 1).all()
    assert DataSpec.from_json(machines.spec.to_json()) == machines.spec


def test_the_normal_class_is_the_most_frequent_or_the_one_that_is_named(file: Path, tmp_path: Path) -> None:
    named = prepare(recipe(file, normal_class="broken"), tmp_path)
    assert named.spec.anomaly["normal"] == "broken"
    assert sum(named.spec.rows[part] for part in ("train", "validation")) < 50
    with pytest.raises(BuilderError, match="There is no class 'fine'.*broken, good"):
        prepare(recipe(file, normal_class="fine"), tmp_path)
    told = profile(recipe(file))
    assert told["parts"]["test"] > 100 and told["class_balance"] == {"broken": 50, "good": 450}


def test_texts_cannot_be_given_back(file: Path, tmp_path: Path) -> None:
    wrong = recipe(file)
    wrong = replace(wrong, roles={**wrong.roles, "place": "text"})
    with pytest.raises(BuilderError, match="tables of numbers and categories, and in pictures"):
        prepare(wrong, tmp_path)


def project(head: str = "reconstruction_head.v1", **parameters: Any) -> Project:
    kinds = (
        ("input", "input.v1", {}),
        ("code", "dense.v1", {"units": 2, "activation": "elu"}),
        ("wide", "dense.v1", {"units": 16, "activation": "elu"}),
        ("head", head, parameters),
    )
    nodes = tuple(Node(*kind) for kind in kinds)
    edges = tuple(Edge(a.id, b.id) for a, b in zip(nodes, nodes[1:], strict=False))
    training = {"epochs": 40, "learning_rate": 0.01, "batch_size": 32}
    return Project(
        "machines",
        DataRecipe({"kind": "sample", "name": "x"}, "reconstruction"),
        Graph(nodes, edges),
        training,
    )


def test_a_model_that_gives_back_something_else_is_told(machines: Prepared) -> None:
    assert compiler.check(project(), machines.spec) == []
    (problem,) = compiler.check(project("dense.v1", units=3), machines.spec)
    assert problem.code == "not_given_back" and "5 values a sample" in problem.message
    (problem,) = compiler.check(project("regression_head.v1"), machines.spec)
    assert problem.code == "head_of_other_task" and problem.repair is not None


def test_it_finds_what_is_unusual(machines: Prepared, tmp_path: Path) -> None:
    case = project()
    settings = case.training_settings()
    seed_everything(settings)
    model = compiler.build(case, machines.spec)
    fit(model, machines, settings, tmp_path)
    report = evaluate(model, machines)
    assert report["roc_auc"] > 0.9 > report["baseline"]["roc_auc"] and report["learned"]
    assert report["recall"] > 0.6 and report["false_alarms"] < 0.2
    bins = report["histogram"]
    assert sum(bins["normal"]) + sum(bins["anomalies"]) == report["rows"]
    usual, unusual = predict(model, machines.spec, [{"x": 2, "y": 2, "place": "east"}, {"x": 3, "y": -5}])
    assert usual["error"] < report["threshold"] < unusual["error"]
    exported = tmp_path / "model.tflite"
    exported.write_bytes(float32(model))
    rows = machines.indices["test"]
    assert can_score("reconstruction")
    told = scored(ExportedModel(model, runtimes.litert(exported), 0), machines, rows)
    assert told["metric"] == "roc_auc" and told["score"] == pytest.approx(report["roc_auc"])


def test_pictures_are_given_back_from_0_to_1_without_a_second_copy(tmp_path: Path) -> None:
    preset = load_preset("images/autoencoder")
    digits = prepare(preset.data, tmp_path)
    assert not (digits.folder / "targets.npy").exists()
    rows = digits.indices["train"][:5]
    assert np.allclose(digits.targets[rows], digits.arrays["image"][rows] / 255)
    assert digits.spec.anomaly["normal"] == "1" and compiler.check(preset, digits.spec) == []
