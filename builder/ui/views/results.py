"""Results: how good the trained model is, where it errs, and a place to try it."""

import streamlit as st

from builder.ui import frame
from builder.ui.sections import explanations, results, samples, tryout

project = frame.current_project()
frame.project_heading(project, "Results", "How good the model is on data it has never seen.")
run = results.choose_run()
if run is not None:
    report = results.evaluation(run)
    if report is not None:
        report = results.of_one_target(report)
        results.scores(run, report)
        names = [":material/analytics: How it does", ":material/science: Try it"]
        names += [explanations.WHY] if explanations.can_explain(report) else []
        errors, tried, *reasons = st.tabs(names, key=explanations.TAB, on_change="rerun")
        with errors:
            results.behavior(run, report)
            samples.over_time(run)
            results.without_inputs(report)
            results.next_step(run, report)
            results.worst_errors(run, report)
        with tried:
            tryout.try_it(run)
        for place in reasons:
            with place:
                explanations.why(run, report)
