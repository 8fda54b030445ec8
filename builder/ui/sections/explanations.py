"""Why: one answer of a trained model explained on its sample, and how far to trust the explanation."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import streamlit as st
from PIL import Image

from builder.data.prepare import Prepared
from builder.data.spec import DataSpec
from builder.explanation_methods import EXPLAINED_TASKS, METHODS
from builder.runs.records import RunRecord
from builder.ui import charts, frame, questions, state
from builder.ui.sections.results import run_project

LIKELIEST = "The likeliest"
SIDE = 320
BARS = 14
FOR, AGAINST = (16, 133, 120), (217, 89, 38)
VERDICT_ICONS = {"trust": "check_circle", "care": "warning", "doubt": "error"}
ACCURACY_WORDS = {
    "completeness_error": "What the parts add up to misses the change of the answer by {:.2%}.",
    "additivity_error": "What the parts add up to misses the change of the answer by {:.2%}.",
    "r2": "The simple model follows the answers nearby with an R² of {:.2f}; 1 is perfect.",
}


def can_explain(report: Mapping[str, Any]) -> bool:
    """Tell whether single answers of a report's task can be explained."""
    return report["task"] in EXPLAINED_TASKS


def why(run: RunRecord, report: Mapping[str, Any]) -> None:
    """Let a test sample and a method be chosen, and show the explanation."""
    found = frame.awaited(lambda: questions.prepared(run_project(run)), "Getting ready …", height=240)
    if found is None:
        return
    prepared, target = Prepared.open(questions.folder_of(found)), report.get("target")
    spec = next(one for one in prepared.spec.each_target if target in (None, one.target_name))
    with st.container(horizontal=True, vertical_alignment="bottom"):
        row = _row(prepared, report)
        method = st.selectbox(
            "Method", list(METHODS), format_func=lambda name: METHODS[name].label, key="why.method"
        )
        names = [LIKELIEST, *spec.class_names]
        chosen = (
            st.selectbox("Answer to explain", names, key=f"why.class.{target}")
            if len(names) > 1
            else LIKELIEST
        )
    st.caption(f"{METHODS[method].summary} {METHODS[method].reference}.")
    wanted = None if chosen == LIKELIEST else chosen
    asked = (run.id, row, method, wanted, target)
    # All tabs run with the page: nothing is worked out before it is wanted.
    st.button(
        "Explain",
        type="primary",
        icon=":material/psychology:",
        key="why.start",
        on_click=state.remember,
        args=("why.asked", asked),
    )
    if state.recall("why.asked") != asked:
        return
    answer = frame.awaited(lambda: questions.explanation(*asked), "Explaining …", height=320)
    if answer is not None:
        _show(prepared.sample(row), spec, answer)


def _row(prepared: Prepared, report: Mapping[str, Any]) -> int:
    rows = prepared.indices["test"].tolist()
    worst = [error["row"] for error in report.get("worst_errors", ()) if error.get("row") in rows]
    first = rows.index(worst[0]) + 1 if worst else 1
    number = st.number_input(
        "Test sample",
        1,
        len(rows),
        first,
        key="why.sample",
        help="It begins with the sample on which the model errs most.",
    )
    return int(rows[int(number) - 1])


def _show(sample: Mapping[str, Any], spec: DataSpec, answer: Mapping[str, Any]) -> None:
    believed = answer["faithfulness"]
    say = {"trust": st.success, "care": st.warning, "doubt": st.error}[believed["verdict"]]
    say(believed["words"], icon=f":material/{VERDICT_ICONS[believed['verdict']]}:")
    left, right = st.columns([3, 2], gap="large")
    with left:
        st.markdown(f"**{_what(spec, answer)}**")
        for item in answer["inputs"]:
            _input(item, sample, bool(answer["signed"]))
    with right:
        _proof(answer)


def _what(spec: DataSpec, answer: Mapping[str, Any]) -> str:
    label = frame.escape(answer["label"])
    if spec.class_names:
        return f"Why {answer['value']:.1%} for “{label}” (without this sample's parts: {answer['empty']:.1%})"
    return f"Why {label} = {answer['value']:,.5g} (without this sample's parts: {answer['empty']:,.5g})"


def _input(item: Mapping[str, Any], sample: Mapping[str, Any], signed: bool) -> None:
    if item["kind"] == "image":
        picture = sample.get("files", {}).get(item["name"], sample)["array"]
        legend = "Green: speaks for it. Orange: speaks against it." if signed else "Green: matters."
        st.image(
            overlay(picture, item["scores"], item["grid"]), width=SIDE, alt=f"The picture marked. {legend}"
        )
        st.caption(legend)
    elif item["kind"] == "text":
        st.html(marked_words(item["labels"], item["scores"]))
    else:
        st.plotly_chart(
            charts.contributions(item["labels"], item["scores"], BARS),
            key=f"why.bars.{item['name']}",
            config=charts.PLAIN,
        )


def overlay(picture: np.ndarray, scores: Sequence[float], grid: Sequence[int]) -> np.ndarray:
    """Return a picture, (height, width, channels) uint8, in gray with its patches colored by their scores."""
    gray = np.asarray(Image.fromarray(picture.squeeze()).convert("L").resize((SIDE, SIDE)), np.float64)
    values = np.asarray(scores).reshape(grid)
    shares = values / max(float(np.abs(values).max()), 1e-12)
    rows, columns = (np.arange(SIDE) * size // SIDE for size in grid)
    share = shares[np.ix_(rows, columns)][..., None]
    color = np.where(share >= 0, FOR, AGAINST)
    strength = 0.75 * np.abs(share)
    return ((1 - strength) * gray[..., None] + strength * color).astype(np.uint8)


def marked_words(words: Sequence[str], scores: Sequence[float]) -> str:
    """Return words as HTML, each with a ground of its score's color and, for screen readers, its score."""
    most = max((abs(score) for score in scores), default=0.0) or 1.0
    pieces = []
    for word, score in zip(words, scores, strict=True):
        red, green, blue = FOR if score >= 0 else AGAINST
        ground = f"rgba({red},{green},{blue},{0.65 * abs(score) / most:.2f})"
        pieces.append(
            f'<span style="background:{ground};border-radius:3px;padding:1px 3px" title="{score:+.4g}">'
            f"{html.escape(word)}</span>"
        )
    return f'<p style="line-height:2.1">{" ".join(pieces)}</p>'


def _proof(answer: Mapping[str, Any]) -> None:
    believed = answer["faithfulness"]
    figure = charts.deletion_and_insertion(
        believed["deletion_curve"],
        believed["random_deletion"],
        believed["insertion_curve"],
        believed["random_insertion"],
    )
    st.plotly_chart(figure, key="why.proof", config=charts.PLAIN)
    st.caption(
        "The answer while the parts are taken away, or put back, the most important first; dotted: in an "
        "order by chance. Better than "
        f"{believed['deletion_rank']:.0%} of the orders by chance in taking away, and "
        f"{believed['insertion_rank']:.0%} in putting back."
    )
    for name, value in answer["accuracy"].items():
        st.caption(ACCURACY_WORDS[name].format(value))
