"""The parts of the Results page."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd
import streamlit as st

from builder.data.prepare import Prepared
from builder.runs.records import RunRecord
from builder.scores import metric_name, metric_value
from builder.tasks import TASKS
from builder.ui import charts, frame, questions, state
from builder.ui.format import duration
from builder.ui.run_data import prepared_of
from builder.ui.runs import RUNS_SHOWN, nothing_trained, run_chooser
from builder.ui.sections import (
    anomalies,
    answers,
    boxes,
    entities,
    fine_tuning,
    forecasts,
    gaps,
    judgement,
    labels,
    masks,
    samples,
    transcripts,
)
from builder.ui.sections.found_samples import Gallery
from builder.ui.services import store, workspace
from builder.ui.tables import share_column

ERRORS_SHOWN = 16
OTHER_SCORES = {
    "classification": ("loss",),
    "multi_label": ("macro_f1", "subset_accuracy"),
    "reconstruction": ("precision", "recall"),
    "ordinal": ("quadratic_weighted_kappa", "accuracy"),
    "regression": ("root_mean_squared_error", "r2"),
    "count": ("mean_absolute_error", "root_mean_squared_error"),
    "forecasting": ("root_mean_squared_error",),
    "language_model": ("bits_per_token", "accuracy"),
    "transcription": ("exact_matches",),
    "token_classification": ("precision", "recall"),
    "segmentation": ("pixel_accuracy",),
    "detection": ("precision", "recall"),
    "generation": ("floor", "diversity"),
    "text_to_text": ("rouge_l", "accuracy", "perplexity"),
    "masked_language_model": ("accuracy", "loss"),
}
# What is shown of tasks whose answers are neither one class nor one number.
OWN_BEHAVIOR: Mapping[str, Callable[[Mapping[str, Any]], None]] = {
    "multi_label": labels.behavior,
    "reconstruction": anomalies.behavior,
    "forecasting": forecasts.behavior,
    "generation": samples.meaning,
    "language_model": lambda report: None,
    "masked_language_model": gaps.behavior,
    "text_to_text": answers.behavior,
    "transcription": transcripts.behavior,
    "token_classification": entities.behavior,
    "segmentation": masks.behavior,
    "detection": boxes.behavior,
}
OWN_PICTURES: Mapping[str, Callable[[Mapping[str, Any], Prepared, int], None]] = {
    "segmentation": masks.pictures,
    "detection": boxes.pictures,
}
INPUT_WORDS = {"image": "picture", "audio": "recording", "features": "columns"}
ERROR_ORDERS = {
    "worst_errors": "The truth got the least probability",
    "confident_errors": "The model was surest",
}
# Their samples are long stretches, of which none is wrong as a whole.
WITHOUT_WORST = (
    "forecasting",
    "language_model",
    "generation",
    "text_to_text",
    "masked_language_model",
)


def choose_run(name: str = "result") -> RunRecord | None:
    """Return the chosen run that has a trained model; say what to do where there is none.

    Args:
        name: tells the choosers of different pages apart.
    """
    runs = [run for run in store().list_runs(project_id=frame.current_id(), limit=RUNS_SHOWN) if run.result]
    if not runs:
        nothing_trained("Results appear here after the first run.")
        return None
    with st.container(width=420):
        return run_chooser(runs, name)


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


def of_one_target(report: dict[str, Any]) -> dict[str, Any]:
    """Return the evaluation of one target: where the model predicts several, of the one that is chosen."""
    if "further" not in report:
        return report
    reports = {item["target"]: item for item in (report, *report["further"])}
    names = list(reports)
    chosen = st.segmented_control(
        "What is predicted", names, default=names[0], required=True, key="result.target"
    )
    return reports[chosen]


def scores(run: RunRecord, report: Mapping[str, Any]) -> None:
    """Show the main score beside what a guess without a model would give."""
    name = TASKS[report["task"]].metric
    value, baseline = report[name], report["baseline"][name]
    others = OTHER_SCORES[report["task"]]
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


def without_inputs(report: Mapping[str, Any]) -> None:
    """Show what is left of the score where an input is missing."""
    if "without" not in report:
        return
    name = TASKS[report["task"]].metric
    st.markdown("### When an input is missing")
    st.caption(
        "The same test rows with a black picture, silence, no words or the usual row in its place. The "
        "training setting 'Take inputs away' teaches a model to do without."
    )
    with st.container(horizontal=True):
        for item, score in report["without"].items():
            st.metric(f"Without the {INPUT_WORDS.get(item, item)}", metric_value(name, score), border=True)


def behavior(run: RunRecord, report: Mapping[str, Any]) -> None:
    """Show what is taken for what with each class's scores, or how far predictions are off."""
    if report["task"] in OWN_BEHAVIOR:
        OWN_BEHAVIOR[report["task"]](report)
        judgement.curves(report)
        return
    if report["task"] in ("classification", "ordinal"):
        left, right = st.columns([1, 1], gap="large")
        with left:
            judgement.confusion(report)
        with right:
            _per_class(report)
        judgement.cell_samples(run, report)
        judgement.curves(report)
        return
    with st.container():
        left, right = st.columns([1, 1], gap="large")
        with left:
            _predicted_against_true(report)
        with right:
            _residuals(report)
    judgement.residuals(run, report)


def next_step(run: RunRecord, report: Mapping[str, Any]) -> None:
    """Offer what a pretrained model is for: fine-tuning on labels."""
    if report["task"] == "masked_language_model":
        fine_tuning.offer(run)


def worst_errors(run: RunRecord, report: Mapping[str, Any]) -> None:
    """Show the samples on which the model errs most."""
    if report["task"] in WITHOUT_WORST:
        return
    if report["task"] == "token_classification":
        entities.worst_errors(report, ERRORS_SHOWN)
        return
    if report["task"] in OWN_PICTURES:
        prepared = prepared_of(run)
        if prepared is not None:
            OWN_PICTURES[report["task"]](report, prepared, ERRORS_SHOWN)
        return
    st.markdown("### Worst errors")
    if not report["worst_errors"]:
        st.caption("None: every test row was right.")
        return
    prepared = prepared_of(run)
    if prepared is not None:
        found = report[_order_of_errors(report)][:ERRORS_SHOWN]
        Gallery.of(run, prepared, report).show(found, "worst")


def _order_of_errors(report: Mapping[str, Any]) -> str:
    if not report.get("confident_errors"):
        return "worst_errors"
    chosen: str = st.segmented_control(
        "Which first",
        list(ERROR_ORDERS),
        format_func=ERROR_ORDERS.__getitem__,
        default="worst_errors",
        required=True,
        label_visibility="collapsed",
        key="errors.order",
    )
    return chosen


def _asked(run: RunRecord) -> str:
    return f"evaluate.{run.id}"


def _per_class(report: Mapping[str, Any]) -> None:
    st.markdown("### Class by class")
    st.caption("How trustworthy an answer is, and how much of a class is found.")
    st.dataframe(
        pd.DataFrame(report["classes"]),
        hide_index=True,
        height=min(460, 38 + 35 * len(report["classes"])),
        column_config={
            "name": st.column_config.TextColumn("Class"),
            "precision": share_column("Precision", "Of the rows given this class, how many belong to it."),
            "recall": share_column("Recall", "Of the rows of this class, how many were found."),
            "f1": None,
            "support": st.column_config.NumberColumn("Test rows"),
        },
    )


def _predicted_against_true(report: Mapping[str, Any]) -> None:
    st.markdown("### Predicted against true")
    points = report["points"]
    truth, predicted = [[point[name] for point in points] for name in ("true", "predicted")]
    st.plotly_chart(charts.predicted_against_true(truth, predicted), key="scatter", config=charts.PLAIN)


def _residuals(report: Mapping[str, Any]) -> None:
    st.markdown("### How far off")
    bins = report["residual_histogram"]
    figure = charts.histogram(bins["edges"], bins["counts"], "predicted − true", height=420)
    st.plotly_chart(figure, key="residuals", config=charts.PLAIN)
