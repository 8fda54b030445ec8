"""Why: one answer of a trained model explained on its sample, and how far to trust the explanation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from builder.data.prepare import Prepared
from builder.data.spec import DataSpec
from builder.explain.marked import SIDE, legend, marked_words, overlay
from builder.explanation_methods import EXPLAINED_TASKS, METHODS
from builder.runs.records import RunRecord
from builder.scores import number_words
from builder.ui import charts, frame, questions, state
from builder.ui.run_data import prepared_of
from builder.ui.work import Answer

WHY = ":material/psychology: Why"
TAB = "result.tab"
LIKELIEST = "The likeliest"
FIRST_METHOD = "occlusion"
BARS = 14
VERDICT_ICONS = {"trust": "check_circle", "care": "warning", "doubt": "error"}
ACCURACY_WORDS = {
    "completeness_error": "What the parts add up to misses the change of the answer by {:.2%}.",
    "additivity_error": "What the parts add up to misses the change of the answer by {:.2%}.",
    "r2": "The simple model follows the answers nearby with an R² of {:.2f}; 1 is perfect.",
}


def can_explain(report: Mapping[str, Any]) -> bool:
    """Tell whether single answers of a report's task can be explained."""
    return report["task"] in EXPLAINED_TASKS


def lead_to_why(run_id: str, row: int, number: int, target: str | None) -> None:
    """Open the explanation of a test sample, on whatever page one is; for callbacks.

    Args:
        run_id: the run.
        row: the sample's row.
        number: its number in the test part, counted from 1.
        target: which of several targets is explained.
    """
    method = state.widget_value("why.method", FIRST_METHOD)
    state.set_widget("why.method", method)
    state.set_widget("why.sample", number)
    state.set_widget(f"why.class.{target}", LIKELIEST)
    state.set_widget(TAB, WHY)
    if target is not None:
        state.set_widget("result.target", target)
    state.remember("why.asked", (run_id, row, method, None, target))
    state.remember("run", run_id)
    frame.go(frame.RESULTS)


def why(run: RunRecord, report: Mapping[str, Any]) -> None:
    """Let a test sample and a method be chosen, and show the explanation."""
    prepared = prepared_of(run)
    if prepared is None:
        return
    target = report.get("target")
    spec = next(one for one in prepared.spec.each_target if target in (None, one.target_name))
    with st.container(horizontal=True, vertical_alignment="bottom"):
        row = _row(prepared, report)
        method = _method("why.method")
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
        _show(prepared.sample(row), spec, answer, "why")


def why_of_own(run: RunRecord, raw: Mapping[str, Any], spec: DataSpec) -> None:
    """Offer to explain the answer to a person's own sample, beside that answer."""
    if spec.task not in EXPLAINED_TASKS or not st.toggle("Explain this answer", key="try.why"):
        return
    method = _method("try.why.method")
    for one in spec.each_target:
        if one.task in EXPLAINED_TASKS:
            _why_of_target(run, raw, one, one.target_name if spec.further_targets else None, method)


def _why_of_target(
    run: RunRecord, raw: Mapping[str, Any], spec: DataSpec, target: str | None, method: str
) -> None:
    def ask() -> Answer:
        return questions.sample_explanation(run.id, dict(raw), method, None, target)

    answer = frame.awaited(ask, "Explaining …", height=320)
    if answer is not None:
        _show({"array": raw.get("image")}, spec, answer, f"try.why.{target}")


def _method(key: str) -> str:
    return st.selectbox("Method", list(METHODS), format_func=lambda name: METHODS[name].label, key=key)


def _row(prepared: Prepared, report: Mapping[str, Any]) -> int:
    rows = prepared.indices["test"].tolist()
    worst = [error["row"] for error in report.get("worst_errors", ()) if error.get("row") in rows]
    first = rows.index(worst[0]) + 1 if worst else 1
    state.set_widget("why.sample", min(state.widget_value("why.sample") or first, len(rows)))
    number = st.number_input(
        "Test sample",
        1,
        len(rows),
        key="why.sample",
        help="It begins with the sample on which the model errs most.",
    )
    return int(rows[int(number) - 1])


def _show(sample: Mapping[str, Any], spec: DataSpec, answer: Mapping[str, Any], place: str) -> None:
    believed = answer["faithfulness"]
    say = {"trust": st.success, "care": st.warning, "doubt": st.error}[believed["verdict"]]
    say(believed["words"], icon=f":material/{VERDICT_ICONS[believed['verdict']]}:")
    left, right = st.columns([3, 2], gap="large")
    with left:
        st.markdown(f"**{_what(spec, answer)}**")
        for item in answer["inputs"]:
            _input(item, sample, bool(answer["signed"]), place)
    with right:
        _proof(answer, place)


def _what(spec: DataSpec, answer: Mapping[str, Any]) -> str:
    label = frame.escape(answer["label"])
    if spec.class_names:
        return f"Why {answer['value']:.1%} for “{label}” (without this sample's parts: {answer['empty']:.1%})"
    value, empty = number_words(answer["value"]), number_words(answer["empty"])
    return f"Why {label} = {value} (without this sample's parts: {empty})"


def _input(item: Mapping[str, Any], sample: Mapping[str, Any], signed: bool, place: str) -> None:
    if item["kind"] == "image":
        picture = sample.get("files", {}).get(item["name"], sample)["array"]
        told = legend("image", signed)
        st.image(
            overlay(picture, item["scores"], item["grid"]), width=SIDE, alt=f"The picture marked. {told}"
        )
        st.caption(told)
    elif item["kind"] == "text":
        st.html(marked_words(item["labels"], item["scores"]))
        st.caption(legend("text", signed, item["labels"]))
    else:
        st.plotly_chart(
            charts.contributions(item["labels"], item["scores"], BARS),
            key=f"{place}.bars.{item['name']}",
            config=charts.PLAIN,
        )


def _proof(answer: Mapping[str, Any], place: str) -> None:
    believed = answer["faithfulness"]
    figure = charts.deletion_and_insertion(
        believed["deletion_curve"],
        believed["random_deletion"],
        believed["insertion_curve"],
        believed["random_insertion"],
    )
    st.plotly_chart(figure, key=f"{place}.proof", config=charts.PLAIN)
    st.caption(
        "The answer while the parts are taken away, or put back, the most important first; dotted: in an "
        "order by chance. Better than "
        f"{believed['deletion_rank']:.0%} of the orders by chance in taking away, and "
        f"{believed['insertion_rank']:.0%} in putting back."
    )
    for name, value in answer["accuracy"].items():
        st.caption(ACCURACY_WORDS[name].format(value))
