"""Model: the canvas where blocks are put together."""

import streamlit as st

from builder.ui import frame
from builder.ui.sections import model

project = frame.current_project()
with st.container(key="full_width"):
    project = model.keep_edits(project)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        model.title(project)
        side = model.side(project)
        st.space("stretch")
        model.presets(project)
        model.ways_out(project)
        model.continue_to_training(project)
    model.canvas(project, side)
