"""Try it: draw, type or fill in something and see what the trained model says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import streamlit as st

from builder.data.images import BrokenImage, decode_image, to_array
from builder.data.prepare import Prepared
from builder.runs.records import RunRecord
from builder.ui import charts, frame, questions, state
from builder.ui.components.drawing import drawing_board
from builder.ui.sections.results import run_project

MAXIMUM_PHOTO_MB = 20
MAXIMUM_SIDE = 1024
MAXIMUM_TEXT = 20_000


def try_it(run: RunRecord) -> None:
    """Show the input that suits the model's data, and the prediction beside it."""
    found = frame.awaited(lambda: questions.prepared(run_project(run)), "Getting ready …", height=240)
    if found is None:
        return
    prepared = Prepared.open(questions.folder_of(found))
    kinds = {item.kind for item in prepared.spec.inputs}
    left, right = st.columns(2, gap="large")
    with left:
        if kinds == {"image"}:
            raw = _picture(prepared)
        elif kinds == {"text"}:
            raw = _text(prepared)
        else:
            raw = _row(prepared, run)
    with right:
        _prediction(run, raw, prepared.spec.target_name)


def _picture(prepared: Prepared) -> dict[str, Any] | None:
    is_gray = prepared.spec.arrays[0].shape[-1] == 1
    ways = (
        ["Draw", "Upload a picture", "A test picture"] if is_gray else ["Upload a picture", "A test picture"]
    )
    way = st.segmented_control(
        "How", ways, default=ways[0], required=True, label_visibility="collapsed", key="try.way"
    )
    if way == "Draw":
        st.caption("Draw large, in the middle.")
        drawn = drawing_board("try.drawing")
        return None if drawn is None else {"image": drawn}
    if way == "A test picture":
        picture = prepared.sample(_test_row(prepared, "Another picture"))["array"]
        st.image(picture.squeeze(), width=280, alt="A picture from the test part")
        return {"image": picture}
    return _photo()


def _photo() -> dict[str, Any] | None:
    given = st.file_uploader(
        "A picture", ["png", "jpg", "jpeg", "webp", "bmp"], max_upload_size=MAXIMUM_PHOTO_MB, key="try.photo"
    )
    if given is None:
        return None
    try:
        # Read as the training pictures were: upright, and white where it is transparent.
        picture = decode_image(given.getvalue())
    except BrokenImage as error:
        st.error(
            f"{frame.escape(given.name)} cannot be read: {error}. Choose another PNG or JPEG file.",
            icon=":material/error:",
        )
        return None
    shrink = min(1.0, MAXIMUM_SIDE / max(picture.size))
    height, width = (max(1, round(side * shrink)) for side in (picture.height, picture.width))
    pixels = to_array(picture, height, width, 3)
    st.image(pixels, width=280, alt="Your picture")
    return {"image": pixels}


def _text(prepared: Prepared) -> dict[str, Any] | None:
    if st.button("Take a text from the test part", icon=":material/casino:"):
        row = np.random.default_rng().choice(prepared.indices["test"])
        state.set_widget("try.text", prepared.sample(int(row))["text"])
    text = st.text_area(
        "Your text", key="try.text", max_chars=MAXIMUM_TEXT, height=180, placeholder="Type or paste a text"
    )
    return {"text": text} if text.strip() else None


def _row(prepared: Prepared, run: RunRecord) -> dict[str, Any]:
    row = _test_row(prepared, "Another row")
    defaults = prepared.sample(row)["row"]
    raw: dict[str, Any] = {}
    columns = st.columns(2)
    fields = [(item, name) for item in prepared.spec.inputs for name in _columns_of(item.settings)]
    for number, (item, name) in enumerate(fields):
        with columns[number % 2]:
            raw[name] = _field(name, defaults.get(name), item.settings, f"try.{run.id}.{row}.{name}")
    return raw


def _columns_of(settings: Mapping[str, Any]) -> list[str]:
    text = [settings["column"]] if "column" in settings else []
    return [*settings.get("numeric_columns", []), *settings.get("categorical_columns", []), *text]


def _field(name: str, value: Any, settings: Mapping[str, Any], key: str) -> Any:
    label = frame.escape(name)
    if name in settings.get("numeric_columns", []):
        number = None if value in (None, "") else float(value)
        return st.number_input(label, value=number, format="%g", key=key, placeholder="Missing")
    if name in settings.get("categorical_columns", []):
        options = [str(option) for option in settings["categories"][name]]
        index = options.index(str(value)) if str(value) in options else None
        return st.selectbox(label, options, index, key=key, placeholder="Missing")
    return st.text_input(label, "" if value is None else str(value), key=key)


def _test_row(prepared: Prepared, label: str) -> int:
    number = state.recall("try.number", 0)
    if st.button(label, icon=":material/casino:"):
        number += 1
        state.remember("try.number", number)
    rows = prepared.indices["test"]
    # A fixed stride walks over the whole part without showing neighbors first.
    return int(rows[number * 7919 % len(rows)])


def _prediction(run: RunRecord, raw: dict[str, Any] | None, target: str) -> None:
    if raw is None:
        with st.container(
            border=True, height=280, horizontal_alignment="center", vertical_alignment="center"
        ):
            st.caption("The prediction appears here.", width="content")
        return
    found = frame.awaited(lambda: questions.prediction(run.id, raw), "Predicting …", height=280)
    if found is None:
        return
    answer = found[0]
    if "probabilities" in answer:
        st.metric("Prediction", frame.escape(str(answer["label"])))
        st.plotly_chart(
            charts.probability_bars(answer["probabilities"]), key="bars", config={"displayModeBar": False}
        )
    else:
        st.metric(f"Predicted {frame.escape(target or 'value')}", f"{answer['value']:,.6g}")
