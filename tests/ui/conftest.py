"""Pages and routes over an empty workspace, with the engine's answers given by the test."""

import json
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from builder.data.prepare import prepare
from builder.data.profile import profile, propose
from builder.data.spec import DataSpec
from builder.errors import BuilderError
from builder.project import DataRecipe, load_preset
from builder.ui import services
from builder.ui.work import Work

MAIN = Path(services.__file__).parent / "main.py"
PROCESS_WIDE = (services.workspace, services.store, services.engine, services.work)


class Engine:
    """Stands in for the pool: data questions are answered in this process, those of Keras by the test."""

    ready = True

    def __init__(self) -> None:
        self.answers: dict[str, Any] = {"infer": {"nodes": {}, "problems": [], "summary": {}}, "check": []}
        self.asked: list[tuple[str, dict[str, Any]]] = []

    def submit(self, task: str, **arguments: Any) -> Future[Any]:
        self.asked.append((task, arguments))
        future: Future[Any] = Future()
        try:
            future.set_result(self._answer(task, arguments))
        except BuilderError as error:
            future.set_exception(error)
        return future

    def _answer(self, task: str, arguments: dict[str, Any]) -> Any:
        if task == "profile":
            return profile(DataRecipe(**arguments["recipe"]))
        if task == "propose":
            return propose(arguments["source"], task=arguments["wished"]).to_json()
        if task == "prepare":
            prepared = prepare(DataRecipe(**arguments["recipe"]), Path(arguments["cache_folder"]))
            problems = [problem.to_json() for problem in prepared.problems]
            return {"folder": str(prepared.folder), "spec": prepared.spec.to_json(), "problems": problems}
        answer = self.answers[task]
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.fixture(autouse=True)
def engine(workspace_folder: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Engine]:
    """Give every test its own workspace, store and engine, and leave to name its own folder's files."""
    monkeypatch.setenv("KERABLOCKS_DATA_FOLDERS", str(tmp_path))
    stand_in = Engine()
    for made in PROCESS_WIDE:
        made.cache_clear()
    monkeypatch.setattr(services, "engine", lambda: stand_in)
    monkeypatch.setattr("builder.ui.frame.engine", lambda: stand_in)
    # Runs stay in the queue: no test of a page trains.
    monkeypatch.setattr("builder.jobs.training.start_next", lambda *_: [])
    work = Work(stand_in.submit)
    monkeypatch.setattr(services, "work", lambda: work)
    monkeypatch.setattr("builder.ui.questions.work", lambda: work)
    yield stand_in
    for made in PROCESS_WIDE:
        made.cache_clear()


@pytest.fixture
def project_id() -> str:
    """Keep a project on the SMS sample and return its id."""
    return services.store().create_project(load_preset("text/lstm").to_json())


@pytest.fixture
def open_page(project_id: str) -> Callable[..., AppTest]:
    """Return a function that opens a page as a browser with an address would."""

    def open_at(page: str, project: str | None = project_id) -> AppTest:
        at = AppTest.from_file(str(MAIN), default_timeout=30)
        if project is not None:
            at.query_params["project"] = project
        at.run()
        at.switch_page(f"views/{page}.py")
        return at.run()

    return open_at


@pytest.fixture
def run_id(project_id: str) -> str:
    """Keep a finished run with its evaluation and return its id."""
    store = services.store()
    run_id = store.create_run(project_id, store.project(project_id).document)
    store.transition(run_id, ["queued"], "running")
    result = {"test": {"accuracy": 0.975, "loss": 0.1}, "parameters": 1234, "seconds": 61}
    store.transition(run_id, ["running"], "finished", result=result)
    report = {
        "task": "classification",
        "part": "test",
        "rows": 100,
        "accuracy": 0.975,
        "loss": 0.1,
        "class_names": ["ham", "spam"],
        "confusion_matrix": [[80, 1], [2, 17]],
        "classes": [{"name": "ham", "precision": 0.98, "recall": 0.99, "f1": 0.98, "support": 81}],
        "baseline": {"rule": "always 'ham'", "accuracy": 0.81},
        "learned": True,
        "worst_errors": [{"row": 3, "true": "ham", "predicted": "spam", "confidence": 0.99}],
    }
    folder = services.workspace().run_folder(run_id)
    (folder / "evaluation.json").write_text(json.dumps(report))
    spec = DataSpec("classification", (), ("ham", "spam"))
    (folder / "spec.json").write_text(json.dumps(spec.to_json()))
    return run_id
