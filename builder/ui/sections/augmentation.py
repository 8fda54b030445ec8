"""How training samples are changed by chance, on the Data page, and what that looks like."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pandas as pd
import streamlit as st

from builder.augmentation_parameters import (
    AUGMENTATION_PARAMETERS,
    AUGMENTATIONS,
    augments,
    offered,
)
from builder.project import Project
from builder.ui import clicks, forms, frame, questions, state

_SYNONYMS = ("synonym_replacement", "synonyms")


def settings(project: Project, profile: Mapping[str, Any]) -> Project:
    """Let the changes be chosen that suit the kind of data; nothing where none does."""
    kinds = _kinds(profile)
    if not offered(project.data.task) or not kinds:
        return project
    st.markdown("### Augmentation")
    st.caption(
        "Changes training samples by chance, each time in another way, so that the model learns what does "
        "not matter. Validation, test and exports are never changed."
    )
    chosen = forms.parameter_form(
        AUGMENTATION_PARAMETERS,
        project.data.augmentation,
        state.widget_key(frame.current_id(), "augmentation"),
        columns=4,
        hidden=_hidden(project, kinds),
        owner="Augmentation",
        advanced_label="More ways",
    )
    if chosen == dict(project.data.augmentation):
        return project
    project = replace(project, data=replace(project.data, augmentation=chosen))
    frame.save(project)
    return project


def preview(project: Project) -> None:
    """Show some training samples before and after."""
    if not offered(project.data.task) or not augments(project.data.augmentation):
        return
    if any(problem.severity == "error" for problem in project.data.check()):
        frame.show_problems(project.data.check())
        return
    number = state.recall("augmented.number", 0)
    if clicks.button("Show other samples", key="augmented.others", icon=":material/casino:"):
        number += 1
        state.remember("augmented.number", number)
    found = frame.awaited(
        lambda: questions.augmented(project, number),
        "Changing some samples …",
        height=200,
        keep=f"augmented.{frame.current_id()}",
    )
    for item in (found or {}).get("inputs", ()):
        _SHOWN[item["kind"]](item["samples"])


def _kinds(profile: Mapping[str, Any]) -> list[str]:
    roles = {item["role"] for item in profile["columns"] or ()}
    return [kind for kind in AUGMENTATIONS if kind == profile["kind"] or kind in roles]


def _hidden(project: Project, kinds: Sequence[str]) -> list[str]:
    shown = {item.name for kind in kinds for item in AUGMENTATIONS[kind]}
    if project.data.settings()["tokenizer"] != "word":
        shown -= set(_SYNONYMS)
    shown &= set(offered(project.data.task))
    return [item.name for item in AUGMENTATION_PARAMETERS if item.name not in shown]


def _pictures(samples: Sequence[Mapping[str, Any]]) -> None:
    with st.grid(len(samples), min_column_width=220, gap="medium"):
        for sample in samples:
            with st.container(horizontal=True, gap="xsmall"):
                for place, shown in enumerate([sample["before"], *sample["after"]]):
                    words = "Before" if place == 0 else "After"
                    with st.container(width=104, gap="xxsmall"):
                        st.image(shown["image"], width="stretch", alt=f"{words}: {shown['label']}")
                        st.caption(f"**{words}**  \n{frame.escape(shown['label'])}")


def _texts(samples: Sequence[Mapping[str, Any]]) -> None:
    rows = []
    for sample in samples:
        rows.append({"": "Before", "Label": sample["before"]["label"], "Text": sample["before"]["text"]})
        rows += [{"": "After", "Label": shown["label"], "Text": shown["text"]} for shown in sample["after"]]
    st.dataframe(
        pd.DataFrame(rows),
        hide_index=True,
        column_config={
            "": st.column_config.TextColumn(width=70),
            "Label": st.column_config.TextColumn(width=90),
            "Text": st.column_config.TextColumn(width=1000),
        },
    )


def _sounds(samples: Sequence[Mapping[str, Any]]) -> None:
    for sample in samples:
        shown = [sample["before"], *sample["after"]]
        for place, (column, one) in enumerate(zip(st.columns(len(shown)), shown, strict=True)):
            with column, st.container(border=True, gap="xxsmall"):
                words = "**Before**" if place == 0 else "After"
                st.caption(f"{words} · {frame.escape(one['label'])}")
                st.image(one["spectrogram"], width="stretch", alt="Its spectrogram, low pitches below")
                st.audio(one["sound"])


_SHOWN = {"image": _pictures, "text": _texts, "audio": _sounds}
