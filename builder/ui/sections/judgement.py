"""How a classifier or a regression does, looked at closely: confusion, curves, calibration, residuals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from builder.runs.records import RunRecord
from builder.scores import number_words
from builder.ui import charts, evaluation_charts, frame, state
from builder.ui.run_data import prepared_of
from builder.ui.sections.found_samples import Gallery

CELL = "confusion.cell"
SHOWN = 24
POINT = "residual.row"


def confusion(report: Mapping[str, Any]) -> None:
    """Show what is taken for what; a click on a cell shows its samples below."""
    st.markdown("### What is taken for what")
    st.caption("Row: the true class. Column: what the model said. Click a number to see its samples below.")
    figure = charts.confusion_matrix(report["confusion_matrix"], report["class_names"], dark=frame.is_dark())
    cells = report.get("cells", ())
    if cells:
        evaluation_charts.add_cells(figure, cells)
    st.plotly_chart(
        figure,
        key="confusion",
        config=charts.PLAIN,
        on_select=_choose_cell if cells else "ignore",
        selection_mode="points",
    )


def cell_samples(run: RunRecord, report: Mapping[str, Any]) -> None:
    """Show the samples of the chosen cell of the confusion matrix."""
    cells: Sequence[Mapping[str, Any]] = report.get("cells", ())
    if not cells:
        return
    names = [evaluation_charts.cell_words(cell) for cell in cells]
    st.markdown("### Samples of a cell")
    if state.widget_value(CELL) not in names:
        state.set_widget(CELL, names[0])
    with st.container(width=420):
        chosen = st.selectbox("Which", names, key=CELL)
    cell = cells[names.index(chosen)]
    prepared = prepared_of(run)
    if prepared is None:
        return
    verdict = {"true": cell["true"], "predicted": cell["predicted"]}
    found = [{**sample, **verdict} for sample in cell["samples"][:SHOWN]]
    order = "the least sure first" if cell["true"] == cell["predicted"] else "the surest first"
    if cell["count"] > len(found):
        st.caption(f"{len(found)} of {cell['count']:,}, {order}.")
    Gallery.of(run, prepared, report).show(found, "cell")


def curves(report: Mapping[str, Any]) -> None:
    """Show the ROC and precision-recall curves, and how far the confidence can be trusted."""
    if not report.get("curves"):
        return
    kinds = {"roc": "ROC", "precision_recall": "Precision and recall"}
    left, right = st.columns(2, gap="large")
    with left:
        st.markdown("### One error against the other")
        kind = st.segmented_control(
            "Curve",
            list(kinds),
            format_func=kinds.__getitem__,
            default="roc",
            required=True,
            key="curve.kind",
        )
        st.caption(
            "Each class against all others, for every threshold. In brackets the area: 1 is perfect, 0.5 is "
            "chance."
            if kind == "roc"
            else "Each class against all others, for every threshold. In brackets the average precision: 1 "
            "is perfect, the class's share of the rows is chance."
        )
        st.plotly_chart(
            evaluation_charts.class_curves(report["curves"], kind), key="curves", config=charts.PLAIN
        )
    with right:
        if "calibration" in report:
            _calibration(report["calibration"])


def _calibration(calibration: Mapping[str, Any]) -> None:
    error = calibration["expected_error"]
    st.markdown("### How far to trust its confidence")
    words = (
        "Well calibrated" if error < 0.05 else "Somewhat off" if error < 0.1 else "Do not take it literally"
    )
    st.caption(
        f"{words}: on the average the confidence misses the share of right answers by {error:.1%} (expected "
        "calibration error). Bars below the line: it is surer than it should be."
    )
    st.plotly_chart(
        evaluation_charts.reliability(calibration["bins"]), key="reliability", config=charts.PLAIN
    )


def residuals(run: RunRecord, report: Mapping[str, Any]) -> None:
    """Show how far predictions are off, over what was predicted; a click on a dot shows its sample."""
    points = report["points"]
    st.markdown("### What is left over")
    st.caption(
        "Without a pattern, the error is chance. A funnel or a bend shows values for which the model is not "
        "the right one. Click a dot to see its sample."
    )
    st.plotly_chart(
        evaluation_charts.residuals(points),
        key="residuals.points",
        config=charts.PLAIN,
        on_select=_choose_point,
        selection_mode="points",
    )
    row = state.recall(POINT)
    chosen = [point for point in points if point["row"] == row]
    if not chosen:
        return
    prepared = prepared_of(run)
    if prepared is not None:
        told = {name: number_words(chosen[0][name]) for name in ("true", "predicted")}
        Gallery.of(run, prepared, report).show([{"row": row, **told}], "residual")


def _choose_cell() -> None:
    for words in state.picked("confusion")[:1]:
        state.set_widget(CELL, words)


def _choose_point() -> None:
    for row in state.picked("residuals.points")[:1]:
        state.remember(POINT, row)
