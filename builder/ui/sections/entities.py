"""Sentences with their names marked: on the Results page beside what is right, and to try."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import streamlit as st

from builder.ui.tables import share_column

# Told apart by hue; half transparent, so that words can be read on light and dark ground.
COLORS = ("#3987e5", "#199e70", "#d95926", "#9085e9", "#d55181", "#c98500", "#008300", "#e66767")
WORDS_SHOWN = 90


def behavior(report: Mapping[str, Any]) -> None:
    """Show the scores of every type of name."""
    st.markdown("### Type by type")
    st.caption(
        "A name counts as found only where its type, its first and its last word are right. How trustworthy "
        "what was found is, and how much of what is there was found."
    )
    everything = {
        "name": "All",
        "precision": report["precision"],
        "recall": report["recall"],
        "f1": report["entity_f1"],
        "support": sum(item["support"] for item in report["types"]),
    }
    st.dataframe(
        pd.DataFrame([*report["types"], everything]),
        hide_index=True,
        column_config={
            "name": st.column_config.TextColumn("Type"),
            "precision": share_column("Precision", "Of the names found of this type, how many are right."),
            "recall": share_column("Recall", "Of the names of this type, how many were found."),
            "f1": share_column("F1", "Both in one: the harmonic mean."),
            "support": st.column_config.NumberColumn("In the test part"),
        },
    )


def worst_errors(report: Mapping[str, Any], shown: int) -> None:
    """Show the sentences with most errors: what is right, and what the model said."""
    st.markdown("### Worst sentences")
    found = report["worst_errors"][:shown]
    if not found:
        st.caption("None: every name of the test part was found, and nothing else.")
        return
    st.caption("Framed: a name that only this reading has.")
    colors = colors_of([item["name"] for item in report["types"]])
    for error in found:
        both = [{tuple(entity.values()) for entity in error[side]} for side in ("true", "predicted")]
        common = both[0] & both[1]
        with st.container(border=True, gap="xxsmall"):
            for label, side in (("Right", "true"), ("Said", "predicted")):
                alone = [tuple(entity.values()) not in common for entity in error[side]]
                st.html(
                    f"<b>{label}</b> &nbsp; {marked(error['tokens'], error[side], colors, alone)}",
                )


def answer(found: Mapping[str, Any], types: Sequence[str]) -> None:
    """Show what a model says of a sentence: the sentence with its names marked, and their list."""
    colors = colors_of(types)
    with st.container(border=True):
        st.html(marked(found["tokens"], found["entities"], colors))
    if not found["entities"]:
        st.caption("No names were found.")
        return
    st.dataframe(
        pd.DataFrame([{"Name": item["text"], "Type": item["type"]} for item in found["entities"]]),
        hide_index=True,
    )


def colors_of(types: Sequence[str]) -> dict[str, str]:
    """Return a color a type, the same wherever the same types are shown."""
    return {kind: COLORS[place % len(COLORS)] for place, kind in enumerate(sorted(set(types)))}


def marked(
    tokens: Sequence[str],
    entities: Sequence[Mapping[str, Any]],
    colors: Mapping[str, str],
    framed: Sequence[bool] = (),
) -> str:
    """Return a sentence as HTML with its entities marked, some of them framed.

    Args:
        tokens: the words.
        entities: ``type``, ``first`` and ``last`` word of each, in order.
        colors: a color a type.
        framed: whether each entity gets a frame.
    """
    pieces: list[str] = []
    place = 0
    shown = tokens[:WORDS_SHOWN]
    for number, entity in enumerate(entities):
        if entity["first"] >= len(shown):
            break
        pieces += map(html.escape, shown[place : entity["first"]])
        place = entity["last"] + 1
        words = html.escape(" ".join(shown[entity["first"] : place]))
        color = colors.get(entity["type"], COLORS[0])
        style = f"background:{color}55;color:inherit;border-radius:3px;padding:1px 4px;margin:0 2px"
        if framed and framed[number]:
            style += ";outline:2px dashed #e34948"
        kind = html.escape(entity["type"])
        pieces.append(f'<mark style="{style}">{words} <small><b>{kind}</b></small></mark>')
    pieces += map(html.escape, shown[place:])
    end = " …" if len(tokens) > len(shown) else ""
    return f'<span style="line-height:1.9">{" ".join(pieces)}{end}</span>'
