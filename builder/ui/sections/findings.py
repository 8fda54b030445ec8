"""What goes wrong in a run, and what goes on inside it, on the Train page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import streamlit as st

from builder.errors import BuilderError
from builder.project import Project
from builder.runs.files import read_json
from builder.runs.records import ACTIVE, RunRecord
from builder.ui import charts, frame, run_charts
from builder.ui.services import store, workspace

POLL_SECONDS = 1.5
FINDINGS_FILE, TENSORS_FILE = "findings.json", "tensors.json"


def findings(run: RunRecord) -> None:
    """Show what goes wrong in a run, with a button for the change that may mend it; live while it goes on."""
    draw = frame.polled(POLL_SECONDS)(_findings) if run.status in ACTIVE else _findings
    draw(run)


def inside(run: RunRecord) -> None:
    """Show norms and histograms of weights and gradients; live while the run goes on."""
    with st.expander("Weights and gradients", icon=":material/equalizer:"):
        draw = frame.polled(POLL_SECONDS)(_inside) if run.status in ACTIVE else _inside
        draw(run)


def _findings(run: RunRecord) -> None:
    for finding in _read(run, FINDINGS_FILE):
        with st.container(border=True):
            place = f" · {frame.escape(finding['block'])}" if finding.get("block") else ""
            st.markdown(f":material/stethoscope: **{finding['title']}**{place}")
            st.markdown(frame.escape(finding["words"]))
            _offer(run, finding)


def _offer(run: RunRecord, finding: Mapping[str, Any]) -> None:
    change = finding["change"]
    if not change["training"] and not change["edits"]:
        return
    st.button(
        change["label"],
        icon=":material/healing:",
        key=f"finding.{run.id}.{finding['code']}",
        help="Makes a new version of the project. The run itself stays as it is: start a new one.",
        on_click=apply_change,
        args=(change,),
    )


def apply_change(change: Mapping[str, Any]) -> None:
    """Make the change of a finding as a new version of the open project."""
    try:
        project = Project.from_json(store().project(frame.current_id()).document)
        known = [edit for edit in change["edits"] if project.model.has(edit["id"])]
        project = project.with_model(project.model.edited(known))
    except BuilderError as error:
        frame.tell(error)
        return
    project = replace(project, training={**project.training, **change["training"]})
    if frame.save(project, from_callback=True, note=change["label"]):
        frame.renew()
        st.toast(f"Done: {change['label']}. Start training again.", icon=":material/check:")


def _inside(run: RunRecord) -> None:
    samples = _read(run, TENSORS_FILE)
    if not samples:
        st.caption("Norms and histograms appear here after the first epoch.")
        return
    left, right = st.columns(2)
    left.plotly_chart(run_charts.norms(samples, "gradient_norm"), key="gradient_norms", config=charts.PLAIN)
    right.plotly_chart(run_charts.norms(samples, "weight_norm"), key="weight_norms", config=charts.PLAIN)
    layers = samples[-1]["layers"]
    layer = st.selectbox("Layer", list(layers), key=f"layer.{run.id}")
    for column, kind in zip(st.columns(2), ("weights", "gradients"), strict=True):
        chart = run_charts.layer_histogram(layers[layer], kind)
        column.plotly_chart(chart, key=f"histogram.{kind}", config=charts.PLAIN)
    dead = layers[layer]["dead"]
    told = "" if dead is None else f" Units that give 0 for every sample: {dead:.0%}."
    st.caption(f"At step {samples[-1]['step']:,}, on a few training samples.{told}")


def _read(run: RunRecord, name: str) -> list[dict[str, Any]]:
    found = read_json(workspace().run_folder(run.id) / name)
    return found if isinstance(found, list) else []
