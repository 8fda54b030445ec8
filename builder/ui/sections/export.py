"""The parts of the Export page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from builder.export.bundle import BUNDLE_NAME, bundle
from builder.export.formats import FORMATS, formats_for
from builder.export.report import is_outdated, read_report
from builder.jobs.measuring import MODEL_FILE
from builder.runs.records import RunRecord
from builder.scores import metric_name, metric_value, milliseconds
from builder.sizes import size_words
from builder.ui import clicks, frame, questions, state
from builder.ui.run_data import run_project, run_spec
from builder.ui.sections import truth
from builder.ui.services import workspace
from builder.ui.uploads import safe_name

STATUS = {"verified": "Verified", "differs": "Differs", "failed": "Failed"}


def choose_and_start(run: RunRecord) -> None:
    """Offer to export everything, or some formats, and follow the work."""
    last = _last_report(run)
    if last is not None and _is_outdated(run, last):
        st.info(
            "The model was trained on since its last export. Those files are of the earlier model, so they "
            "are not offered any more. Export it again.",
            icon=":material/history:",
        )
    kept = report(run)
    again = kept is not None
    with st.container(horizontal=True, vertical_alignment="bottom"):
        if again:
            _bundle(run)
        label = "Export again" if again else "Export everything"
        kind: Any = "secondary" if again else "primary"
        start_all = clicks.button(label, type=kind, icon=":material/package_2:", key="export.all")
        with st.popover("Quantization", icon=":material/tune:"):
            chosen = truth.choices(run, kept)
        with st.popover("Choose formats", icon=":material/checklist:"):
            _some_formats(run, chosen)
        if start_all:
            _start(run, _fitting(run), chosen)
            st.rerun()
    if questions.exports_going_on(run.id):
        _follow(run.id)
        return
    asked = state.recall(f"export.{run.id}")
    if asked:
        known = questions.last_export(run.id, *asked)
        frame.show_problems(known.problems if known else ())


def report(run: RunRecord) -> dict[str, Any] | None:
    """Return the report of the trained model's export, or None before the first and while one is at work.

    An export of what the model was before it was trained on counts as none.
    """
    found = _last_report(run)
    return None if found is None or _is_outdated(run, found) else found


def formats(run: RunRecord) -> None:
    """Say what an export holds, before the first one."""
    st.markdown("### What you will get")
    st.caption("With a model card, a sample, and code for Python, browsers, C++, Android, iOS and the shell.")
    with st.grid(3, min_column_width=280):
        for item in (FORMATS[name] for name in _fitting(run)):
            with st.container(border=True, height="stretch", gap="xxsmall"):
                st.markdown(f"**{item.label}**")
                st.caption(item.use)


def verification(report: Mapping[str, Any]) -> None:
    """Show how each file compares with the trained model."""
    st.markdown("### Verification")
    st.caption(
        f"Each file was loaded by its own runtime and asked about {report['samples']:,} test samples. "
        "Latency is of one sample on one processor thread of this machine."
    )
    entries = report["formats"]
    score = metric_name(report["metric"])
    notes = [entry.get("note") or "" for entry in entries]
    st.dataframe(
        pd.DataFrame(
            {
                "Format": [entry["label"] for entry in entries],
                "Status": [STATUS.get(entry["status"], entry["status"]) for entry in entries],
                "Agreement": [entry.get("agreement") for entry in entries],
                "Largest difference": [entry.get("largest_difference") for entry in entries],
                score: [metric_value(report["metric"], entry.get("metric_export")) for entry in entries],
                "Size": [size_words(entry.get("bytes")) for entry in entries],
                "Latency": [milliseconds(entry.get("latency_ms_p50")) for entry in entries],
                "Note": notes,
            }
        ),
        hide_index=True,
        column_config={
            "Agreement": st.column_config.NumberColumn(
                format="percent", help="Share of test samples on which the file agrees with your model."
            ),
            "Largest difference": st.column_config.NumberColumn(
                format="%.2g", help="The largest difference of any output from your model's."
            ),
            score: st.column_config.TextColumn(help="Of the file, on the same samples."),
            "Latency": st.column_config.TextColumn(help="Half of the calls are faster."),
            "Note": st.column_config.TextColumn(width="large") if any(notes) else None,
        },
    )
    _failures(entries)


def files(run: RunRecord) -> None:
    """Offer every exported file by itself."""
    with st.expander("Single files", icon=":material/folder_zip:"):
        for file in _single_files(_folder(run)):
            st.download_button(
                f"{file.relative_to(_folder(run))} ({size_words(file.stat().st_size)})",
                file.read_bytes,
                file_name=file.name,
                key=f"file.{run.id}.{file}",
                icon=":material/description:",
                type="tertiary",
                on_click="ignore",
            )


def script(run: RunRecord) -> None:
    """Show the project as a Keras script, and offer it as a notebook too."""
    with st.expander("The model as a Keras script or notebook", icon=":material/code:"):
        found = frame.awaited(lambda: questions.script(run_project(run)), "Writing the script …")
        if found is None:
            return
        if len(found) > 2:
            st.caption("Both read the other files from beside themselves: keep them in one folder.")
        with st.container(horizontal=True):
            for name, text in found.items():
                st.download_button(
                    name, text, name, key=f"script.{name}", icon=":material/download:", on_click="ignore"
                )
        st.code(next(iter(found.values())), language="python", height=500)


def _bundle(run: RunRecord) -> None:
    # The zip is made when it is asked for, not on every run of the page.
    st.download_button(
        "Download everything (zip)",
        lambda: bundle(_folder(run)).read_bytes(),
        file_name=f"{safe_name(run.name)}.zip",
        mime="application/zip",
        icon=":material/download:",
        type="primary",
        on_click="ignore",
    )


def _failures(entries: Sequence[Mapping[str, Any]]) -> None:
    failed = [entry for entry in entries if entry.get("problem")]
    frame.show_problems(
        {**entry["problem"], "message": f"{entry['label']}: {entry['problem']['message']}"}
        for entry in failed
    )


def _last_report(run: RunRecord) -> dict[str, Any] | None:
    return None if questions.exports_going_on(run.id) else read_report(_folder(run))


def _is_outdated(run: RunRecord, found: Mapping[str, Any]) -> bool:
    return is_outdated(found, workspace().run_folder(run.id) / MODEL_FILE)


def _some_formats(run: RunRecord, quantization: Mapping[str, Any]) -> None:
    chosen = st.pills(
        "Formats",
        _fitting(run),
        selection_mode="multi",
        format_func=lambda name: FORMATS[name].label,
        key=f"formats.{run.id}",
    )
    for name in chosen:
        st.caption(f"**{FORMATS[name].label}** {FORMATS[name].use}")
    if clicks.button("Export these", disabled=not chosen, key="export.some"):
        _start(run, list(chosen), quantization)
        st.rerun()


def _fitting(run: RunRecord) -> list[str]:
    return list(formats_for(run_spec(run)))


def _start(run: RunRecord, formats: list[str], quantization: Mapping[str, Any]) -> None:
    state.remember(f"export.{run.id}", (formats, quantization))
    questions.start_export(run.id, formats, quantization)


@frame.polled(1.0)
def _follow(run_id: str) -> None:
    if not questions.exports_going_on(run_id):
        st.rerun()
    seen = questions.export_progress(run_id)
    st.progress(seen["share"], text=f"{seen['words']} … this can take a minute or two")


def _single_files(folder: Path) -> list[Path]:
    found = [path for path in sorted(folder.rglob("*")) if path.is_file() and path.name != BUNDLE_NAME]
    return [
        path for path in found if not any(part.startswith(".") for part in path.relative_to(folder).parts)
    ]


def _folder(run: RunRecord) -> Path:
    return workspace().run_folder(run.id) / "exports"
