"""Data: where the data come from, what is in them, and how they are divided and prepared."""

import streamlit as st

from builder.ui import frame
from builder.ui.sections import augmentation, data

project = frame.current_project()
frame.project_heading(project, "Data", "What the model learns from, and how it is prepared.")
data.source(project)
profile = data.profile(project)
if profile is not None:
    left, right = st.columns([3, 2], gap="large")
    with left:
        data.examples(profile)
    with right:
        data.target(profile)
    project = data.columns(project, profile)
    left, right = st.columns(2, gap="large")
    with left:
        project = data.split(project, profile)
    with right:
        project = data.preprocessing(project, profile)
    data.preparation(project, profile)
    project = augmentation.settings(project, profile)
    augmentation.preview(project)
    data.quality(project)
