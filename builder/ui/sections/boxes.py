"""Pictures with boxes around what is on them: found beside true, and to try."""

from __future__ import annotations

import html
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from builder.data.overlays import color_name, png_text, side_by_side, with_boxes
from builder.data.prepare import Prepared
from builder.detections import plain_boxes, true_boxes
from builder.ui.sections.masks import legend
from builder.ui.tables import share_column

SIDE = 480
_RIGHT = 0.6


def behavior(report: Mapping[str, Any]) -> None:
    """Show how well the things of every class are found."""
    st.markdown("### Class by class")
    st.caption(
        "A box is right where it overlaps a true one of its class by at least half (intersection over "
        "union). Precision and recall are those of the boxes shown below, of which the model is sure by "
        "30 % at least; average precision sums up all such limits."
    )
    st.dataframe(
        pd.DataFrame(report["classes"]),
        hide_index=True,
        column_config={
            "name": st.column_config.TextColumn("Class"),
            "average_precision": share_column("Average precision"),
            "precision": share_column("Precision", "Of the boxes shown, how many are right."),
            "recall": share_column("Recall", "Of the things that are there, how many were found."),
            "support": st.column_config.NumberColumn("In the test part"),
        },
    )


def pictures(report: Mapping[str, Any], prepared: Prepared, shown: int) -> None:
    """Show pictures of the test part with the true boxes and those found, the worst ones first."""
    st.markdown("### Worst pictures")
    legend(["", *report["class_names"]])
    found = report["worst_errors"][: shown // 2]
    if not found:
        st.caption("None: everything on the test pictures was found, and nothing else.")
    _rows(found, prepared)
    st.markdown("### Others")
    _rows(report["examples"], prepared)


def answer(found: Mapping[str, Any], picture: np.ndarray, names: Sequence[str]) -> None:
    """Show a picture with the boxes found on it, and how many there are of each class."""
    st.html(named_boxes(picture, found["boxes"]))
    legend(["", *names])
    counts = Counter(box["label"] for box in found["boxes"])
    if not counts:
        st.caption("Nothing was found that the model is sure of by at least 30 %.")
        return
    st.dataframe(
        pd.DataFrame([{"Class": name, "Found": counts[name]} for name in names if counts[name]]),
        hide_index=True,
    )


def named_boxes(picture: np.ndarray, boxes: Sequence[Mapping[str, Any]]) -> str:
    """Return a picture with boxes as HTML, where the browser writes the names in any script.

    Args:
        picture: uint8, (height, width, 1 or 3).
        boxes: ``label``, ``number`` (of the class, from 0), ``score`` and the sides as shares of the picture.
    """
    address = f"data:image/png;base64,{png_text(with_boxes(picture, boxes, SIDE))}"
    names = "".join(_name_on(box) for box in boxes)
    return (
        '<div style="position:relative;display:inline-block;overflow:hidden">'
        f'<img src="{address}" alt="What was found on the picture" style="display:block;max-width:100%">'
        f"{names}</div>"
    )


def _name_on(box: Mapping[str, Any]) -> str:
    # Near the right edge a name goes to the left, so that it stays on the picture.
    across = (
        f"left:{max(box['left'], 0):.1%}" if box["left"] < _RIGHT else f"right:{max(1 - box['right'], 0):.1%}"
    )
    return (
        f'<span style="position:absolute;{across};top:{max(box["top"], 0):.1%};white-space:nowrap;'
        f"padding:0 .3em;font-size:.8rem;color:#fff;background:#000b;"
        f'border-left:4px solid {color_name(box["number"] + 1)}">'
        f"{html.escape(box['label'])} {box['score']:.0%}</span>"
    )


def _rows(found: Sequence[Mapping[str, Any]], prepared: Prepared) -> None:
    with st.grid(2, min_column_width=320, gap="small"):
        for item in found:
            picture = prepared.sample(item["row"])["array"]
            truth = plain_boxes(*true_boxes(np.asarray(prepared.targets[item["row"]])))
            said = [{**box, "text": f"{box['score']:.0%}"} for box in item["boxes"]]
            both = [with_boxes(picture, drawn, SIDE) for drawn in (truth, said)]
            with st.container(border=True, gap="xxsmall"):
                st.image(side_by_side(*both), width="stretch", alt="True boxes and those found")
                words = f"{item['missed']} missed, {item['extra']} too many"
                st.caption(f"Left: what is there. Right: what was found, with {words}.")
