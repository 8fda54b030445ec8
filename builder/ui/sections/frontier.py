"""The parts of the Frontier page."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pandas as pd
import streamlit as st

from builder.export.bundle import zip_folder
from builder.jobs import measuring as jobs
from builder.runs.records import RunRecord
from builder.scores import is_share, metric_name, metric_value, metric_words, milliseconds
from builder.sizes import size_words
from builder.truth import frontier
from builder.truth.frontier import Answer, Point
from builder.ui import charts, frame, frontier_chart, questions, state
from builder.ui.format import count_words
from builder.ui.runs import nothing_trained, titles
from builder.ui.sections import measuring
from builder.ui.services import store, workspace
from builder.ui.uploads import safe_name

IN_FLOATS = "In floats"
AXES = {"bytes": "Size", "latency_ms": "Latency"}


def choose_runs() -> list[RunRecord]:
    """Let the project's runs be chosen that are compared; say what to do where there is none."""
    runs = jobs.runs_with_models(store(), frame.current_id(), workspace())
    if not runs:
        nothing_trained("Train a model first.")
        return []
    words = titles(runs, frame.current_id())
    chosen = st.multiselect(
        "Runs",
        list(words),
        list(words),
        format_func=words.__getitem__,
        key=f"frontier.runs.{frame.current_id()}.{hash(tuple(words.values()))}",
    )
    return [run for run in runs if run.id in chosen]


def measure(runs: Sequence[RunRecord]) -> list[Point]:
    """Offer to measure what is not measured yet, follow that, and return the points that are there."""
    points, missing = jobs.points(runs, workspace())
    numbers = store().run_numbers(frame.current_id())
    points = [{**point, "run_name": f"run {numbers[point['run']]}"} for point in points]
    if not measuring.follow(frame.current_id()) and missing:
        with st.container(border=True, horizontal=True, vertical_alignment="center"):
            st.markdown(f":material/speed: {count_words(len(missing), 'run')} not measured yet.")
            st.space("stretch")
            st.button(
                "Measure now",
                type="primary",
                key="frontier.measure",
                help="Exports each to Keras and every TFLite format, and measures the files.",
                on_click=questions.start_measuring,
                args=(frame.current_id(), [run.id for run in missing], None, jobs.MEASURED_FORMATS),
            )
    known = frontier.comparable(points)
    if len(known) < len(points):
        st.caption("Runs of another task, with another score, are left out.")
    return known


def chart(points: Sequence[Point]) -> None:
    """Draw the score of every variant against its size or latency; a click chooses one."""
    cost: str = st.segmented_control(
        "Against",
        list(AXES),
        default="bytes",
        required=True,
        format_func=AXES.__getitem__,
        key="frontier.cost",
    )
    if not any(point.get(cost) is not None for point in points):
        st.caption("The latency of these variants was not measured.")
        return
    figure = frontier_chart.frontier(points, frontier.pareto(points, cost), cost, _chosen_key())
    name = f"frontier.chart.{cost}"
    st.plotly_chart(figure, key=name, config=charts.PLAIN, on_select="rerun", selection_mode="points")
    for key in state.picked(name)[:1]:
        if key != state.recall("frontier.clicked"):
            state.remember("frontier.clicked", key)
            _choose(key)
            st.rerun()
    st.caption(
        "The line joins the variants that no other beats in both. Scores are of "
        f"{max(point['samples'] for point in points):,} test samples, latency is of one sample on one "
        "processor thread of this machine."
    )


def asked(points: Sequence[Point]) -> None:
    """Answer three questions in words, each with a button that marks the point."""
    st.markdown("### Which one?")
    left, middle, right = st.columns(3)
    metric, usual = points[0]["metric"], frontier.usual_tolerance(points)
    share = is_share(metric)
    unit = "points of" if share else "of"
    within = f"Smallest within … {unit} the best {metric_words(metric)}"
    with left:
        _question(within, "within", usual, usual if not share else 0.5, points, frontier.smallest_within)
    with middle:
        _question("Best that fits … KB", "fits", 256.0, 16.0, points, frontier.fitting)
    with right:
        _question("Best under … ms", "under", 10.0, 1.0, points, frontier.under)


def chosen(points: Sequence[Point]) -> None:
    """Offer the chosen variant as a file, exporting it again where it is gone."""
    key = _chosen_key()
    point = next((item for item in points if frontier.key_of(item) == key), None)
    if point is None:
        st.caption("Click a point of the chart, or take the answer to a question, to export it.")
        return
    exports = workspace().run_folder(point["run"]) / jobs.EXPORTS_FOLDER
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        st.markdown(f":material/star: {frame.escape(frontier.described(point))}", width="stretch")
        if jobs.is_exported(point, exports):
            st.download_button(
                "Download (zip)",
                lambda: zip_folder(exports / point["format"]),
                file_name=f"{safe_name(_file_name(point))}.zip",
                mime="application/zip",
                icon=":material/download:",
                type="primary",
                on_click="ignore",
            )
        else:
            st.button(
                "Export this",
                icon=":material/package_2:",
                type="primary",
                help="Its file is gone: the run was exported with other choices since. It is made again.",
                on_click=questions.start_measuring,
                args=(frame.current_id(), [point["run"]], point["quantization"], [point["format"]]),
            )


def table(points: Sequence[Point]) -> None:
    """List every variant with its figures."""
    fronts = {
        name: {frontier.key_of(point) for point in frontier.pareto(points, cost)}
        for cost, name in frontier.COSTS.items()
    }
    rows = pd.DataFrame([_row(point, fronts) for point in points])
    if not rows[IN_FLOATS].any():
        rows = rows.drop(columns=IN_FLOATS)
    with st.expander(f"All {count_words(len(points), 'variant')}", icon=":material/table_rows:"):
        arena = "RAM that TensorFlow Lite Micro takes on a microcontroller, estimated on this machine."
        st.dataframe(rows, hide_index=True, column_config={"Arena": st.column_config.TextColumn(help=arena)})


def _row(point: Point, fronts: Mapping[str, set[str]]) -> dict[str, Any]:
    key = frontier.key_of(point)
    return {
        "Run": point["run_name"],
        "Format": point["label"],
        IN_FLOATS: ", ".join(point["quantization"]["keep_float"]),
        metric_name(point["metric"]): metric_value(point["metric"], point["score"]),
        "Size": size_words(point["bytes"]),
        "Latency": milliseconds(point.get("latency_ms")),
        "Arena": size_words(point.get("arena_bytes")),
        "On the frontier of": ", ".join(name for name, keys in fronts.items() if key in keys),
    }


def _question(
    label: str,
    name: str,
    default: float,
    step: float,
    points: Sequence[Point],
    question: Callable[[Sequence[Point], float], Answer],
) -> None:
    with st.container(border=True, height="stretch"):
        value = st.number_input(
            label, 0.0, None, default, step, format="%g", key=f"frontier.{name}.{frame.current_id()}"
        )
        answer = question(points, float(value))
        st.markdown(frame.escape(answer.words))
        if answer.point is not None:
            key = frontier.key_of(answer.point)
            st.button("Choose it", key=f"frontier.{name}.choose", on_click=_choose, args=(key,))


def _file_name(point: Point) -> str:
    return f"{store().run(point['run']).name} {point['run_name']} {point['format']}"


def _choose(key: str) -> None:
    state.remember(f"frontier.chosen.{frame.current_id()}", key)


def _chosen_key() -> str | None:
    found: str | None = state.recall(f"frontier.chosen.{frame.current_id()}")
    return found
