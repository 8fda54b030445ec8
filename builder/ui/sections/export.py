"""The parts of the Export page."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from builder.export.formats import FORMATS
from builder.runs.records import RunRecord
from builder.ui import frame, questions, state
from builder.ui.format import size
from builder.ui.sections.results import run_project
from builder.ui.services import workspace
from builder.ui.uploads import safe_name

STATUS = {"verified": "Verified", "ok": "Verified", "failed": "Failed", "skipped": "Not offered"}


def choose_and_start(run: RunRecord) -> None:
    """Offer to export everything, or some formats, and follow the work."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        if st.button("Export everything", type="primary", icon=":material/package_2:"):
            questions.start_export(run.id, None)
        with st.popover("Choose formats", icon=":material/checklist:"):
            _some_formats(run)
    asked = questions.exports_going_on(run.id)
    if asked:
        _follow(run.id, asked[0])
    elif state.recall(f"exported.{run.id}"):
        last = state.take(f"exported.{run.id}")
        frame.show_problems(questions.export(run.id, last["formats"]).problems)


def report(run: RunRecord) -> dict[str, Any] | None:
    """Return the report of the last export, or None before the first and while one is at work."""
    file = _folder(run) / "report.json"
    if questions.exports_going_on(run.id) or not file.exists():
        return None
    return json.loads(file.read_text(encoding="utf-8"))


def bundle(run: RunRecord, report: Mapping[str, Any]) -> None:
    """Offer everything in one zip file."""
    file = Path(report["bundle"])
    if file.exists():
        st.download_button(
            f"Download all ({size(file.stat().st_size)})",
            file.read_bytes,
            file_name=f"{safe_name(run.name)}.zip",
            mime="application/zip",
            icon=":material/download:",
            type="primary",
            on_click="ignore",
        )


def verification(report: Mapping[str, Any]) -> None:
    """Show how each file compares with the trained model."""
    st.markdown("### Verification")
    entries = report["exports"]
    st.dataframe(
        pd.DataFrame(
            {
                "Format": [entry["label"] for entry in entries],
                "Status": [STATUS.get(entry["status"], entry["status"]) for entry in entries],
                "Same answer": [entry.get("agreement") for entry in entries],
                "Largest difference": [entry.get("largest_difference") for entry in entries],
                "Test score": [entry.get("score") for entry in entries],
                "Size": [size(entry.get("size_bytes")) for entry in entries],
                "One prediction": [entry.get("latency_ms") for entry in entries],
                "Note": [entry.get("note") or "" for entry in entries],
            }
        ),
        hide_index=True,
        column_config={
            "Same answer": st.column_config.NumberColumn(
                format="percent", help="Share of test samples on which the file and the model agree."
            ),
            "Largest difference": st.column_config.NumberColumn(
                format="%.2g", help="The largest difference of any output from the model's."
            ),
            "Test score": st.column_config.NumberColumn(format="%.4g"),
            "One prediction": st.column_config.NumberColumn(
                format="%.2f ms", help="Measured on this machine."
            ),
            "Note": st.column_config.TextColumn(width="large"),
        },
    )
    failed = [entry for entry in entries if entry["status"] == "failed"]
    frame.show_problems(
        {"severity": "error", "message": f"{entry['label']}: {entry.get('note') or 'it failed.'}"}
        for entry in failed
    )


def files(run: RunRecord, report: Mapping[str, Any]) -> None:
    """Offer every exported file by itself."""
    with st.expander("Single files", icon=":material/folder_zip:"):
        for file in _single_files(_folder(run)):
            st.download_button(
                f"{file.relative_to(_folder(run))} ({size(file.stat().st_size)})",
                file.read_bytes,
                file_name=file.name,
                key=f"file.{run.id}.{file}",
                icon=":material/description:",
                type="tertiary",
                on_click="ignore",
            )


def script(run: RunRecord) -> None:
    """Show the project as a Keras script."""
    with st.expander("The model as a Keras script", icon=":material/code:"):
        found = frame.awaited(lambda: questions.script(run_project(run)), "Writing the script …")
        if found is not None:
            st.code(found, language="python", height=500)


def _some_formats(run: RunRecord) -> None:
    chosen = st.pills(
        "Formats",
        list(FORMATS),
        selection_mode="multi",
        format_func=lambda name: FORMATS[name].label,
        key=f"formats.{run.id}",
    )
    for name in chosen:
        st.caption(f"**{FORMATS[name].label}** {FORMATS[name].use}")
    if st.button("Export these", disabled=not chosen, key="export.some"):
        questions.start_export(run.id, list(chosen))
        st.rerun()


@st.fragment(run_every=1.0)
def _follow(run_id: str, asked: Mapping[str, Any]) -> None:
    state.remember(f"exported.{run_id}", dict(asked))
    if not questions.exports_going_on(run_id):
        st.rerun()
    seen = questions.export_progress(run_id)
    st.progress(seen["share"], text=f"{seen['words']} … this can take a minute or two")


def _single_files(folder: Path) -> list[Path]:
    found = [path for path in sorted(folder.rglob("*")) if path.is_file() and path.suffix != ".zip"]
    return [
        path for path in found if not any(part.startswith(".") for part in path.relative_to(folder).parts)
    ]


def _folder(run: RunRecord) -> Path:
    return workspace().run_folder(run.id) / "exports"
