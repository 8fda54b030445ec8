"""Frontier: every run in every format, by score, size and speed."""

from builder.ui import frame
from builder.ui.sections import frontier

project = frame.current_project()
frame.project_heading(
    project, "Frontier", "Every run in every format: how good, how large, how fast. Choose one and take it."
)
runs = frontier.choose_runs()
if runs:
    points = frontier.measure(runs)
    if points:
        frontier.chart(points)
        frontier.chosen(points)
        frontier.asked(points)
        frontier.table(points)
