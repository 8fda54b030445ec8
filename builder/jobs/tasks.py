"""The questions that the engine answers, as plain functions of JSON-able data.

They run in a worker process, or behind the shell command. Parts are imported where they are used, so that
one question does not pay for the others.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from builder.errors import BuilderError, Problem, stop
from builder.graph import Graph
from builder.jobs.progress import told_in
from builder.jobs.run_weights import opened_model, run_weights
from builder.jobs.writing_progress import told
from builder.project import DataRecipe, Project
from builder.runs.files import read_json, write_json
from builder.runs.store import default_store
from builder.runs.workspace import EXPORTS_FOLDER, MODEL_FILE, default_workspace

if TYPE_CHECKING:
    import keras

    from builder.data.prepare import Prepared
    from builder.explain.preview import Previewer

EVALUATION_FILE = "evaluation.json"
SCRIPT_FILE = "model.py"
NOTEBOOK_FILE = "model.ipynb"
PROGRESS_FILE = "progress.json"


def warm() -> None:
    """Import what every question needs and fill the caches, before the first question comes."""
    graph = {"nodes": [{"id": "input", "kind": "input.v1"}, {"id": "dense", "kind": "dense.v1"}]}
    infer({**graph, "edges": [{"source": "input", "target": "dense"}]})


def infer(graph: dict[str, Any], spec: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return shapes, counts and problems of a graph; see ``builder.compiler.infer``."""
    from builder.compiler import infer as infer_shapes

    return infer_shapes(graph, spec)


def analyze(graph: dict[str, Any], spec: dict[str, Any] | None, settings: dict[str, Any]) -> dict[str, Any]:
    """Return what a graph costs, block by block; see ``builder.compiler.figures.report.analyze``."""
    from builder.compiler.figures.report import analyze as analyze_graph

    return analyze_graph(graph, spec, settings)


def preflight(
    project: dict[str, Any], on_progress: Callable[[float, str], None] | None = None
) -> dict[str, Any]:
    """Return what training and export will meet; see ``builder.jobs.preflight.run_preflight``."""
    from builder.jobs.preflight import run_preflight

    return run_preflight(Project.from_json(project), default_workspace(), on_progress)


def lr_range(
    project: dict[str, Any], on_progress: Callable[[float, str], None] | None = None
) -> dict[str, Any]:
    """Return a learning-rate range test; see ``builder.jobs.proposals.propose_learning_rate``."""
    from builder.jobs.proposals import propose_learning_rate

    return propose_learning_rate(Project.from_json(project), default_workspace(), on_progress)


def batch_sizes(
    project: dict[str, Any], on_progress: Callable[[float, str], None] | None = None
) -> dict[str, Any]:
    """Return measured batch sizes; see ``builder.jobs.proposals.propose_batch_size``."""
    from builder.jobs.proposals import propose_batch_size

    return propose_batch_size(Project.from_json(project), default_workspace(), on_progress)


def propose(source: dict[str, Any], wished: str | None = None) -> dict[str, Any]:
    """Return the data recipe that suits a source and the task that is wished for, as JSON."""
    from builder.data.profile import propose as propose_recipe

    return propose_recipe(source, task=wished).to_json()


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


def quality(recipe: dict[str, Any], cache_folder: str) -> list[dict[str, Any]]:
    """Return what is doubtful in a recipe's data, each with some of its rows as a person sees them."""
    from builder.data.prepare import prepare as prepare_recipe
    from builder.data.quality import quality as doubts
    from builder.data.quality import shown

    prepared = prepare_recipe(DataRecipe(**recipe), Path(cache_folder))
    return [{**item.to_json(), "samples": shown(prepared, item)} for item in doubts(prepared)]


def augmented(recipe: dict[str, Any], cache_folder: str, **wanted: Any) -> dict[str, Any]:
    """Return training samples before and after augmentation; see ``builder.explain.augmented``."""
    from builder.data.prepare import prepare as prepare_recipe
    from builder.explain.augmented import augmented as augmented_samples

    return augmented_samples(prepare_recipe(DataRecipe(**recipe), Path(cache_folder)), **wanted)


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


def data_warnings(project: dict[str, Any], prepared_folder: str) -> list[dict[str, Any]]:
    """Return what was noticed while a project's data were prepared, as problems in JSON."""
    from builder.data.prepare import prepare as prepare_recipe

    try:
        prepared = prepare_recipe(Project.from_json(project).data, Path(prepared_folder))
    except BuilderError:
        # What stands in the way is told by the check.
        return []
    return [problem.to_json() for problem in prepared.problems]


def script(project: dict[str, Any], prepared_folder: str) -> dict[str, str]:
    """Return the project as a readable Keras script and as a notebook, with the files that they read.

    They are given as name and text, the script first, under the name ``SCRIPT_FILE``, then the notebook
    under ``NOTEBOOK_FILE``. A project without data, such as an opened model, gives a script of its model
    alone.
    """
    from builder import codegen
    from builder.data.prepare import prepare as prepare_recipe

    document = Project.from_json(project)
    if not document.data.source:
        return {SCRIPT_FILE: codegen.model_script(document.model, document.name)}
    spec = prepare_recipe(document.data, Path(prepared_folder)).spec
    written = {SCRIPT_FILE: codegen.script(document, spec), NOTEBOOK_FILE: codegen.notebook(document, spec)}
    return {**written, **codegen.companion_files(document, spec)}


def evaluate(run_id: str, part: str = "test") -> dict[str, Any]:
    """Return the scores of a run's model on a part of its data; those of the test part are kept."""
    from builder.explain.evaluation import evaluate as evaluate_model

    report = evaluate_model(_model(run_id), _prepared(run_id), part)
    if part == "test":
        write_json(default_workspace().run_folder(run_id) / EVALUATION_FILE, report)
    return report


def evaluated(run_id: str) -> dict[str, Any]:
    """Return the kept scores of a run's model on the test part, or make them now."""
    kept = read_json(default_workspace().run_folder(run_id) / EVALUATION_FILE)
    return kept if isinstance(kept, dict) else evaluate(run_id)


def predict(run_id: str, raw: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return what a run's model says about pictures, texts or rows; see ``builder.explain.predict``."""
    from builder.explain.predict import predict as predict_samples

    answers = predict_samples(_model(run_id), _prepared(run_id).spec, raw)
    if "error" not in answers[0]:
        return answers
    threshold = evaluated(run_id)["threshold"]
    return [{**one, "threshold": threshold, "anomaly": one["error"] > threshold} for one in answers]


def explain(
    run_id: str, row: int, method: str, chosen: str | None = None, target: str | None = None
) -> dict[str, Any]:
    """Return why a run's model answers as it does for a row of its data; see ``builder.explain.local``.

    Args:
        run_id: the run.
        row: a row's number in the prepared data.
        method: one of ``builder.explanation_methods.METHODS``.
        chosen: the class or label to explain instead of the likeliest.
        target: which of several targets is explained; None is the first.

    Raises:
        BuilderError: for an unknown row or target, or where the model cannot be explained so.
    """
    from builder.explain.local.explaining import explained_row

    return explained_row(_model(run_id), _prepared(run_id), row, method, chosen, target)


def explain_sample(
    run_id: str, raw: dict[str, Any], method: str, chosen: str | None = None, target: str | None = None
) -> dict[str, Any]:
    """Return why a run's model answers as it does for a person's own sample, as ``explain`` does for a row.

    Args:
        run_id: the run.
        raw: a picture, text, recording or row, as ``predict`` takes it.
        method: one of ``builder.explanation_methods.METHODS``.
        chosen: the class or label to explain instead of the likeliest.
        target: which of several targets is explained; None is the first.
    """
    from builder.explain.local.explaining import explained_sample

    return explained_sample(_model(run_id), _prepared(run_id), raw, method, chosen, target)


def understand(
    run_id: str,
    what: str,
    settings: dict[str, Any] | None = None,
    on_progress: Callable[[float, str], None] | None = None,
) -> dict[str, Any]:
    """Return what is asked of a run's model as a whole; see ``builder.jobs.understanding``."""
    from builder.jobs.understanding import Trained, answer

    store = default_store()
    trained = Trained(
        store.run(run_id),
        Project.from_json(store.run_document(run_id)),
        default_workspace().run_folder(run_id),
        _prepared(run_id),
        lambda: _model(run_id),
        lambda: evaluated(run_id),
    )
    return answer(trained, what, settings or {}, on_progress)


def test_row(run_id: str, number: int) -> int:
    """Return the row of a sample of a run's test part, counted from 1.

    Raises:
        BuilderError: where there is no such sample.
    """
    rows = _prepared(run_id).indices["test"]
    if not 1 <= number <= len(rows):
        message = f"There is no test sample {number}: the test part has {len(rows):,}, counted from 1."
        raise stop("unknown_sample", message)
    return int(rows[number - 1])


def write(run_id: str, prompt: str, settings: dict[str, Any]) -> str:
    """Return what a run's language model writes after a prompt; see ``builder.explain.writing``."""
    from builder.explain.writing import write as write_text

    pieces = write_text(_model(run_id), _prepared(run_id).spec, prompt, settings)
    return told(pieces, default_workspace().run_folder(run_id), prompt, settings)


def generate(run_id: str, settings: dict[str, Any]) -> dict[str, Any]:
    """Return samples that a run's generator makes; see ``builder.explain.generating``."""
    from builder.explain.generating import generate as generate_samples

    return generate_samples(_model(run_id), _prepared(run_id).spec, settings)


def answer(run_id: str, text: str, settings: dict[str, Any]) -> str:
    """Return what a run's text-to-text model answers to a text; see ``builder.explain.answering``."""
    from builder.explain.answering import answer as answer_texts

    return answer_texts(_model(run_id), _prepared(run_id).spec, [text], settings)[0]


def preview(
    graph: dict[str, Any],
    prepared_folder: str,
    part: str = "train",
    index: int = 0,
    run_id: str | None = None,
    **wanted: Any,
) -> dict[str, Any]:
    """Return what every block of a graph puts out for one sample of prepared data.

    Args:
        prepared_folder: the folder in the answer of ``prepare``.
        run_id: the run whose newest weights are used; initial weights where None.
        wanted: other arguments of ``builder.explain.preview.Previewer.preview``.

    Returns:
        The previewer's answer; "weights" also says whose they are, see ``run_weights``.
    """
    weights, told = (None, {"run": None}) if run_id is None else run_weights(run_id)
    prepared = _opened_data(prepared_folder)
    answer = _previewer().preview(Graph.from_json(graph), prepared, part, index, weights, **wanted)
    return {**answer, "weights": {**answer["weights"], **told}}


def export(
    run_id: str,
    formats: Sequence[str] | None = None,
    on_progress: Callable[[float, str], None] | None = None,
    quantization: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Export a run's model, verify every file, and return the report.

    Args:
        formats: names of formats; all that fit the task where None.
        on_progress: called with the done share, 0 to 1, and words. The run's ``exports/progress.json``
            says the same to other processes, as ``{"share", "words"}``.
        quantization: see ``builder.export.quantization.Quantization``; the default where None.
    """
    from builder import export as exporting
    from builder.export.quantization import Quantization

    folder = default_workspace().run_folder(run_id) / EXPORTS_FOLDER
    progress = folder / PROGRESS_FILE
    tell = told_in(progress, on_progress)
    try:
        tell(0.0, "Opening the data")
        model, prepared = _model_file(run_id), _prepared(run_id)
        project = Project.from_json(default_store().run_document(run_id))
        chosen = Quantization.from_json(quantization or {})
        return exporting.run(model, project, prepared, folder, formats, tell, chosen)
    finally:
        # It would be taken for a part of the earlier export, which stays where this one fails.
        progress.unlink(missing_ok=True)


def measure(
    name: str,
    run_ids: Sequence[str],
    quantization: Mapping[str, Any] | None = None,
    formats: Sequence[str] = (),
    on_progress: Callable[[float, str], None] | None = None,
) -> dict[str, Any]:
    """Export and measure runs; see ``builder.jobs.measuring.measure_runs``."""
    from builder.jobs.measuring import measure_runs

    return measure_runs(
        name, run_ids, default_store(), default_workspace(), quantization, formats, on_progress
    )


def shrunk(
    run_id: str, recipe: str, values: dict[str, Any], student: dict[str, Any] | None = None
) -> dict[str, Any]:
    """Return the document that applies a recipe to a run; see ``builder.jobs.compression``."""
    from builder.jobs.compression import compressed_document

    return compressed_document(run_id, recipe, values, student)


def serve(
    run_id: str,
    served: str = "auto",
    host: str = "127.0.0.1",
    port: int = 0,
    on_progress: Callable[[float, str], None] | None = None,
) -> dict[str, Any]:
    """Start a prediction server for a run's model, as a process of its own, and return what is known of it.

    Args:
        served: what it holds, one of ``builder.export.job.SERVED``.
        host: which address it listens at; this machine alone can reach the usual one.
        port: where it listens; 0 takes a free one.
        on_progress: called with the done share, 0 to 1, and words.
    """
    from builder.jobs.serving import launch, make_folder

    folder = make_folder(run_id, _model_file(run_id), lambda: _prepared(run_id), served, on_progress)
    record = launch(run_id, folder, served, host, port)
    return {**asdict(record), "address": record.address}


def open_model(path: str) -> dict[str, Any]:
    """Return the model in a ``.keras`` file as blocks.

    Returns:
        ``{"name", "graph", "parameters", "has_weights", "notes"}``; see ``builder.importer.open_keras``.
    """
    from builder.importer import open_keras

    opened = open_keras(Path(path))
    return {
        "name": opened.name,
        "graph": opened.graph.to_json(),
        "parameters": opened.parameters,
        "has_weights": opened.has_weights,
        "notes": list(opened.notes),
    }


TASKS: dict[str, Callable[..., Any]] = {
    task.__name__: task
    for task in (
        *(infer, analyze, propose, profile, prepare, quality, check, script, lr_range, batch_sizes),
        *(
            evaluate,
            predict,
            explain,
            explain_sample,
            understand,
            write,
            answer,
            generate,
            preview,
            preflight,
            export,
            measure,
            serve,
            open_model,
            augmented,
            shrunk,
        ),
    )
}


# An edit costs what follows from it, because what went before is still there.
@lru_cache(maxsize=1)
def _previewer() -> Previewer:
    from builder.explain.preview import Previewer

    return Previewer()


@lru_cache(maxsize=4)
def _opened_data(folder: str) -> Prepared:
    from builder.data.prepare import Prepared

    return Prepared.open(Path(folder))


def _prepared(run_id: str) -> Prepared:
    from builder.data.prepare import prepare as prepare_recipe

    project = Project.from_json(default_store().run_document(run_id))
    return prepare_recipe(project.data, default_workspace().prepared_folder)


def _model(run_id: str) -> keras.Model:
    file = _model_file(run_id)
    return opened_model(str(file), file.stat().st_mtime_ns)


def _model_file(run_id: str) -> Path:
    file = default_workspace().run_file(run_id, MODEL_FILE)
    if not file.exists():
        name = default_store().run(run_id).name
        message = (
            f"The run of '{name}' has no trained model yet. Train it to its end, or stop it, and try again."
        )
        raise stop("not_trained", message)
    return file
