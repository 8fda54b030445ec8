"""Understand: where the trained model errs, what it goes by, and what is inside."""

import streamlit as st

from builder.ui import frame
from builder.ui.sections import inside, projector, reporting, results, slices, whole

VIEWS = {
    "Where it errs": ":material/target:",
    "What it goes by": ":material/balance:",
    "Inside": ":material/biotech:",
    "Map": ":material/scatter_plot:",
    "Report": ":material/description:",
}

project = frame.current_project()
frame.project_heading(project, "Understand", "Where the model errs, what it goes by, and what is inside.")
run = results.choose_run("understand")
if run is not None:
    report = results.evaluation(run)
    if report is not None:
        report = results.of_one_target(report)
        view = st.segmented_control(
            "View",
            list(VIEWS),
            format_func=lambda name: f"{VIEWS[name]} {name}",
            default="Where it errs",
            required=True,
            label_visibility="collapsed",
            key="understand.view",
        )
        if view == "Where it errs":
            slices.where_it_errs(run, report)
        elif view == "What it goes by":
            whole.what_it_goes_by(run, report)
        elif view == "Inside":
            inside.inside(run)
        elif view == "Map":
            projector.embedding_map(run, report)
        else:
            reporting.report(run)
