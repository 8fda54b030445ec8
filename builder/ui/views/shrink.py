"""Shrink: make a trained model smaller by a recipe, in a run of its own, and see what that changed."""

import streamlit as st

from builder.ui import frame
from builder.ui.sections import results, shrink

project = frame.current_project()
frame.project_heading(
    project, "Shrink", "A smaller model from a trained one. The run that you start from stays as it is."
)
run = results.choose_run()
if run is not None:
    left, right = st.columns([4, 5], gap="large")
    with left:
        recipe = shrink.choose_recipe()
        values = shrink.settings(recipe)
        student = shrink.student(recipe, project)
    with right:
        shrink.meaning(recipe)
        made = shrink.plan(run, recipe, values, student)
        shrink.start(run, recipe, made)
    shrink.outcomes(run)
