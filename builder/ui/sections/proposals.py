"""Settings that a short measurement proposes, on the Train page: learning rate and batch size."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pandas as pd
import streamlit as st

from builder.project import Project
from builder.sizes import size_words
from builder.ui import charts, clicks, frame, questions, state
from builder.ui.work import Answer


def proposals(project: Project) -> None:
    """Offer to measure which learning rate and which batch size suit the model."""
    with st.expander("Find good settings", icon=":material/speed:"):
        st.caption("A short training on your data measures what suits model and machine. It changes nothing.")
        # The losses of a generator and a discriminator tell nothing of their learning rates.
        if project.data.task != "generation":
            _offer("lr_range", "Find the learning rate", project, questions.learning_rates, _learning_rate)
        _offer("batch_sizes", "Find the batch size", project, questions.batch_sizes, _batch_size)


def _offer(
    name: str,
    label: str,
    project: Project,
    ask: Callable[[Project, bool], Answer | None],
    show: Callable[[Project, Mapping[str, Any]], None],
) -> None:
    # What a suggestion changes is left out of the question, so that its answer stays when it is taken.
    asked = _asked(project, name)
    clicked = clicks.button(label, icon=":material/play_circle:", key=f"start.{name}", width="stretch")
    if ask(asked, clicked) is None:
        return
    answer = frame.awaited(lambda: _known(ask(asked, False)), "Measuring …", height=120)
    if answer is not None:
        show(project, answer)


def _known(answer: Answer | None) -> Answer:
    return answer or Answer("working")


def _asked(project: Project, name: str) -> Project:
    own = {"lr_range": "learning_rate", "batch_sizes": "batch_size"}[name]
    return replace(project, training={key: value for key, value in project.training.items() if key != own})


def _learning_rate(project: Project, answer: Mapping[str, Any]) -> None:
    chart = charts.range_test(answer["rates"], answer["losses"], answer["smoothed"], answer["suggestion"])
    st.plotly_chart(chart, key="lr_range", config=charts.PLAIN)
    st.markdown(
        f"The loss is lowest near {answer['at_minimum']:g} and breaks away beyond. A tenth of that, "
        f"**{answer['suggestion']:g}**, is safely on the slope before."
    )
    _take(project, "learning_rate", float(answer["suggestion"]))


def _batch_size(project: Project, answer: Mapping[str, Any]) -> None:
    rows = [
        {
            "Batch size": item["batch_size"],
            "Samples a second": item["samples_per_second"],
            "Memory": "did not suffice" if item["memory_bytes"] is None else size_words(item["memory_bytes"]),
        }
        for item in answer["sizes"]
    ]
    fastest = max((row["Samples a second"] or 0 for row in rows), default=1)
    speed = st.column_config.ProgressColumn(format="%d", min_value=0, max_value=fastest)
    st.dataframe(pd.DataFrame(rows), hide_index=True, column_config={"Samples a second": speed})
    st.markdown(f"**{answer['suggestion']}** is the smallest that is about as fast as any.")
    _take(project, "batch_size", int(answer["suggestion"]))


def _take(project: Project, name: str, value: float) -> None:
    taken = project.training_settings()[name] == value
    st.button(
        "Taken" if taken else f"Use {value:g}",
        key=f"take.{name}",
        type="primary",
        icon=":material/check:",
        disabled=taken,
        on_click=take_setting,
        args=(project, {name: value}),
    )


def take_setting(project: Project, values: Mapping[str, Any]) -> None:
    """Change settings of the training as a new version of the project; the form shows them anew."""
    note = ", ".join(f"{name} {value:g}" for name, value in values.items())
    frame.save(
        replace(project, training={**project.training, **values}),
        from_callback=True,
        note=f"measured: {note}",
    )
    state.renew_widgets(frame.current_id())
