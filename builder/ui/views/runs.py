"""Runs: find, tag, note, compare, delete and restore the runs of this project or of all."""

import streamlit as st

from builder.ui import frame
from builder.ui.sections import runs

project = frame.current_project()
with st.container(key="full_width"):
    frame.project_heading(project, "Runs", "Everything that was trained. Mark some to compare them.")
    found = runs.search()
    chosen = runs.table(found)
    if chosen:
        runs.actions(chosen)
        runs.comparison(chosen)
    runs.trash()
