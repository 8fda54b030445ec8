"""One model for several columns to predict: from the data to files that run elsewhere."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from builder import compiler
from builder.data.prepare import Prepared, prepare
from builder.data.profile import propose
from builder.data.sources import SAMPLES_FOLDER
from builder.errors import BuilderError
from builder.explain.evaluation import evaluate
from builder.explain.local.explaining import explained_row
from builder.explain.predict import predict
from builder.export import run as export
from builder.graph import Edge, Graph, Node
from builder.project import DataRecipe, Project
from builder.train.loop import Interrupted, fit
from builder.train.randomness import seed_everything
from builder.train.reporting import Silent

HEADS = {"income": "classification_head.v1", "sex": "classification_head.v1", "age": "regression_head.v1"}
SETTINGS = {"epochs": 8, "batch_size": 64, "early_stopping": False, "learning_rate": 0.01}


def recipe(folder: Path) -> DataRecipe:
    file = folder / "people.csv"
    rows = pd.read_csv(SAMPLES_FOLDER / "adult_income" / "train.csv.gz", dtype=str, keep_default_na=False)
    rows.iloc[:3000].to_csv(file, index=False)
    found = propose({"kind": "csv", "path": str(file)})
    return replace(found, roles={**found.roles, "sex": "class_target", "age": "number_target"})


def model_with(heads: dict[str, str]) -> Graph:
    nodes = [Node("features", "input.v1"), Node("hidden", "dense.v1", {"units": 32, "activation": "relu"})]
    nodes += [Node(name, kind) for name, kind in heads.items()]
    edges = [Edge("features", "hidden"), *(Edge("hidden", name) for name in heads)]
    return Graph(tuple(nodes), tuple(edges))


@pytest.fixture(scope="module")
def project(tmp_path_factory) -> Project:
    return Project("People", recipe(tmp_path_factory.mktemp("data")), model_with(HEADS), SETTINGS)


@pytest.fixture(scope="module")
def prepared(project: Project, tmp_path_factory) -> Prepared:
    return prepare(project.data, tmp_path_factory.mktemp("cache"))


@pytest.fixture(scope="module")
def trained(project: Project, prepared: Prepared, tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    return train(project, prepared, folder)


def train(project: Project, prepared: Prepared, folder: Path, control=None):
    settings = project.training_settings()
    seed_everything(settings)
    model = compiler.build(project, prepared.spec)
    return model, fit(model, prepared, settings, folder, control=control)


def test_each_target_has_its_classes_or_its_unit(prepared: Prepared) -> None:
    income, age, sex = prepared.spec.each_target
    assert income.class_names == ("<=50K", ">50K") and sex.class_names == ("Female", "Male")
    assert age.task == "regression" and 35 < age.target_mean < 42
    assert not {"sex", "age"} & set(prepared.sample(0)["row"])
    assert len({len(values) for values in prepared.all_targets}) == 1


def test_every_output_follows_its_target(project: Project, prepared: Prepared) -> None:
    model = compiler.build(project, prepared.spec)
    assert [tensor.shape[-1] for tensor in model.outputs] == [2, 1, 2]
    assert compiler.check(project, prepared.spec) == []


def test_an_output_block_says_which_target_it_predicts(project: Project, prepared: Prepared) -> None:
    graph = model_with(HEADS)
    named = replace(
        graph,
        nodes=(*graph.nodes, Node("first", "output.v1", {"target": "sex"}), *map(output, ("sex", "age"))),
        edges=(*graph.edges, Edge("income", "first"), Edge("sex", "out_sex"), Edge("age", "out_age")),
    )
    model = compiler.build(project.with_model(named), prepared.spec)
    assert model.output_names == ["sex", "age", "income"]


def output(name: str) -> Node:
    return Node(f"out_{name}", "output.v1")


def test_a_target_without_output_is_told_and_mended_by_a_click(project: Project, prepared: Prepared) -> None:
    lacking = model_with({name: kind for name, kind in HEADS.items() if name != "age"})
    (problem,) = compiler.check(project.with_model(lacking), prepared.spec)
    assert problem.code == "target_without_output" and "'age'" in problem.message
    mended = lacking.edited(problem.repair.edits)
    assert compiler.check(project.with_model(mended), prepared.spec) == []


def test_an_unknown_target_is_told_and_mended_by_a_click(project: Project, prepared: Prepared) -> None:
    graph = model_with(HEADS)
    wrong = replace(
        graph,
        nodes=(*graph.nodes, Node("first", "output.v1", {"target": "height"}), *map(output, ("sex", "age"))),
        edges=(*graph.edges, Edge("income", "first"), Edge("sex", "out_sex"), Edge("age", "out_age")),
    )
    (problem,) = compiler.check(project.with_model(wrong), prepared.spec)
    assert problem.code == "unknown_target" and "income, age, sex" in problem.message
    assert compiler.check(project.with_model(wrong.edited(problem.repair.edits)), prepared.spec) == []


def test_every_target_is_learned_and_scored_beside_its_guess(trained, prepared: Prepared) -> None:
    model, outcome = trained
    assert {"accuracy", "sex_accuracy", "age_mean_absolute_error", "age_loss"} <= set(outcome.result["test"])
    report = evaluate(model, prepared)
    assert report["target"] == "income" and report["learned"]
    age, sex = report["further"]
    assert sex["target"] == "sex" and sex["accuracy"] > sex["baseline"]["accuracy"]
    assert age["target"] == "age" and age["mean_absolute_error"] < age["baseline"]["mean_absolute_error"]
    assert age["mean_absolute_error"] == pytest.approx(
        outcome.result["test"]["age_mean_absolute_error"], rel=1e-3
    )


class InterruptAfter(Silent):
    """Asks for an interruption once training has begun."""

    def __init__(self) -> None:
        self.asked = 0

    def command(self) -> str | None:
        self.asked += 1
        return "interrupt" if self.asked > 3 else None


def test_a_run_goes_on_exactly(project: Project, prepared: Prepared, trained, tmp_path: Path) -> None:
    with pytest.raises(Interrupted):
        train(project, prepared, tmp_path, InterruptAfter())
    resumed, _ = train(project, prepared, tmp_path)
    for ours, theirs in zip(resumed.get_weights(), trained[0].get_weights(), strict=True):
        assert np.array_equal(ours, theirs)


def test_all_formats_give_every_answer(project: Project, prepared: Prepared, trained, tmp_path: Path) -> None:
    model, _ = trained
    formats = ("saved_model", "tflite_float32")
    report = export(model, project, prepared, tmp_path / "exports", formats)
    for item in report["formats"]:
        assert item["status"] == "verified", item
        assert set(item["further"]) == {"sex", "age"}
    row = prepared.sample(int(prepared.indices["test"][0]))["row"]
    (tmp_path / "sample.json").write_text(json.dumps(row))
    snippet = tmp_path / "exports" / "tflite_float32" / "predict_tflite.py"
    command = [sys.executable, str(snippet), str(tmp_path / "sample.json")]
    answer = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    (expected,) = predict(model, prepared.spec, [row])
    assert answer["label"] == expected["label"]
    assert answer["further"]["age"]["value"] == pytest.approx(expected["further"]["age"]["value"], rel=1e-3)
    assert answer["further"]["sex"]["label"] == expected["further"]["sex"]["label"]


def test_each_answer_is_explained_by_itself(trained, prepared: Prepared) -> None:
    model, _ = trained
    row = int(prepared.indices["test"][0])
    (said,) = predict(model, prepared.spec, [prepared.sample(row)["row"]])
    explained = {name: explained_row(model, prepared, row, target=name) for name in ("income", "sex", "age")}
    assert explained["income"]["label"] == said["label"]
    assert explained["sex"]["label"] == said["further"]["sex"]["label"]
    assert explained["age"]["value"] == pytest.approx(said["further"]["age"]["value"], rel=1e-4)
    assert explained_row(model, prepared, row) == explained["income"]
    with pytest.raises(BuilderError, match="does not predict 'height'. It predicts: income, age, sex"):
        explained_row(model, prepared, row, target="height")
