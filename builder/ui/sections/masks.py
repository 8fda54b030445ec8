"""Pictures with the classes of their pixels over them: predicted beside true, and to try."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from builder.data.overlays import color_name, from_png_text, side_by_side, with_classes
from builder.data.prepare import Prepared
from builder.ui import charts, frame
from builder.ui.tables import share_column

SIDE = 320


def behavior(report: Mapping[str, Any]) -> None:
    """Show each class's intersection over union, and which class is taken for which."""
    left, right = st.columns([1, 1], gap="large")
    with left:
        st.markdown("### Class by class")
        st.caption(
            "Intersection over union: of all pixels that are a class or were taken for it, how many are both."
        )
        st.dataframe(
            pd.DataFrame(report["classes"]),
            hide_index=True,
            column_config={
                "name": st.column_config.TextColumn("Class"),
                "iou": share_column("IoU"),
                "pixels": st.column_config.NumberColumn("Test pixels", format="localized"),
            },
        )
    with right:
        st.markdown("### What is taken for what")
        st.caption("Row: the true class. Column: what the model said. Numbers are pixels of the test part.")
        figure = charts.confusion_matrix(
            report["confusion_matrix"], report["class_names"], dark=frame.is_dark()
        )
        st.plotly_chart(figure, key="confusion", config=charts.PLAIN)


def pictures(report: Mapping[str, Any], prepared: Prepared, shown: int) -> None:
    """Show pictures of the test part with what is right and what the model said, the worst ones first."""
    st.markdown("### Worst pictures")
    legend(report["class_names"])
    found = report["worst_errors"][: shown // 2]
    if not found:
        st.caption("None: every pixel of the test part is right.")
    _rows(found, prepared)
    st.markdown("### Others")
    _rows(report["examples"], prepared)


def answer(found: Mapping[str, Any], picture: np.ndarray) -> None:
    """Show a picture with its predicted classes over it, and each class's share."""
    st.image(with_classes(_enlarged(picture), from_png_text(found["mask"])), alt="What the model sees")
    legend(found["classes"])
    shares = {name: share for name, share in found["shares"].items() if share > 0}
    st.plotly_chart(charts.probability_bars(shares), key="bars", config=charts.PLAIN)


def legend(names: Sequence[str]) -> None:
    """Show the color of every class but the first, which has none."""
    items = [
        f'<span style="white-space:nowrap"><span style="display:inline-block;width:.8em;height:.8em;'
        f'border-radius:2px;background:{color_name(number)}"></span> {html.escape(name)}</span>'
        for number, name in enumerate(names)
        if number
    ]
    st.html(
        f'<div style="display:flex;flex-wrap:wrap;gap:.3em 1em">{"".join(items)}</div>',
    )


def _rows(found: Sequence[Mapping[str, Any]], prepared: Prepared) -> None:
    with st.grid(2, min_column_width=300, gap="small"):
        for item in found:
            picture = _enlarged(prepared.sample(item["row"])["array"])
            truth = with_classes(picture, np.asarray(prepared.targets[item["row"]]))
            said = with_classes(picture, from_png_text(item["mask"]))
            with st.container(border=True, gap="xxsmall"):
                st.image(side_by_side(truth, said), width="stretch", alt="True and predicted classes")
                words = f"with an IoU of {item['mean_iou']:.0%} and {item['wrong']:.1%} of the pixels wrong"
                st.caption(f"Left: what is there. Right: what the model says, {words}.")


def _enlarged(picture: np.ndarray) -> np.ndarray:
    """Return a small picture with each pixel repeated, so that a browser does not blur it."""
    times = max(1, SIDE // max(picture.shape[:2]))
    return picture.repeat(times, axis=0).repeat(times, axis=1)
