"""The data that a run was trained on, for the pages that show its samples."""

from __future__ import annotations

from builder.data.prepare import Prepared
from builder.data.spec import DataSpec
from builder.project import Project
from builder.runs.files import read_json
from builder.runs.records import RunRecord
from builder.ui import frame, questions
from builder.ui.services import store, workspace

SPEC_FILE = "spec.json"


def run_project(run: RunRecord) -> Project:
    """Return the project as it was when the run was started."""
    return Project.from_json(store().run_document(run.id))


def run_spec(run: RunRecord) -> DataSpec:
    """Return what the data looked like when the run was started."""
    return DataSpec.from_json(read_json(workspace().run_folder(run.id) / SPEC_FILE))


def prepared_of(run: RunRecord, height: int = 200) -> Prepared | None:
    """Return the prepared data of a run; None while they are fetched, which a notice says."""
    found = frame.awaited(lambda: questions.prepared(run_project(run)), "Fetching the samples …", height)
    return None if found is None else Prepared.open(questions.folder_of(found))
