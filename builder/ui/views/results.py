"""Results: how good the trained model is, where it errs, and a place to try it."""

import streamlit as st

from builder.ui import frame
from builder.ui.sections import results, tryout

project = frame.current_project()
frame.project_heading(project, "Results", "How good the model is on data it has never seen.")
run = results.choose_run()
if run is not None:
    report = results.evaluation(run)
    if report is not None:
        results.scores(run, report)
        errors, tried = st.tabs([":material/analytics: How it does", ":material/science: Try it"])
        with errors:
            results.behavior(report)
            results.worst_errors(run, report)
        with tried:
            tryout.try_it(run)
