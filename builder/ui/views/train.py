"""Train: the settings of a run, and the runs of this project with their live curves."""

import streamlit as st

from builder.ui import frame
from builder.ui.sections import train

project = frame.current_project()
frame.project_heading(project, "Train", "Training goes on by itself: you may close this page and come back.")
settings, watch = st.columns([4, 7], gap="large")
with settings:
    project = train.settings(project)
    train.start(project)
with watch:
    left, right = st.columns([3, 2], vertical_alignment="bottom")
    with left:
        run = train.choose_run()
    if run is None:
        train.nothing_yet()
    else:
        with right:
            train.controls(run)
        train.trouble(run)
        train.curves(run)
        train.events(run)
