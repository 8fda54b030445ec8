"""The map: how a model places test samples, or words, beside each other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from builder.runs.records import RunRecord
from builder.tasks import TASKS
from builder.ui import global_charts, state
from builder.ui.run_data import prepared_of
from builder.ui.sections.asking import understood
from builder.ui.sections.found_samples import Gallery

SHOWN = 24
METHODS = {"pca": "PCA", "tsne": "t-SNE"}
SAMPLES = "samples"
WAYS = {
    "pca": "PCA turns the model's inner vectors so that their widest spread is seen; distances keep their "
    "sense.",
    "tsne": "t-SNE keeps near samples near; how far apart groups are, and how wide, says nothing.",
}


def embedding_map(run: RunRecord, report: Mapping[str, Any]) -> None:
    """Show the map; chosen points show their samples."""
    st.caption(
        "Each point is a test sample, where the model's last inner layer puts it. Samples that the model "
        "takes for alike lie together. Click a point, or draw around some, to see the samples."
    )
    with st.container(horizontal=True, vertical_alignment="bottom"):
        method = st.segmented_control(
            "Map", list(METHODS), format_func=METHODS.__getitem__, default="pca", required=True, key="map.way"
        )
        maps = state.recall(f"maps.{run.id}", [SAMPLES])
        what = st.selectbox("Of", maps, key="map.of", format_func=_words_of) if len(maps) > 1 else SAMPLES
        is_number = TASKS[report["task"]].predicts == "numbers"
        by = "right or wrong"
        if what == SAMPLES:
            ways = ["what it is", "right or wrong"]
            by = st.segmented_control("Colors", ways, default=ways[0], required=True, key="map.colors")
    st.caption(WAYS[method])
    settings = {"what": what, "method": method}
    if report.get("target"):
        settings["target"] = report["target"]
    found = understood(run, "map", settings, "Draw the map", at_once=method == "pca")
    if found is None:
        return
    if found["maps"] != maps:
        state.remember(f"maps.{run.id}", found["maps"])
        st.rerun()
    share = "" if found["kept"] is None else f" This plane shows {found['kept']:.0%} of the spread."
    st.caption(f"{found['directions']} directions in front of the last layer, drawn in two.{share}")
    if what != SAMPLES:
        st.plotly_chart(global_charts.word_map(found["points"]), key="map.words")
        return
    by_value = is_number and by == "what it is"
    points = found["points"]
    figure = global_charts.value_map(points) if by_value else global_charts.sample_map(points, by)
    st.plotly_chart(
        figure,
        key="map.samples",
        config=global_charts.CHOOSING,
        on_select="rerun",
        selection_mode=("points", "box", "lasso"),
    )
    _chosen(run, report, points)


def _chosen(run: RunRecord, report: Mapping[str, Any], points: list[dict[str, Any]]) -> None:
    rows = set(state.picked("map.samples"))
    if not rows:
        return
    chosen = [point for point in points if point["row"] in rows]
    wrong = sum(point["wrong"] for point in chosen)
    st.markdown(f"### {len(chosen):,} chosen, {wrong:,} of them answered badly")
    prepared = prepared_of(run)
    if prepared is not None:
        first = sorted(chosen, key=lambda point: not point["wrong"])[:SHOWN]
        Gallery.of(run, prepared, report).show(first, "map")


def _words_of(what: str) -> str:
    return "the test samples" if what == SAMPLES else f"the words in '{what}'"
