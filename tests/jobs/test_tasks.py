"""The engine's questions on real data, in the words of JSON."""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from waiting import until

from builder.errors import BuilderError
from builder.jobs import tasks
from builder.jobs.engine import Engine
from builder.project import FORMAT, FORMAT_VERSION
from builder.runs.files import read_json
from builder.runs.store import default_store
from builder.runs.workspace import default_workspace
from builder.ui import questions

# Keras 3.15 reads TensorFlow variables in a way that NumPy 2 warns of.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

RECIPE = {"source": {"kind": "sample", "name": "digits"}, "task": "classification"}
GRAPH = {
    "nodes": [
        {"id": "input", "kind": "input.v1"},
        {"id": "flatten", "kind": "flatten.v1"},
        {"id": "head", "kind": "classification_head.v1"},
    ],
    "edges": [{"source": "input", "target": "flatten"}, {"source": "flatten", "target": "head"}],
}
PROJECT: dict[str, Any] = {
    "format": FORMAT,
    "version": FORMAT_VERSION,
    "name": "Digits",
    "data": RECIPE,
    "model": GRAPH,
}


@pytest.fixture(scope="module")
def prepared_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One workspace for the module, so that the data are prepared once."""
    return tmp_path_factory.mktemp("tasks")


@pytest.fixture(autouse=True)
def use_it(prepared_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KERABLOCKS_HOME", str(prepared_home))


@pytest.fixture
def trained_run() -> str:
    """A run whose folder holds a built model; its weights do not matter here."""
    from builder.compiler import build
    from builder.data.spec import DataSpec
    from builder.project import Project

    spec = DataSpec.from_json(tasks.prepare(RECIPE, cache())["spec"])
    run_id = untrained_run()
    build(Project.from_json(PROJECT), spec).save(default_workspace().run_folder(run_id) / tasks.MODEL_FILE)
    return run_id


def untrained_run() -> str:
    store = default_store()
    return store.create_run(store.create_project(PROJECT), PROJECT)


def cache() -> str:
    return str(default_workspace().prepared_folder)


def test_shapes_follow_from_the_prepared_data() -> None:
    prepared = tasks.prepare(RECIPE, cache())
    found = tasks.infer(GRAPH, prepared["spec"])
    assert found["problems"] == []
    assert found["summary"]["output_shape"][-1] == 10
    assert Path(prepared["folder"]).is_dir()
    json.dumps([prepared, found])


def test_a_proposal_can_be_profiled_and_prepared() -> None:
    recipe = tasks.propose(RECIPE["source"])  # type: ignore[arg-type]
    profile = tasks.profile(recipe)
    assert recipe["task"] == "classification" and len(profile["class_balance"]) == 10
    json.dumps([recipe, profile])


def test_a_check_tells_problems_of_data_and_of_the_model_together() -> None:
    assert not [found for found in tasks.check(PROJECT, cache()) if found["severity"] == "error"]
    recipe = {**RECIPE, "source": {"kind": "sample", "name": "nowhere"}}
    edges = [{"source": "input", "target": "flatten"}, {"source": "gone", "target": "head"}]
    found = tasks.check({**PROJECT, "data": recipe, "model": {**GRAPH, "edges": edges}}, cache())
    messages = [problem["message"] for problem in found]
    assert any("nowhere" in message for message in messages)
    assert any("gone" in message for message in messages)
    assert not any("Choose data first" in message for message in messages), "why there are none is said"
    assert len(messages) == len(set(messages))


def test_a_script_rebuilds_the_model() -> None:
    text = tasks.script(PROJECT, cache())[tasks.SCRIPT_FILE]
    compile(text, "script.py", "exec")
    assert "import keras" in text and "builder" not in text


def test_a_run_is_evaluated_and_its_scores_are_kept(trained_run: str) -> None:
    report = tasks.evaluate(trained_run)
    assert read_json(default_workspace().run_folder(trained_run) / tasks.EVALUATION_FILE) == report


def test_a_run_predicts_one_sample(trained_run: str) -> None:
    (answer,) = tasks.predict(trained_run, [{"image": np.zeros((28, 28, 1), np.uint8)}])
    assert sum(answer["probabilities"].values()) == pytest.approx(1)


@pytest.mark.slow
def test_an_export_reports_and_tells_its_progress(trained_run: str) -> None:
    told: list[float] = []
    report = tasks.export(trained_run, ["keras"], lambda share, words: told.append(share))
    assert [entry["status"] for entry in report["formats"]] == ["verified"]
    assert told == sorted(told) and told[0] == 0


@pytest.mark.parametrize("ask", [tasks.evaluate, lambda run_id: tasks.predict(run_id, []), tasks.export])
def test_a_run_without_a_model_says_so(ask: Any) -> None:
    with pytest.raises(BuilderError, match="no trained model yet"):
        ask(untrained_run())


def test_an_export_that_fails_leaves_nothing_in_the_earlier_one() -> None:
    run_id = untrained_run()
    exports = default_workspace().run_folder(run_id) / tasks.EXPORTS_FOLDER
    exports.mkdir()
    (exports / "report.json").write_text("{}")
    with pytest.raises(BuilderError):
        tasks.export(run_id)
    assert [file.name for file in exports.iterdir()] == ["report.json"]


def test_the_engine_answers_from_warm_workers() -> None:
    engine = Engine()
    engine.start()
    until(lambda: engine.ready, 120)
    prepared = engine.call("prepare", recipe=RECIPE, cache_folder=cache())
    assert engine.call("infer", graph=GRAPH, spec=prepared["spec"])["problems"] == []
    engine.close()


def test_every_question_of_the_pages_is_one_that_the_engine_answers():
    asked = Path(questions.__file__).read_text("utf-8")
    names = set(re.findall(r'\.(?:ask|wait)\(\s*"(\w+)"|newest\([^"]*"(\w+)"', asked))
    assert {one or other for one, other in names} - set(tasks.TASKS) == set()
