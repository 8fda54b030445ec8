"""Compare: two models side by side, with every difference marked and told."""

import streamlit as st

from builder.ui import frame
from builder.ui.sections import compare

project = frame.current_project()
with st.container(key="full_width"):
    frame.project_heading(
        project, "Compare", "Two models side by side: this project, its versions and runs, others, presets."
    )
    left, right = st.columns(2)
    with left:
        one = compare.choose("left", project)
    with right:
        other = compare.choose("right", project)
    if one is not None and other is not None:
        found = compare.summary(one, other)
        left, right = st.columns(2)
        with left:
            compare.graph(one, found.marks_before())
        with right:
            compare.graph(other, found.marks_after())
        compare.table(found)
