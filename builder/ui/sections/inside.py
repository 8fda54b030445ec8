"""Inside: what the blocks make of a sample, filters, attention, and how weights are distributed."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import streamlit as st

from builder.data.prepare import Prepared
from builder.runs.records import RunRecord
from builder.ui import charts, frame, global_charts
from builder.ui.format import count_words
from builder.ui.run_data import prepared_of
from builder.ui.sections.asking import understood

BLOCK_PICTURES = 4
MAXIMUM_TEXT = 2_000


def inside(run: RunRecord) -> None:
    """Let one look into the model be chosen, and show it."""
    looks: Mapping[str, Callable[[RunRecord], None]] = {
        "Activations": _activations,
        "Attention": _attention,
        "Filters": _filters,
        "Weights": _weights,
    }
    chosen = st.segmented_control(
        "Look at",
        list(looks),
        default="Activations",
        required=True,
        key="inside.look",
        label_visibility="collapsed",
    )
    looks[chosen](run)


def _activations(run: RunRecord) -> None:
    st.caption(
        "What every block makes of a test sample: feature maps, steps, numbers. Where values lie on both "
        "sides of zero, blue is below and red above; else yellow is most."
    )
    prepared = prepared_of(run)
    if prepared is None:
        return
    number = _sample(prepared)
    found = understood(run, "activations", {"index": number - 1}, "Show activations", at_once=True)
    if found is None:
        return
    st.caption(f"Test sample {number}: {frame.escape(found['label'])}")
    with st.grid(3, min_column_width=300):
        for block in found["blocks"]:
            with st.container(border=True, gap="xsmall"):
                shape = " × ".join(str(size) for size in block["shape"])
                st.markdown(f"**{frame.escape(block['id'])}** :gray[{shape}]")
                for picture in block["pictures"][:BLOCK_PICTURES]:
                    title = f"{block['id']}, {picture['name'].replace('_', ' ')}"
                    st.image(base64.b64decode(picture["png"]), caption=title, width="stretch", alt=title)
                for mark in block["marks"]:
                    st.warning(frame.escape(mark))
                if block["failure"]:
                    st.error(frame.escape(block["failure"]))


def _sample(prepared: Prepared) -> int:
    rows = prepared.indices["test"]
    with st.container(width=240):
        return int(st.number_input("Test sample", 1, len(rows), key="inside.sample"))


def _attention(run: RunRecord) -> None:
    st.caption(
        "Where every head looks while the model reads a sample, exactly as its layers compute it. Attention "
        "shows where information came from, not by itself why the answer is as it is."
    )
    prepared = prepared_of(run)
    if prepared is None:
        return
    settings = _read(prepared)
    found = understood(run, "attention", settings, "Show attention", at_once=True)
    if found is None or not found["layers"]:
        return
    with st.container(horizontal=True):
        names = [layer["name"] for layer in found["layers"]]
        name = st.selectbox("Layer", names, key="attention.layer")
        layer = found["layers"][names.index(name)]
        heads = [f"Head {number}" for number in range(1, len(layer["heads"]) + 1)]
        words = dict(zip(heads, layer["heads"], strict=True))
        chosen = st.segmented_control("Head", heads, default=heads[0], required=True, key="attention.head")
    head = words.get(chosen) or layer["heads"][0]
    st.caption(
        f"Focus {head['focus']:.0%}: at 0 % it looks everywhere alike, at 100 % each place looks at one "
        "other." + (" Only the first places are shown." if layer["cut"] else "")
    )
    figure = global_charts.attention(head["scores"], layer["queries"], layer["keys"], frame.is_dark())
    left, right = st.columns([3, 1]) if layer["grid"] else (st.container(), None)
    with left:
        st.plotly_chart(figure, key="attention", config=charts.PLAIN)
    if right is not None:
        with right:
            st.caption("How much each patch is looked at, on the average")
            looks = np.asarray(head["scores"]).mean(axis=0).reshape(layer["grid"])
            shades = (255 * looks / max(float(looks.max()), 1e-12)).astype(np.uint8)
            large = shades.repeat(24, axis=0).repeat(24, axis=1)
            st.image(large, alt="Bright patches are looked at most")


def _read(prepared: Prepared) -> dict[str, Any]:
    """Return which sample is read: one of the test part, or a text of one's own."""
    kinds = {item.kind for item in prepared.spec.inputs}
    if kinds == {"text"}:
        text = st.text_area(
            "Your own text instead", key="attention.text", max_chars=MAXIMUM_TEXT, placeholder="Type a text"
        )
        if text.strip():
            return {"sample": {"text": text}}
    return {"row": int(prepared.indices["test"][_sample(prepared) - 1])}


def _filters(run: RunRecord) -> None:
    st.caption("What the first convolution looks for: its filters, the strongest first.")
    found = understood(run, "filters", {}, "Show filters", at_once=True)
    if found is None:
        return
    size = " × ".join(str(side) for side in found["size"])
    st.caption(
        f"{frame.escape(found['layer'])}: {found['count']} filters of {size} over "
        f"{count_words(found['channels'], 'channel')}"
        + (
            ", in colors."
            if found["channels"] == 3
            else ". Blue is below zero, red above; of one sign alone, yellow is most. Of several channels "
            "the mean."
        )
    )
    with st.grid(10, min_column_width=84, gap="small"):
        for item in found["filters"]:
            title = f"{item['number']}"
            st.image(base64.b64decode(item["png"]), caption=title, alt=f"Filter {title}", width=76)


def _weights(run: RunRecord) -> None:
    st.caption("How the weights of each layer are distributed. A healthy layer has a hill around zero.")
    found = understood(run, "weights", {}, "Show weights", at_once=True)
    if found is None:
        return
    for layer in found["layers"]:
        trained = "" if layer["trainable"] else " · not trained"
        st.markdown(
            f"**{frame.escape(layer['name'])}** :gray[{layer['kind']} · {layer['parameters']:,} "
            f"weights{trained}]"
        )
        for note in layer["notes"]:
            st.warning(frame.escape(note), icon=":material/warning:")
        with st.grid(4, min_column_width=220, gap="small"):
            for number, item in enumerate(layer["weights"]):
                with st.container(border=True, gap="xxsmall"):
                    bins = item["histogram"]
                    st.plotly_chart(
                        global_charts.small_histogram(bins["edges"], bins["counts"]),
                        key=f"weights.{layer['name']}.{number}",
                        config=charts.PLAIN,
                    )
                    shape = " × ".join(str(size) for size in item["shape"])
                    st.caption(
                        f"{frame.escape(item['name'])} {shape}  \nmean {item['mean']:.3g}, deviation "
                        f"{item['deviation']:.3g}"
                    )
