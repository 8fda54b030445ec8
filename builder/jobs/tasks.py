"""The questions that the engine answers, as plain functions of JSON-able data.

They run in a worker process, or behind the shell command. Parts are imported where they are used, so that
one question does not pay for the others.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from builder.errors import BuilderError, Problem, stop
from builder.project import DataRecipe, Project
from builder.runs.files import write_json
from builder.runs.store import default_store
from builder.runs.workspace import default_workspace

if TYPE_CHECKING:
    import keras

    from builder.data.prepare import Prepared

MODEL_FILE = "model.keras"
EVALUATION_FILE = "evaluation.json"
EXPORTS_FOLDER = "exports"
SCRIPT_FILE = "model.py"
PROGRESS_FILE = "progress.json"


def warm() -> None:
    """Import what every question needs and fill the caches, before the first question comes."""
    graph = {"nodes": [{"id": "input", "kind": "input.v1"}, {"id": "dense", "kind": "dense.v1"}]}
    infer({**graph, "edges": [{"source": "input", "target": "dense"}]})


def infer(graph: dict[str, Any], spec: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return shapes, counts and problems of a graph; see ``builder.compiler.infer``."""
    from builder.compiler import infer as infer_shapes

    return infer_shapes(graph, spec)


def propose(source: dict[str, Any]) -> dict[str, Any]:
    """Return the data recipe that suits a source, as JSON."""
    from builder.data.profile import propose as propose_recipe

    return propose_recipe(source).to_json()


def profile(recipe: dict[str, Any]) -> dict[str, Any]:
    """Return what is known of a recipe's data; see ``builder.data.profile.profile``."""
    from builder.data.profile import profile as profile_recipe

    return profile_recipe(DataRecipe(**recipe))


def prepare(recipe: dict[str, Any], cache_folder: str) -> dict[str, Any]:
    """Return the folder of the recipe's prepared data, their specification and their warnings."""
    from builder.data.prepare import prepare as prepare_recipe

    prepared = prepare_recipe(DataRecipe(**recipe), Path(cache_folder))
    return {
        "folder": str(prepared.folder),
        "spec": prepared.spec.to_json(),
        "problems": [problem.to_json() for problem in prepared.problems],
    }


def check(project: dict[str, Any], prepared_folder: str) -> list[dict[str, Any]]:
    """Return everything that is wrong with a project, as problems in JSON; the data are prepared for it."""
    from builder.compiler import check as check_project
    from builder.data.prepare import prepare as prepare_recipe

    document = Project.from_json(project)
    found: list[Problem] = []
    spec = None
    try:
        spec = prepare_recipe(document.data, Path(prepared_folder)).spec
    except BuilderError as error:
        found += error.problems
    # The recipe's own problems are found by both; why there are no data is said already.
    others = [problem for problem in check_project(document, spec) if problem not in found]
    found += [problem for problem in others if spec is not None or problem.code != "choose_data_first"]
    return [problem.to_json() for problem in found]


def script(project: dict[str, Any], prepared_folder: str) -> dict[str, str]:
    """Return the project as a readable Keras script and the files that it reads, as name and text.

    The script comes first, under the name ``SCRIPT_FILE``.
    """
    from builder.codegen import companion_files
    from builder.codegen import script as write_script
    from builder.data.prepare import prepare as prepare_recipe

    document = Project.from_json(project)
    spec = prepare_recipe(document.data, Path(prepared_folder)).spec
    return {SCRIPT_FILE: write_script(document, spec), **companion_files(spec)}


def evaluate(run_id: str, part: str = "test") -> dict[str, Any]:
    """Return the scores of a run's model on a part of its data; those of the test part are kept."""
    from builder.explain.evaluation import evaluate as evaluate_model

    report = evaluate_model(_model(run_id), _prepared(run_id), part)
    if part == "test":
        write_json(default_workspace().run_folder(run_id) / EVALUATION_FILE, report)
    return report


def predict(run_id: str, raw: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return what a run's model says about pictures, texts or rows; see ``builder.explain.predict``."""
    from builder.explain.predict import predict as predict_samples

    return predict_samples(_model(run_id), _prepared(run_id).spec, raw)


def export(
    run_id: str,
    formats: Sequence[str] | None = None,
    on_progress: Callable[[float, str], None] | None = None,
) -> dict[str, Any]:
    """Export a run's model, verify every file, and return the report.

    Args:
        formats: names of formats; all where None.
        on_progress: called with the done share, 0 to 1, and words. The run's ``exports/progress.json``
            says the same to other processes, as ``{"share", "words"}``.
    """
    from builder import export as exporting

    folder = default_workspace().run_folder(run_id) / EXPORTS_FOLDER

    def tell(share: float, words: str) -> None:
        write_json(folder / PROGRESS_FILE, {"share": share, "words": words})
        if on_progress is not None:
            on_progress(share, words)

    tell(0.0, "Opening the data")
    model, prepared = _model_file(run_id), _prepared(run_id)
    project = Project.from_json(default_store().run_document(run_id))
    return exporting.run(model, project, prepared, folder, formats or tuple(exporting.FORMATS), tell)


TASKS: dict[str, Callable[..., Any]] = {
    task.__name__: task
    for task in (infer, propose, profile, prepare, check, script, evaluate, predict, export)
}


def _prepared(run_id: str) -> Prepared:
    from builder.data.prepare import prepare as prepare_recipe

    project = Project.from_json(default_store().run_document(run_id))
    return prepare_recipe(project.data, default_workspace().prepared_folder)


def _model(run_id: str) -> keras.Model:
    file = _model_file(run_id)
    return _loaded(str(file), file.stat().st_mtime_ns)


def _model_file(run_id: str) -> Path:
    file = default_workspace().run_folder(run_id) / MODEL_FILE
    if not file.exists():
        name = default_store().run(run_id).name
        message = (
            f"The run of '{name}' has no trained model yet. Train it to its end, or stop it, and try again."
        )
        raise stop("not_trained", message)
    return file


# A person tries many inputs on one model, and loading takes up to a second.
@lru_cache(maxsize=2)
def _loaded(file: str, _written: int) -> keras.Model:
    import keras

    import builder.blocks  # noqa: F401  registers the layers of our own that the file may hold

    return keras.models.load_model(file, compile=False)
