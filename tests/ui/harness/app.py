"""A small Streamlit app with the canvas and the live chart, for browser tests: no project, no Keras.

The answers to the canvas are made up by simple rules. The page to show is chosen by ``?page=``.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import streamlit as st
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

import builder

TOKEN = "harness-token"
CATALOGUE = json.loads(
    Path(builder.__file__).with_name("blocks").joinpath("catalogue.json").read_text("utf-8")
)
BLOCKS = {block["kind"]: block for block in CATALOGUE["blocks"]}
# What the browser tests can change by POST /api/harness, and read back by GET.
RUN: dict[str, Any] = {"status": "running", "steps": 40, "fails": False, "polls": 0, "lowest_loss": 0.1}
STEPS_PER_EPOCH = 10


def _is_refused(request: Request) -> bool:
    return request.headers.get("X-Kerablocks-Token") != TOKEN


async def catalogue(request: Request) -> JSONResponse:
    return JSONResponse(CATALOGUE, 403 if _is_refused(request) else 200)


async def infer(request: Request) -> JSONResponse:
    body = await request.json()
    if _is_refused(request) or RUN["fails"]:
        return JSONResponse({}, 403 if _is_refused(request) else 503)
    return JSONResponse({"rev": body["rev"], **_inferred(body["graph"])})


def _inferred(graph: dict[str, Any]) -> dict[str, Any]:
    """Answer as the compiler would, for the few kinds that the tests draw."""
    nodes: dict[str, Any] = dict(graph.get("known", {}))
    problems: list[dict[str, Any]] = []
    waiting = [node for node in graph["nodes"] if node["id"] not in nodes]
    while waiting:
        arrived = {node["id"]: _sources(graph, node["id"]) for node in waiting}
        ready = [node for node in waiting if all(source in nodes for source in arrived[node["id"]])]
        if not ready:
            break
        for node in ready:
            nodes[node["id"]] = _facts(node, [nodes[source] for source in arrived[node["id"]]], problems)
        waiting = [node for node in waiting if node not in ready]
    total = sum(facts["parameters"] or 0 for facts in nodes.values())
    read = {edge["source"] for edge in graph["edges"]}
    outputs = [facts["shape"] for name, facts in nodes.items() if name not in read and facts["shape"]]
    summary = {"parameters": total, "trainable": total, "layers": len(nodes), "size_bytes": 4 * total}
    summary["output_shape"] = outputs[0] if len(outputs) == 1 else None
    inside = {node["kind"]: _inside(graph, node, nodes) for node in graph["nodes"] if _is_own(node)}
    return {"nodes": nodes, "problems": problems, "summary": summary, "inside": inside}


def _is_own(node: dict[str, Any]) -> bool:
    return str(node["kind"]).startswith("own.")


def _inside(graph: dict[str, Any], node: dict[str, Any], known: dict[str, Any]) -> dict[str, Any]:
    """Answer for the blocks in an own block: what is connected to it flows from its free inputs."""
    arriving = [known[source] for source in _sources(graph, node["id"]) if source in known]
    within = graph["definitions"][node["kind"]]["graph"]
    feeding = {item["id"]: arriving[0] for item in within["nodes"] if arriving and _is_free(item)}
    told = _inferred({**within, "known": feeding})
    return {"use": node["id"], "nodes": told["nodes"], "problems": told["problems"]}


def _is_free(node: dict[str, Any]) -> bool:
    return bool(node["kind"] == "tensor_input.v1")


def _sources(graph: dict[str, Any], node_id: str) -> list[str]:
    return [edge["source"] for edge in graph["edges"] if edge["target"] == node_id]


def _facts(
    node: dict[str, Any], inputs: list[dict[str, Any]], problems: list[dict[str, Any]]
) -> dict[str, Any]:
    stem = node["kind"].split(".")[0]
    declared = [] if _is_own(node) else BLOCKS[node["kind"]]["parameters"]
    values = {item["name"]: item["default"] for item in declared}
    values.update(node["parameters"])
    if stem == "input":
        return _known([None, 28, 28, 1], 0)
    if not inputs or inputs[0]["shape"] is None:
        if not inputs:
            message = f"The block '{node['id']}' has no input. Connect the output of another block to it."
            problems.append(_problem("missing_input", message, node["id"]))
        return _known(None, None)
    return _computed(stem, values, inputs[0]["shape"], node, problems)


def _computed(
    stem: str, values: dict[str, Any], shape: list[Any], node: dict[str, Any], problems: list[dict[str, Any]]
) -> dict[str, Any]:
    last = shape[-1]
    if stem == "conv2d" and isinstance(values["filters"], int):
        return _known(
            [None, shape[1] - 2, shape[2] - 2, values["filters"]], (9 * last + 1) * values["filters"]
        )
    if stem == "max_pooling2d":
        return _known([None, shape[1] // 2, shape[2] // 2, last], 0)
    if stem == "flatten":
        return _known([None, math.prod(shape[1:])], 0)
    if stem == "dense" and isinstance(values["units"], int):
        return _known([*shape[:-1], values["units"]], (last + 1) * values["units"])
    if stem == "classification_head":
        return _known([None, 10], (last + 1) * 10)
    if stem == "dropout" and values["rate"] == 0.9:
        message = f"The block '{node['id']}' drops 90 % of its values. Half is usual."
        edit = {"op": "set_parameter", "id": node["id"], "name": "rate", "value": 0.5}
        repair = {"label": "Drop half", "edits": [edit]}
        problems.append(_problem("high_dropout", message, node["id"], repair, "warning"))
    return _known(shape, 0)


def _known(shape: list[Any] | None, parameters: int | None) -> dict[str, Any]:
    flow = {2: "vector", 3: "sequence", 4: "image"}.get(len(shape or []))
    return {"shape": shape, "dtype": "float32", "flow": flow, "parameters": parameters}


def _problem(
    code: str, message: str, block: str, repair: dict[str, Any] | None = None, severity: str = "error"
) -> dict[str, Any]:
    place = {"block": block, "field": None}
    return {"code": code, "message": message, "repair": repair, "severity": severity, **place}


async def metrics(request: Request) -> JSONResponse:
    RUN["polls"] += 1
    if _is_refused(request) or RUN["fails"]:
        return JSONResponse({}, 403 if _is_refused(request) else 503)
    after = int(request.query_params["after"])
    rows = [row for step in range(after + 1, RUN["steps"] + 1) for row in _rows(step)]
    progress = {
        "epoch": RUN["steps"] // STEPS_PER_EPOCH,
        "epochs": 20,
        "step": RUN["steps"] % STEPS_PER_EPOCH,
        "steps_per_epoch": STEPS_PER_EPOCH,
        "samples_per_second": 1234.5,
        "seconds_left": 95,
        "device": "CPU",
    }
    run = {"status": RUN["status"], "progress": progress, "events": []}
    return JSONResponse({"next": RUN["steps"], "rows": rows, "run": run})


def _rows(step: int) -> list[list[Any]]:
    fall, lowest = math.exp(-step / 60), RUN["lowest_loss"]
    noise = 0.06 * math.sin(step * 2.1) * math.cos(step * 0.7)
    epoch = (step - 1) // STEPS_PER_EPOCH + 1
    rows = [["step", step, epoch, "loss", 2.2 * fall + lowest + noise]]
    rows.append(["step", step, epoch, "accuracy", 1 - 0.9 * fall - abs(noise)])
    if step % STEPS_PER_EPOCH == 0:
        rows.append(["epoch", step, epoch, "loss", 2.2 * fall + lowest])
        rows.append(["epoch", step, epoch, "val_loss", 2.1 * fall + lowest + 0.1 + (step / 900) ** 2])
        rows.append(["epoch", step, epoch, "accuracy", 1 - 0.9 * fall])
        rows.append(["epoch", step, epoch, "val_accuracy", 0.96 - 0.88 * fall])
        rows.append(["epoch", step, epoch, "learning_rate", 0.001])
    return rows


async def harness(request: Request) -> JSONResponse:
    if request.method == "POST":
        RUN.update(await request.json())
    return JSONResponse(RUN)


app = st.App(
    Path(__file__).with_name("page.py"),
    routes=[
        Route("/api/catalogue", catalogue),
        Route("/api/infer", infer, methods=["POST"]),
        Route("/api/runs/{run_id}/metrics", metrics),
        Route("/api/harness", harness, methods=["GET", "POST"]),
    ],
)
