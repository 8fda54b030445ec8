"""What pages say and keep, for the tests of pages."""

import json
from typing import Any

from streamlit.testing.v1 import AppTest

from builder.project import Project
from builder.ui import services


def words(at: AppTest) -> str:
    """Return everything that a page says."""
    kinds = ("markdown", "caption", "info", "warning", "error", "success")
    return "\n".join(str(element.value) for kind in kinds for element in at.get(kind))


def button(at: AppTest, label: str) -> Any:
    """Return the button of this label."""
    return next(item for item in at.button if item.label == label)


def canvas_data(at: AppTest) -> dict[str, Any]:
    """Return what the page sends to its canvas, which is not its only component."""
    sent = [json.loads(item.proto.json) for item in at.get("bidi_component")]
    return next(data for data in sent if "docVersion" in data)


def saved(project_id: str) -> Project:
    return Project.from_json(services.store().project(project_id).document)


def newest() -> str:
    return services.store().list_projects()[0].id
