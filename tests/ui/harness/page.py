"""The harness's page: the canvas with a small image model, or the live chart."""

from __future__ import annotations

import json
from typing import Any

import streamlit as st

from builder.ui.components.canvas import canvas
from builder.ui.components.live_chart import live_chart

TOKEN = "harness-token"


def chain(kinds: list[tuple[str, str, dict[str, Any]]]) -> dict[str, Any]:
    """Return a graph of blocks that follow one another."""
    nodes = [
        {"id": name, "kind": kind, "parameters": values, "position": [0, 130 * index]}
        for index, (name, kind, values) in enumerate(kinds)
    ]
    pairs = zip(nodes, nodes[1:], strict=False)
    ports = {"source_port": "output", "target_port": "input"}
    return {"nodes": nodes, "edges": [{"source": a["id"], "target": b["id"], **ports} for a, b in pairs]}


SMALL = chain(
    [
        ("input", "input.v1", {}),
        ("conv_1", "conv2d.v1", {"filters": 32, "activation": "relu"}),
        ("pool_1", "max_pooling2d.v1", {}),
        ("conv_2", "conv2d.v1", {"filters": 64, "activation": "relu"}),
        ("flatten", "flatten.v1", {}),
        ("dropout", "dropout.v1", {"rate": 0.9}),
        ("output", "classification_head.v1", {}),
    ]
)


def large(count: int) -> dict[str, Any]:
    """Return a graph of ``count`` blocks in columns of 40."""
    dense = [(f"dense_{index}", "dense.v1", {}) for index in range(count - 2)]
    graph = chain([("input", "input.v1", {}), ("flatten", "flatten.v1", {}), *dense])
    for index, node in enumerate(graph["nodes"]):
        node["position"] = [250 * (index // 40), 130 * (index % 40)]
    return graph


def with_own_block() -> dict[str, Any]:
    """Return a graph where what an own block makes is added to what goes into it."""
    inside = chain([("free", "tensor_input.v1", {}), ("act", "activation.v1", {}), ("out", "output.v1", {})])
    graph = chain([("input", "input.v1", {}), ("stage", "own.stage", {}), ("sum", "add.v1", {})])
    graph["edges"][1]["target_port"] = "inputs"
    graph["edges"].append({**graph["edges"][1], "source": "input"})
    own = {"label": "Stage", "summary": "", "graph": inside, "exposed": [], "nested_model": False}
    graph["definitions"] = {"own.stage": own}
    return graph


st.set_page_config(layout="wide")
page = st.query_params.get("page", "canvas")
if page == "chart":
    status = st.session_state.get("shown_status", "running")
    changed = live_chart("7", token=TOKEN, key="chart", status=status)
    if changed:
        st.session_state["shown_status"] = changed
    st.markdown(f"Page knows: {changed or status}")
else:
    size = int(st.query_params.get("nodes", "0"))
    version = st.session_state.setdefault("version", 1)
    if st.button("Load another model"):
        st.session_state["version"] = version = version + 1
    made = with_own_block() if page == "own" else SMALL
    document = large(size) if size else made if version == 1 else chain([("input", "input.v1", {})])
    state = canvas(
        document,
        doc_version=version,
        project_id="p1",
        token=TOKEN,
        key="canvas",
        read_only=page == "read_only",
        height=int(st.query_params.get("height", "700")),
    )
    if not size:
        st.code(json.dumps(state), language=None)
