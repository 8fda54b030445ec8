"""Try it: draw, type or fill in something and see what the trained model says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import streamlit as st

from builder.data.audio import recorded
from builder.data.images import EXTENSIONS, BrokenImage, decode_image
from builder.data.pixels import to_array
from builder.data.prepare import Prepared
from builder.data.spec import IMAGE_INPUT, DataSpec
from builder.errors import BuilderError
from builder.runs.records import RunRecord
from builder.tasks import TASKS
from builder.ui import charts, clicks, frame, questions, state
from builder.ui.components.drawing import drawing_board
from builder.ui.run_data import prepared_of
from builder.ui.sections import anomalies, boxes, entities, labels, masks
from builder.ui.sections.answers import answer_text
from builder.ui.sections.explanations import why_of_own
from builder.ui.sections.gaps import fill_in
from builder.ui.sections.generating import make_up
from builder.ui.sections.writing import write_on

MAXIMUM_PHOTO_MB = 20
MAXIMUM_SIDE = 1024
MAXIMUM_TEXT = 20_000


def try_it(run: RunRecord) -> None:
    """Show the input that suits the model's data, and the prediction beside it."""
    prepared = prepared_of(run)
    if prepared is None:
        return
    if prepared.spec.task == "language_model":
        write_on(run)
        return
    if prepared.spec.task == "generation":
        make_up(run, prepared.spec)
        return
    if prepared.spec.task == "masked_language_model":
        fill_in(run, prepared)
        return
    if prepared.spec.task == "text_to_text":
        answer_text(run, prepared)
        return
    if prepared.spec.task == "forecasting":
        _forecast(prepared, run)
        return
    kinds = {item.kind for item in prepared.spec.inputs}
    left, right = st.columns(2, gap="large")
    with left:
        if any("file_column" in item.settings for item in prepared.spec.inputs):
            raw: dict[str, Any] | None = _mixed(prepared, run)
        elif kinds == {"image"}:
            raw = _picture(prepared)
        elif kinds == {"audio"}:
            raw = _sound(prepared)
        elif kinds == {"series"}:
            raw = _series(prepared)
        elif kinds == {"text"}:
            raw = _text(prepared)
        else:
            raw = _row(prepared, run)
    with right:
        _prediction(run, raw, prepared.spec)


def _picture(prepared: Prepared) -> dict[str, Any] | None:
    is_gray = prepared.spec.arrays[0].shape[-1] == 1
    ways = ["Upload a picture", "A test picture"]
    if TASKS[prepared.spec.task].of_pictures:
        ways.reverse()
    elif is_gray:
        ways.insert(0, "Draw")
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
    return _photo(prepared.spec)


def _photo(spec: DataSpec) -> dict[str, Any] | None:
    given = st.file_uploader(
        "A picture",
        [extension.removeprefix(".") for extension in EXTENSIONS],
        max_upload_size=MAXIMUM_PHOTO_MB,
        key="try.photo",
    )
    if given is None:
        return None
    try:
        # Read as the training pictures were: upright, and white where it is transparent.
        picture = decode_image(given.getvalue(), spec.input(IMAGE_INPUT).settings.get("gray_range"))
    except BrokenImage as error:
        st.error(
            f"{frame.escape(given.name)} cannot be read: {error}. Choose another picture.",
            icon=":material/error:",
        )
        return None
    shrink = min(1.0, MAXIMUM_SIDE / max(picture.size))
    height, width = (max(1, round(side * shrink)) for side in (picture.height, picture.width))
    pixels = to_array(picture, height, width, 3)
    st.image(pixels, width=280, alt="Your picture")
    return {"image": pixels}


def _sound(prepared: Prepared) -> dict[str, Any] | None:
    ways = ["Record", "Upload a recording", "A test recording"]
    way = st.segmented_control(
        "How", ways, default=ways[2], required=True, label_visibility="collapsed", key="try.way"
    )
    if way == ways[2]:
        sample = prepared.sample(_test_row(prepared, "Another recording"))
        st.audio(sample["array"].astype(np.float32) / 32768, sample_rate=sample["rate"])
        return {"audio": sample["array"], "rate": sample["rate"]}
    if way == ways[0]:
        given = st.audio_input("Speak", key="try.record")
    else:
        given = st.file_uploader(
            "A recording", ["wav", "flac", "ogg", "mp3"], max_upload_size=MAXIMUM_PHOTO_MB, key="try.sound"
        )
    return _own_sound(given)


def _own_sound(given: Any) -> dict[str, Any] | None:
    if given is None:
        return None
    try:
        recording = recorded(given.getvalue(), given.name)
    except BuilderError as error:
        frame.show_problems(error.problems)
        return None
    st.audio(recording.samples, sample_rate=recording.rate)
    return {"audio": recording.samples, "rate": recording.rate}


def _series(prepared: Prepared) -> dict[str, Any]:
    series = prepared.sample(_test_row(prepared, "Another series"))["array"]
    st.line_chart(series, height=240)
    return {"series": series}


def _forecast(prepared: Prepared, run: RunRecord) -> None:
    row = _test_row(prepared, "Another moment")
    past = np.array(prepared.arrays["series"][row])
    found = frame.awaited(lambda: questions.prediction(run.id, {"series": past}), "Forecasting …", height=320)
    if found is not None:
        truth = prepared.targets[row].tolist()
        figure = charts.forecast(past[:, 0].tolist(), truth, found[0]["values"], height=360)
        st.plotly_chart(figure, key="forecast", config=charts.PLAIN)
        why_of_own(run, {"series": past}, prepared.spec)


def _text(prepared: Prepared) -> dict[str, Any] | None:
    if clicks.button("Take a text from the test part", key="try.take", icon=":material/casino:"):
        row = np.random.default_rng().choice(prepared.indices["test"])
        state.set_widget("try.text", prepared.sample(int(row))["text"])
    text = st.text_area(
        "Your text", key="try.text", max_chars=MAXIMUM_TEXT, height=180, placeholder="Type or paste a text"
    )
    return {"text": text} if text.strip() else None


def _mixed(prepared: Prepared, run: RunRecord) -> dict[str, Any]:
    """Show a test row with its picture or recording, each of which can be exchanged for one's own."""
    row = _test_row(prepared, "Another row")
    raw: dict[str, Any] = {}
    for name, sample in prepared.sample(row)["files"].items():
        raw |= _file_of_row(prepared.spec, name, sample, f"try.{run.id}.{row}.{name}")
    return raw | _fields(prepared, run, row)


def _file_of_row(spec: DataSpec, name: str, sample: Mapping[str, Any], key: str) -> dict[str, Any]:
    own = st.toggle(f"My own {'picture' if name == 'image' else 'recording'}", key=f"{key}.own")
    if name == "image":
        if own:
            return _photo(spec) or {}
        st.image(sample["array"].squeeze(), width=220, alt="The picture of a test row")
        return {"image": sample["array"]}
    if own:
        return _own_sound(st.audio_input("Speak", key=f"{key}.record")) or {}
    st.audio(sample["array"].astype(np.float32) / 32768, sample_rate=sample["rate"])
    return {"audio": sample["array"], "rate": sample["rate"]}


def _row(prepared: Prepared, run: RunRecord) -> dict[str, Any]:
    return _fields(prepared, run, _test_row(prepared, "Another row"))


def _fields(prepared: Prepared, run: RunRecord, row: int) -> dict[str, Any]:
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
    if clicks.button(label, key="try.another", icon=":material/casino:"):
        number += 1
        state.remember("try.number", number)
    rows = prepared.indices["test"]
    # A fixed stride walks over the whole part without showing neighbors first.
    return int(rows[number * 7919 % len(rows)])


def _prediction(run: RunRecord, raw: dict[str, Any] | None, spec: DataSpec) -> None:
    if raw is None:
        frame.placeholder("The prediction appears here.", 280)
        return
    found = frame.awaited(lambda: questions.prediction(run.id, raw), "Predicting …", height=280)
    if found is None:
        return
    if spec.task == "token_classification":
        entities.answer(found[0], [name[2:] for name in spec.class_names[1:]])
        return
    if spec.task == "segmentation":
        masks.answer(found[0], raw["image"])
        return
    if spec.task == "detection":
        boxes.answer(found[0], raw["image"], spec.class_names)
        return
    further, target = found[0].get("further", {}), spec.target_name
    _answer(found[0], target, f"Predicted {frame.escape(target)}" if further else "Prediction")
    for name, answer in further.items():
        _answer(answer, name, f"Predicted {frame.escape(name)}")
    why_of_own(run, raw, spec)


def _answer(answer: Mapping[str, Any], target: str, title: str) -> None:
    """Show what the model says of one target."""
    if "text" in answer:
        st.metric("It says", frame.escape(answer["text"]) or "nothing")
    elif "error" in answer:
        anomalies.answer(answer)
    elif "labels" in answer:
        labels.answer(answer, title, target)
    elif "probabilities" in answer:
        st.metric(title, frame.escape(str(answer["label"])))
        figure = charts.probability_bars(answer["probabilities"])
        st.plotly_chart(figure, key=f"bars.{target}", config=charts.PLAIN)
    else:
        st.metric(f"Predicted {frame.escape(target or 'value')}", f"{answer['value']:,.6g}")
