"""Train: the settings of a run, and the runs of this project with their live curves."""

import streamlit as st

from builder.ui import frame
from builder.ui.sections import cross_validation, findings, history, proposals, samples, shrink, train

project = frame.current_project()
frame.project_heading(project, "Train", "Training goes on by itself: you may close this page and come back.")
settings, watch = st.columns([4, 7], gap="large")
with settings:
    shrink.declared(project)
    project = train.settings(project)
    proposals.proposals(project)
    train.start(project)
    cross_validation.cross_validate(project)
with watch:
    left, right = st.columns([3, 2], vertical_alignment="bottom")
    with left:
        run = train.choose_run()
    if run is None:
        train.nothing_yet()
    else:
        with right:
            train.controls(run)
            history.take_run(run, project)
        train.trouble(run)
        findings.findings(run)
        train.curves(run)
        samples.live(run)
        findings.inside(run)
        train.events(run)
