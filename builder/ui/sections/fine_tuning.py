"""The next step after pretraining: a new project that trains the encoder on labels."""

from __future__ import annotations

import streamlit as st

from builder.data.sources import samples
from builder.fine_tuning import fine_tuning_project
from builder.project import DataRecipe
from builder.runs.records import RunRecord
from builder.ui import frame, projects, state

OWN_TEXTS = "My own texts with labels"


def offer(run: RunRecord) -> None:
    """Offer a new project that trains this run's encoder on labels."""
    with st.popover("Fine-tune this encoder on labels", icon=":material/fork_right:"):
        st.caption(
            "Makes a new project: the same words and blocks, starting from these weights, with a new head "
            "that tells classes apart. Few labels are enough where the model has read similar texts."
        )
        offered = {
            item.title: item for item in samples() if (item.kind, item.task) == ("text", "classification")
        }
        chosen = st.selectbox("Labeled data", [*offered, OWN_TEXTS], key="fine_tune.data")
        recipe = None
        if chosen in offered:
            recipe = DataRecipe(
                {"kind": "sample", "name": offered[chosen].name}, "classification", offered[chosen].roles
            )
        else:
            st.caption("Choose your texts on the Data page of the new project.")
        st.button(
            "Make the project",
            type="primary",
            on_click=_make,
            args=(run.id, recipe),
            icon=":material/add:",
        )


def _make(run_id: str, recipe: DataRecipe | None) -> None:
    pretrained, length = projects.trained_project(run_id)
    # The address names the old project.
    state.open_project(None)
    state.open_project(projects.keep(fine_tuning_project(pretrained, run_id, length, recipe)))
    frame.go(frame.DATA)
