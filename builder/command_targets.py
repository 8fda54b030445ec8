"""Which run the shell means: by its id, or by the project file that was trained."""

from __future__ import annotations

from typing import Any

from builder.errors import stop
from builder.project import read_project
from builder.runs.records import FINISHED, STOPPED, RunRecord
from builder.runs.store import default_store


def run_of(target: str) -> RunRecord:
    """Return the run with an id, or the newest finished run of a project file as it stands.

    Raises:
        BuilderError: ``unknown_run``, or ``not_trained``.
    """
    store = default_store()
    if not target.endswith(".json"):
        return store.run(target)
    document = read_project(target).to_json()
    for run in store.list_runs(statuses=(FINISHED, STOPPED)):
        if _is_run_of(store.run_document(run.id), document):
            return run
    message = (
        f"The project {target} has no finished run as it stands. "
        f"Train it first: python -m builder train {target}"
    )
    raise stop("not_trained", message)


def _is_run_of(trained: dict[str, Any], document: dict[str, Any]) -> bool:
    # Training may be repeated with other settings; the data and the model say which project it is.
    return all(trained[part] == document[part] for part in ("name", "data", "model"))
