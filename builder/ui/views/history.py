"""History: every document of the project that was kept, and the way back to each."""

import streamlit as st

from builder.ui import frame
from builder.ui.sections import history

project = frame.current_project()
frame.project_heading(
    project, "History", "Every change that was kept. Going back is a step forward, too: nothing is lost."
)
history.offer_undo()
steps, shown = st.columns([4, 7], gap="large")
with steps:
    step = history.choose_step()
with shown:
    history.about(step, project)
    history.name(step)
    history.preview(step, project)
