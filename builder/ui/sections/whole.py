"""What it goes by: importance, Shapley values of many samples, dependence on a column, simple rules."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from builder.data.prepare import Prepared
from builder.data.some_rows import some_of
from builder.data.spec import DataSpec
from builder.explain.marked import SIDE, overlay
from builder.runs.records import RunRecord
from builder.scores import metric_name, metric_value
from builder.ui import charts, frame, global_charts
from builder.ui.run_data import prepared_of
from builder.ui.sections.asking import understood
from builder.ui.tables import LETTER, share_column

AVERAGED = 500
PLACED = ("image",)
# The least and the most pixels of a column of texts.
NARROW, WIDE = 200, 800


def what_it_goes_by(run: RunRecord, report: Mapping[str, Any]) -> None:
    """Show the methods that tell of the whole model, one beside the other."""
    prepared = prepared_of(run)
    if prepared is None:
        return
    target = report.get("target")
    data = next(one for one in prepared.each_target if target in (None, one.spec.target_name))
    _importance(run, data, _of(target))
    _summary(run, data, _of(target))
    _dependence(run, data.spec, _of(target))
    _rules(run, _of(target))


def _of(target: str | None) -> dict[str, Any]:
    return {} if target is None else {"target": target}


def _importance(run: RunRecord, data: Prepared, settings: dict[str, Any]) -> None:
    st.markdown("### What matters")
    st.caption(
        "Permutation importance: one part after the other is mixed up between the test rows, so that it says "
        "nothing any more. How much worse does the model get? The line is the spread of the repeats. Of two "
        "columns that say the same, each looks less important than both are."
    )
    found = understood(run, "importance", settings, "Measure importance")
    if found is None:
        return
    metric, score = found["metric"], found["score"]
    st.caption(
        f"{metric_name(metric)} {metric_value(metric, score)} on {found['rows']:,} test rows as they are; "
        f"each part mixed up {found['repeats']} times."
    )
    for name, grid in found["grids"].items():
        parts = [part for part in found["parts"] if part["input"] == name and part["kind"] == "image"]
        _over_average(data, name, grid, {part["place"]: max(0.0, part["worse"]) for part in parts})
    others = [part for part in found["parts"] if part["kind"] not in PLACED]
    if others:
        figure = global_charts.importance(others, f"worse {metric_name(metric).lower()}")
        st.plotly_chart(figure, key="importance", config=charts.PLAIN)
    if not any(part["clear"] for part in found["parts"]):
        st.info(
            "No part by itself matters more than chance: the model goes by many parts together, or by none.",
            icon=":material/info:",
        )


def _over_average(data: Prepared, name: str, grid: list[int], scores: Mapping[int, float]) -> None:
    """Show places of a picture over the average of the test pictures."""
    pictures = data.arrays[data.spec.input(name).arrays[0].name]
    rows = some_of(data.indices["test"], AVERAGED)
    average = np.asarray(pictures[rows]).mean(axis=0).astype(np.uint8)
    values = [scores.get(place, 0.0) for place in range(grid[0] * grid[1])]
    st.image(overlay(average, values, grid), width=SIDE, alt="The average picture, with what matters marked")
    st.caption("Over the average of the test pictures. Green: matters.")


def _summary(run: RunRecord, data: Prepared, settings: dict[str, Any]) -> None:
    st.markdown("### What speaks for an answer")
    st.caption(
        "Shapley values of many test samples side by side. Each dot is a sample: right of the line its part "
        "speaks for the answer, left against it. Blue dots have high values, orange ones low; "
        "green ones are of no order, such as categories."
    )
    names = list(data.spec.class_names)
    chosen = dict(settings)
    if names:
        with st.container(width=320):
            first = len(names) - 1 if len(names) == 2 else 0
            chosen["chosen"] = st.selectbox("Answer", names, first, key="summary.class")
    found = understood(run, "summary", chosen, "Explain many samples")
    if found is None:
        return
    label = f"“{found['label']}”"
    for item in found["inputs"]:
        if "grid" in item:
            _over_average(data, item["name"], item["grid"], {p["place"]: p["mean"] for p in item["parts"]})
            continue
        parts = item["parts"][: global_charts.MOST_PARTS]
        title = f"for {label}, right of the line; against it, left"
        figure = global_charts.beeswarm(parts, title, frame.is_dark())
        st.plotly_chart(figure, key=f"summary.{item['name']}", config=charts.PLAIN)
    st.caption(
        f"{found['samples']} test samples; what the parts add up to misses the answers by at most "
        f"{found['largest_error']:.2%}."
    )


def _dependence(run: RunRecord, spec: DataSpec, settings: dict[str, Any]) -> None:
    st.markdown("### What a column does")
    columns = [
        name
        for item in spec.inputs
        if item.kind == "table"
        for name in (*item.settings["numeric_columns"], *item.settings["categorical_columns"])
    ]
    if not columns:
        st.info(
            "This needs columns that can be moved one by one, and this model reads none: a pixel, a word or "
            "a moment of sound means nothing by itself.",
            icon=":material/info:",
        )
        return
    st.caption(
        "Partial dependence: the column is set to each of its values in test rows that stay as they are "
        "otherwise. Thick: the mean answer. Thin: single rows; where they go different ways, the column "
        "works together with others. The strip tells how many training rows lie there: where none do, do "
        "not trust the line."
    )
    chosen = dict(settings)
    with st.container(horizontal=True):
        chosen["column"] = st.selectbox("Column", columns, key="dependence.column")
        if spec.class_names:
            names = list(spec.class_names)
            chosen["chosen"] = st.selectbox("Answer", names, len(names) - 1, key="dependence.class")
    found = understood(run, "dependence", chosen, "Move the column", at_once=True)
    if found is not None:
        figure = global_charts.dependence(found, bool(spec.class_names))
        st.plotly_chart(figure, key="dependence", config=charts.PLAIN)


def _rules(run: RunRecord, settings: dict[str, Any]) -> None:
    st.markdown("### The model as rules")
    st.caption(
        "A small decision tree, fitted to the model's own answers. The fidelity tells on how many test rows "
        "both answer alike."
    )
    with st.container(width=320):
        depth = st.slider("Questions a rule may ask", 1, 6, 3, key="rules.depth")
    found = understood(run, "rules", {**settings, "depth": depth}, "Fit rules", at_once=True)
    if found is None:
        return
    say = st.success if found["fidelity"] >= 0.9 else st.warning
    say(
        f"Fidelity {found['fidelity']:.1%} (without any rule {max(0.0, found['simple']):.1%}). "
        f"{found['words']}"
    )
    rules = found["rules"]
    conditions = [" and ".join(rule["conditions"]) or "always" for rule in rules]
    room = min(WIDE, max(NARROW, LETTER * max(map(len, conditions))))
    st.dataframe(
        pd.DataFrame(
            {
                "If": conditions,
                "Answer": [rule["answer"] for rule in rules],
                "Of the rows": [rule["share"] for rule in rules],
                "Agrees": [rule["fidelity"] for rule in rules],
            }
        ),
        hide_index=True,
        column_config={
            "If": st.column_config.TextColumn(width=room),
            "Of the rows": share_column("Of the rows", "The share of the test rows that the rule takes."),
            "Agrees": share_column("Agrees", "Of these, the share on which the model answers the same."),
        },
    )
