"""The parts of the Results page."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import pandas as pd
import streamlit as st

from builder.data.prepare import Prepared
from builder.project import Project
from builder.runs.records import RunRecord
from builder.ui import charts, frame, questions, state
from builder.ui.format import duration, metric_name, metric_value
from builder.ui.runs import RUNS_SHOWN, run_chooser
from builder.ui.services import store, workspace

ERRORS_SHOWN = 16
PLAIN_CHART = {"displayModeBar": False}


def choose_run() -> RunRecord | None:
    """Return the chosen run that has a trained model; say what to do where there is none."""
    runs = [run for run in store().list_runs(project_id=frame.current_id(), limit=RUNS_SHOWN) if run.result]
    if not runs:
        st.info(
            "Nothing has been trained to its end yet. Results appear here after the first run.",
            icon=":material/insights:",
        )
        if st.button("Go to training", type="primary", icon=":material/model_training:"):
            st.switch_page(frame.TRAIN)
        return None
    with st.container(width=420):
        return run_chooser(runs, "result", lambda run: bool(run.result))


def run_project(run: RunRecord) -> Project:
    """Return the project as it was when the run was started."""
    return Project.from_json(store().run_document(run.id))


def evaluation(run: RunRecord) -> dict[str, Any] | None:
    """Return the run's evaluation; where it has none, offer to make it and return None meanwhile."""
    file = workspace().run_folder(run.id) / "evaluation.json"
    if file.exists():
        return json.loads(file.read_text(encoding="utf-8"))
    if state.recall(_asked(run)):
        return frame.awaited(lambda: questions.evaluation(run.id), "Evaluating the model …", height=200)
    st.info("This run has not been evaluated yet.", icon=":material/info:")
    st.button(
        "Evaluate now",
        type="primary",
        icon=":material/analytics:",
        on_click=state.remember,
        args=(_asked(run), True),
    )
    return None


def scores(run: RunRecord, report: Mapping[str, Any]) -> None:
    """Show the main score beside what a guess without a model would give."""
    name = "accuracy" if report["task"] == "classification" else "mean_absolute_error"
    value, baseline = report[name], report["baseline"][name]
    others = ["loss"] if report["task"] == "classification" else ["root_mean_squared_error", "r2"]
    with st.container(horizontal=True):
        st.metric(
            metric_name(name),
            metric_value(name, value),
            border=True,
            icon=":material/flag:",
            help=f"On {report['rows']:,} rows held out for the test.",
        )
        st.metric(
            "Without a model",
            metric_value(name, baseline),
            border=True,
            help=f"What the simplest rule scores: {report['baseline']['rule']}.",
        )
        for other in others:
            st.metric(metric_name(other), metric_value(other, report.get(other)), border=True)
        st.metric("Parameters", f"{run.result.get('parameters', 0):,}", border=True)
        st.metric("Trained in", duration(run.result.get("seconds")), border=True)
    if not report["learned"]:
        st.warning(
            f"The model does no better than the rule “{report['baseline']['rule']}”. Train longer, try "
            "another learning rate, or look at the data's problems.",
            icon=":material/warning:",
        )


def behavior(report: Mapping[str, Any]) -> None:
    """Show what is taken for what with each class's scores, or how far predictions are off."""
    left, right = st.columns([1, 1], gap="large")
    if report["task"] == "classification":
        with left:
            _confusion(report)
        with right:
            _per_class(report)
        return
    with left:
        _predicted_against_true(report)
    with right:
        _residuals(report)


def worst_errors(run: RunRecord, report: Mapping[str, Any]) -> None:
    """Show the samples on which the model errs most."""
    st.markdown("### Worst errors")
    found = report["worst_errors"][:ERRORS_SHOWN]
    if not found:
        st.caption("None: every test row was right.")
        return
    data = frame.awaited(lambda: questions.prepared(run_project(run)), "Fetching the samples …", height=200)
    if data is None:
        return
    prepared = Prepared.open(questions.folder_of(data))
    samples = [prepared.sample(error["row"]) for error in found]
    if samples[0]["kind"] == "image":
        _picture_errors(found, samples)
    else:
        _row_errors(found, samples)


def _asked(run: RunRecord) -> str:
    return f"evaluate.{run.id}"


def _confusion(report: Mapping[str, Any]) -> None:
    st.markdown("### What is taken for what")
    st.caption("Row: the true class. Column: what the model said. Numbers are test rows.")
    figure = charts.confusion_matrix(
        report["confusion_matrix"], report["class_names"], dark=st.context.theme.type == "dark"
    )
    st.plotly_chart(figure, key="confusion", config=PLAIN_CHART)


def _per_class(report: Mapping[str, Any]) -> None:
    st.markdown("### Class by class")
    st.caption("How trustworthy an answer is, and how much of a class is found.")
    share = partial(st.column_config.ProgressColumn, min_value=0.0, max_value=1.0, format="percent")
    st.dataframe(
        pd.DataFrame(report["classes"]),
        hide_index=True,
        height=min(460, 38 + 35 * len(report["classes"])),
        column_config={
            "name": st.column_config.TextColumn("Class"),
            "precision": share("Precision", help="Of the rows given this class, how many belong to it."),
            "recall": share("Recall", help="Of the rows of this class, how many were found."),
            "f1": None,
            "support": st.column_config.NumberColumn("Test rows"),
        },
    )


def _predicted_against_true(report: Mapping[str, Any]) -> None:
    st.markdown("### Predicted against true")
    points = report["points"]
    truth, predicted = [[point[name] for point in points] for name in ("true", "predicted")]
    st.plotly_chart(charts.predicted_against_true(truth, predicted), key="scatter", config=PLAIN_CHART)


def _residuals(report: Mapping[str, Any]) -> None:
    st.markdown("### How far off")
    bins = report["residual_histogram"]
    figure = charts.histogram(bins["edges"], bins["counts"], "predicted − true", height=420)
    st.plotly_chart(figure, key="residuals", config=PLAIN_CHART)


def _picture_errors(found: Sequence[Mapping[str, Any]], samples: Sequence[Mapping[str, Any]]) -> None:
    with st.grid(8, min_column_width=110, gap="small"):
        for error, sample in zip(found, samples, strict=True):
            with st.container(gap="xxsmall"):
                st.image(sample["array"].squeeze(), width="stretch", alt=f"A sample of {error['true']}")
                st.caption(
                    f"said **{frame.escape(str(error['predicted']))}** ({error.get('confidence', 0):.0%})  \n"
                    f"is **{frame.escape(str(error['true']))}**"
                )


def _row_errors(found: Sequence[Mapping[str, Any]], samples: Sequence[Mapping[str, Any]]) -> None:
    rows = []
    for error, sample in zip(found, samples, strict=True):
        content = {"Text": sample["text"]} if sample["kind"] == "text" else sample["row"]
        verdict = {"True": error["true"], "Predicted": error["predicted"]}
        if "confidence" in error:
            verdict["Sure"] = f"{error['confidence']:.0%}"
        rows.append({**verdict, **content})
    st.dataframe(
        pd.DataFrame(rows),
        hide_index=True,
        column_config={"Text": st.column_config.TextColumn(width="large")},
    )
