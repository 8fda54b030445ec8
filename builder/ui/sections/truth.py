"""What exported files are worth, on the Export page: scores, blocks, speed, microcontrollers, remedies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import streamlit as st

from builder.export.quantization import MOST_SAMPLES, Quantization, block_of_part
from builder.runs.records import RunRecord
from builder.scores import is_loss, is_share, metric_name, metric_value, milliseconds, number_words
from builder.sizes import size_words
from builder.truth.report import MOST_INSIDE, read_truth, read_variants
from builder.ui import frame, questions, state
from builder.ui.components.canvas import canvas
from builder.ui.run_data import run_project
from builder.ui.sections import measuring
from builder.ui.services import TOKEN, workspace
from builder.ui.tables import share_column

CANVAS_HEIGHT = 420
MORE_SAMPLES = 4
_MOST_ON_A_BUTTON = 3
CLASS_MEASURES = {
    "recall": "share of the class that is found",
    "iou": "intersection over union",
    "average_precision": "average precision",
    "f1": "F1 score",
}


def truth(run: RunRecord) -> None:
    """Show what was measured of a run's exported files, or offer to measure them."""
    st.markdown("### What each file is worth")
    if measuring.follow(run.id):
        return
    found = read_truth(_folder(run))
    if found is None:
        st.caption(
            "Accuracy with every class, the blocks that lose it, speed on one and on all processor threads, "
            "memory, and the microcontrollers that it fits."
        )
        st.button(
            "Measure the TFLite files",
            icon=":material/speed:",
            key="truth.measure",
            on_click=_start,
            args=(run.id, None),
        )
        return
    _scores(found)
    variants = [item for item in found["variants"] if item["format"] != "keras"]
    names = {item["format"]: item["label"] for item in variants}
    worst = max(
        variants, key=lambda item: (bool(item["problem"]), -(item.get("change") or 0), -item["bytes"])
    )
    memory = f"truth.{run.id}"
    before = state.recall(memory)
    chosen = st.segmented_control(
        "A closer look at",
        list(names),
        default=before if before in names else worst["format"],
        required=True,
        format_func=names.__getitem__,
        key=f"truth.{run.id}.format",
    )
    state.remember(memory, chosen)
    variant = next(item for item in variants if item["format"] == chosen)
    if variant["problem"]:
        frame.show_problems([variant["problem"]])
        return
    tabs = [":material/account_tree: Block by block", ":material/category: Class by class"]
    blocks, classes, boards = st.tabs([*tabs, ":material/memory: Microcontrollers"])
    with blocks:
        _blocks(run, found, variant)
    with classes:
        _classes(found, variant)
    with boards:
        _boards(variant)


def choices(run: RunRecord, report: Mapping[str, Any] | None) -> dict[str, Any]:
    """Let blocks be kept in floats and calibration samples be counted; return the choices as JSON."""
    before = Quantization.from_json((report or {}).get("quantization", {}))
    nodes = [node.id for node in run_project(run).model.nodes if node.kind != "input.v1"]
    # Layers inside of a block are offered where they were found to hurt, or are kept already.
    parts = sorted({part for part in [*before.keep_float, *_hurting_parts(run)] if "/" in part})
    offered = [*nodes, *(part for part in parts if block_of_part(part) in nodes)]
    # Another export has other choices, so its widgets are others.
    key = f"{run.id}.{hash(before)}"
    kept = st.multiselect(
        "Blocks that stay in 32-bit floats",
        offered,
        [part for part in before.keep_float if part in offered],
        key=f"keep_float.{key}",
        help="Where 8 bits cost accuracy. They stay large, and slow on microcontrollers. Once the files are "
        "measured, single layers of the blocks that hurt most can be chosen, too.",
    )
    count = st.number_input(
        "Calibration samples",
        1,
        MOST_SAMPLES,
        before.calibration_samples,
        key=f"calibration.{key}",
        help="Training samples that show how large the numbers inside the model get, for int8.",
    )
    return {"keep_float": kept, "calibration_samples": int(count)}


def _hurting_parts(run: RunRecord) -> list[str]:
    """Return what was found to make most of the error in any file, such as "backbone/block_1_expand"."""
    found = read_truth(_folder(run))
    # Of a file that could not be measured there is a problem alone.
    return [part for variant in (found or {}).get("variants", ()) for part in variant.get("hurting", ())]


def _scores(found: Mapping[str, Any]) -> None:
    st.caption(
        f"On {found['samples']:,} test samples, beside the Keras model: "
        f"{metric_name(found['metric'])} {metric_value(found['metric'], found['keras']['score'])}. "
        "Half of the calls are faster than the first time, 95 % than the second."
    )
    rows = [_score_row(found, item) for item in found["variants"]]
    st.dataframe(
        pd.DataFrame(rows),
        hide_index=True,
        column_config={
            "Agreement": st.column_config.NumberColumn(format="percent"),
            "Memory": st.column_config.TextColumn(
                help="What a process grows by that loads the file and answers."
            ),
            "Arena": st.column_config.TextColumn(
                help="RAM that TensorFlow Lite Micro takes, estimated on this machine."
            ),
        },
    )


def _score_row(found: Mapping[str, Any], item: Mapping[str, Any]) -> dict[str, Any]:
    speed = item.get("speed") or {}
    arena = (item.get("micro") or {}).get("arena_bytes")
    return {
        "Format": item["label"],
        metric_name(found["metric"]): metric_value(found["metric"], item.get("score")),
        "Change": _change(found, item.get("change")),
        "Agreement": item.get("agreement"),
        "Size": size_words(item["bytes"]),
        "One thread": _times(speed.get("one")),
        f"{found['threads']} threads": _times(speed.get("all")),
        "Memory": size_words(speed.get("memory_bytes")),
        "Arena": size_words(arena),
    }


def _blocks(run: RunRecord, found: Mapping[str, Any], variant: Mapping[str, Any]) -> None:
    if not variant["layers"]:
        st.caption("Nothing is rounded in this file, so no block loses anything.")
        return
    left, right = st.columns([2, 3], gap="large")
    with left:
        _verdict(found, variant)
        _errors(variant["layers"], "Block")
        # What was measured by earlier versions has no such rows.
        inside = variant.get("inside", ())
        if inside:
            st.markdown("**Inside of the worst**", help="The layers that make most of the error come first.")
            _errors(inside[:MOST_INSIDE], "Layer")
        _remedies(run, variant, found["quantization"])
    with right:
        _canvas(run, variant)
    _before_and_after(run, found, variant)


def _errors(rows: Sequence[Mapping[str, Any]], title: str) -> None:
    st.dataframe(
        pd.DataFrame([_layer_row(row, title) for row in rows]),
        hide_index=True,
        column_config={
            "Signal to noise": st.column_config.NumberColumn(
                format="%.0f dB",
                help="Of its output, the error of what comes before included. 10 dB less is ten times the "
                "error.",
            ),
            "Share of the error": share_column(
                "Share of the error",
                "Of the answer's error where it alone is rounded; empty where the time did not suffice.",
            ),
        },
    )


def _verdict(found: Mapping[str, Any], variant: Mapping[str, Any]) -> None:
    change = variant["change"]
    blocks = ", ".join(f"**{frame.escape(block)}**" for block in variant["hurting"])
    source = f" Most of the error in its answers comes from {blocks}." if blocks else ""
    if change is not None and is_loss(found["metric"], found["keras"]["score"], change):
        lost = f"{metric_name(found['metric'])} is {_amount(found['metric'], change)} worse"
        st.warning(f"{lost} after rounding.{source}", icon=":material/trending_down:")
    else:
        st.success(f"Rounding costs next to nothing here.{source}", icon=":material/check_circle:")


def _remedies(run: RunRecord, variant: Mapping[str, Any], quantization: Mapping[str, Any]) -> None:
    hurting = variant["hurting"]
    if hurting:
        kept = sorted({*quantization["keep_float"], *hurting})
        st.button(
            f"Keep {_named(hurting)} in floats, measure again",
            icon=":material/healing:",
            key="truth.keep",
            help="Exports again with these in 32-bit floats: a larger file, a smaller error.",
            on_click=_start,
            args=(run.id, {**quantization, "keep_float": kept}),
        )
    count = quantization["calibration_samples"]
    if variant["format"] == "tflite_int8" and count * MORE_SAMPLES <= MOST_SAMPLES:
        st.button(
            f"Calibrate with {count * MORE_SAMPLES:,} samples, measure again",
            icon=":material/tune:",
            key="truth.calibrate",
            help=f"Now {count:,}. More samples show more of what the model will meet.",
            on_click=_start,
            args=(run.id, {**quantization, "calibration_samples": count * MORE_SAMPLES}),
        )


def _named(parts: Sequence[str]) -> str:
    return " and ".join(parts) if len(parts) <= _MOST_ON_A_BUTTON else f"these {len(parts)} parts"


def _canvas(run: RunRecord, variant: Mapping[str, Any]) -> None:
    hurting = [block_of_part(part) for part in variant["hurting"]]
    st.caption("The blocks that make most of the error are marked." if hurting else "No block is marked.")
    canvas(
        run_project(run).model.to_json(),
        doc_version=f"truth {run.id} {variant['format']} {hash(tuple(hurting))}",
        project_id=frame.current_id(),
        token=TOKEN,
        key="truth_canvas",
        read_only=True,
        height=CANVAS_HEIGHT,
        marks=dict.fromkeys(hurting, "costly"),
    )


def _before_and_after(run: RunRecord, found: Mapping[str, Any], variant: Mapping[str, Any]) -> None:
    tried = [
        item for item in read_variants(workspace().run_folder(run.id)) if item["format"] == variant["format"]
    ]
    if len(tried) < 2:
        return
    st.markdown("**Before and after**")
    rows = [
        {
            "Choice": Quantization.from_json(item["quantization"]).words(),
            metric_name(found["metric"]): metric_value(found["metric"], item["score"]),
            "Agreement": item["agreement"],
            "Size": size_words(item["bytes"]),
            "Latency": milliseconds(item["latency_ms"]),
            "In the export": "yes" if item["quantization"] == found["quantization"] else "",
        }
        for item in tried
    ]
    st.dataframe(
        pd.DataFrame(rows),
        hide_index=True,
        column_config={"Agreement": st.column_config.NumberColumn(format="percent")},
    )


def _classes(found: Mapping[str, Any], variant: Mapping[str, Any]) -> None:
    if not variant["classes"]:
        st.caption("This task has no scores class by class.")
        return
    measure = CLASS_MEASURES.get(found["class_measure"], found["class_measure"])
    st.caption(f"Before and after rounding: {measure}. The classes that lose most come first.")
    st.dataframe(
        pd.DataFrame(
            [
                {
                    "Class": item["name"],
                    "Keras": item["before"],
                    "This file": item["after"],
                    "Change": _points(item["change"]),
                }
                for item in variant["classes"]
            ]
        ),
        hide_index=True,
        column_config={name: share_column(name) for name in ("Keras", "This file")},
    )


def _boards(variant: Mapping[str, Any]) -> None:
    micro = variant["micro"]
    (st.success if micro["runs"] else st.warning)(
        frame.escape(micro["words"]), icon=f":material/{'check_circle' if micro['runs'] else 'warning'}:"
    )
    if not micro["runs"]:
        return
    st.caption(
        "Flash holds the file, RAM the arena; the interpreter and the rest of the program come on top, some "
        "tens of kilobytes each. The arena is an estimate: a microcontroller's pointers are half as long."
    )
    st.dataframe(
        pd.DataFrame([_board_row(board) for board in variant["boards"]]),
        hide_index=True,
        column_config={"Verdict": st.column_config.TextColumn(width="large")},
    )


def _board_row(board: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "Board": board["board"],
        "Chip": board["chip"],
        "Flash": size_words(board["flash"]),
        "RAM": size_words(board["ram"]),
        "Verdict": board["words"],
    }


def _layer_row(layer: Mapping[str, Any], title: str) -> dict[str, Any]:
    return {
        title: layer["block"],
        "Signal to noise": layer["decibels"],
        "Share of the error": layer["share"],
        "Numbers": "floats" if layer["float"] else "rounded",
    }


def _start(run_id: str, quantization: Mapping[str, Any] | None) -> None:
    questions.start_measuring(run_id, [run_id], quantization)


def _change(found: Mapping[str, Any], change: float | None) -> str:
    share = is_share(found["metric"])
    if change is None or abs(change) < 1e-9 or (share and found["larger_is_better"]):
        return _points(change)
    return f"{_amount(found['metric'], change)} {'better' if change > 0 else 'worse'}"


def _amount(metric: str, change: float) -> str:
    return f"{100 * abs(change):.2f} points" if is_share(metric) else f"{abs(change):.3g}"


def _points(change: float | None) -> str:
    if change is None:
        return "–"
    return "none" if abs(change) < 1e-9 else f"{100 * change:+.2f} points"


def _times(found: Mapping[str, Any] | None) -> str:
    return "–" if not found else f"{number_words(found['p50'], 2)} / {milliseconds(found['p95'])}"


def _folder(run: RunRecord) -> Any:
    return workspace().run_folder(run.id) / "exports"
