"""The parts of the Runs page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
import streamlit as st

from builder.difference import catalogue_kinds, project_difference
from builder.errors import BuilderError
from builder.jobs import training
from builder.project import Project
from builder.runs.comparison import compared, run_row
from builder.runs.records import RunRecord
from builder.runs.run_details import LONGEST_NOTE
from builder.scores import metric_name
from builder.ui import charts, frame, run_charts, state
from builder.ui.format import ago
from builder.ui.services import store, workspace

MOST_RUNS = 1000
MOST_COMPARED = 20
SCORES = ("accuracy", "val_accuracy", "loss", "val_loss", "val_mean_absolute_error", "val_f1_score")


def search() -> list[RunRecord]:
    """Let the person search, and return what fits, newest first."""
    left, right = st.columns([4, 1], vertical_alignment="bottom")
    words = left.text_input(
        "Search", key="runs.words", icon=":material/search:", placeholder="name, status, tag or note"
    )
    everywhere = right.toggle("All projects", key="runs.everywhere")
    owner = None if everywhere else frame.current_id()
    return store().list_runs(project_id=owner, limit=MOST_RUNS, words=words)


def table(found: Sequence[RunRecord]) -> list[RunRecord]:
    """List runs with the best epoch beside the last, and return the marked ones."""
    if not found:
        st.info("No run fits. Start one on the Train page, or search for something else.")
        return []
    rows = [_table_row(run) for run in found]
    event = st.dataframe(
        pd.DataFrame(rows).dropna(axis="columns", how="all"),
        hide_index=True,
        key=f"runs.{hash(tuple(run.id for run in found))}",
        on_select="rerun",
        selection_mode="multi-row",
        height=min(420, 38 + 35 * len(rows)),
        column_config={"Tags": st.column_config.ListColumn()},
    )
    return [found[place] for place in event["selection"]["rows"][:MOST_COMPARED]]


def actions(chosen: Sequence[RunRecord]) -> None:
    """Let the person tag, note and delete the marked runs."""
    left, middle, right = st.columns([3, 4, 1], vertical_alignment="bottom")
    with left:
        _tags(chosen)
    if len(chosen) == 1:
        with middle:
            _note(chosen[0])
    right.button(
        "Delete",
        icon=":material/delete:",
        key="runs.delete",
        help="They can be restored for a day.",
        on_click=_trash,
        args=([run.id for run in chosen],),
    )


def _tags(chosen: Sequence[RunRecord]) -> None:
    known = sorted({tag for run in store().list_runs(limit=MOST_RUNS) for tag in run.tags})
    common = sorted(set.intersection(*(set(run.tags) for run in chosen)))
    ids = [run.id for run in chosen]
    # What is kept is a part of the key: the browser goes on showing what a field of this key held.
    key = f"runs.tags.{hash((*ids, *common))}"
    st.multiselect(
        "Tags" if len(chosen) == 1 else "Tags that all of them have",
        known,
        common,
        key=key,
        accept_new_options=True,
        on_change=_tag,
        args=(ids, common, key),
    )


def _tag(run_ids: Sequence[str], before: Sequence[str], key: str) -> None:
    """Give to each run the tags that were added, and take those that were removed."""
    chosen = set(state.widget_value(key, before))
    try:
        for run_id in run_ids:
            store().tag_run(run_id, (set(store().run(run_id).tags) - set(before)) | chosen)
    except BuilderError as error:
        frame.tell(error)


def _note(run: RunRecord) -> None:
    key = f"runs.note.{run.id}.{hash(run.note)}"
    st.text_input("Note", run.note, key=key, max_chars=LONGEST_NOTE, on_change=_keep_note, args=(run.id, key))


def _keep_note(run_id: str, key: str) -> None:
    try:
        store().note_run(run_id, str(state.widget_value(key, "")))
    except BuilderError as error:
        frame.tell(error)


def comparison(chosen: Sequence[RunRecord]) -> None:
    """Show the marked runs side by side: curves, settings against a score, and what differs."""
    answer = compared(store(), [run.id for run in chosen])
    labels = {run.id: f"{run.name} · {ago(run.created_at)} · {run.id[:4]}" for run in chosen}
    names = sorted({name for curves in answer["curves"].values() for name in curves})
    if names:
        first = next((names.index(name) for name in ("val_loss", "loss") if name in names), 0)
        name = st.selectbox("Curve", names, first, format_func=metric_name, key="runs.curve")
        curves = {labels[run_id]: values for run_id, values in answer["curves"].items()}
        st.plotly_chart(run_charts.overlaid_curves(curves, name), key="runs.curves", config=charts.PLAIN)
    if len(chosen) < 2:
        return
    _parallel(answer)
    _settings(answer, labels)
    _structure(chosen, labels)


def trash() -> None:
    """List what was deleted within the last day, with a button that takes it back."""
    found = store().list_runs(limit=MOST_RUNS, in_trash=True)
    if not found:
        return
    with st.expander(f"Deleted within the last day ({len(found)})", icon=":material/delete_history:"):
        for run in found:
            left, right = st.columns([5, 1], vertical_alignment="center")
            left.markdown(f"{frame.escape(run.name)} · {run.status} · deleted {ago(run.deleted_at or 0)}")
            right.button("Restore", key=f"runs.restore.{run.id}", on_click=_restore, args=(run.id,))


def _table_row(run: RunRecord) -> dict[str, Any]:
    row = run_row(run)
    scores = {
        f"{metric_name(name)} ({when})": row.get(f"{when}_{name}")
        for name in SCORES
        for when in ("best", "last")
    }
    return {
        "Project": run.name,
        "When": ago(run.created_at),
        "Status": run.status,
        "Tags": list(run.tags),
        "Note": run.note,
        "Epochs": row["epochs"],
        "Best epoch": row["best_epoch"],
        **scores,
        "Parameters": row["parameters"],
        "Seconds": row["seconds"],
        "Owner": run.owner or None,
    }


def _parallel(answer: dict[str, Any]) -> None:
    scored = [name for name in SCORES if all(row.get(f"best_{name}") is not None for row in answer["runs"])]
    axes = answer["differing"]
    if not scored or not axes:
        return
    st.markdown("### Settings against the score")
    score = st.selectbox("Score", scored, format_func=metric_name, key="runs.score")
    rows = [{**row["settings"], score: row[f"best_{score}"]} for row in answer["runs"]]
    chart = run_charts.parallel_coordinates(rows, axes, score, frame.is_dark())
    st.plotly_chart(chart, key="runs.parallel", config=charts.PLAIN)


def _settings(answer: dict[str, Any], labels: dict[str, str]) -> None:
    if not answer["differing"]:
        st.caption("All settings of the training are the same.")
        return
    st.markdown("### Settings that differ")
    rows = [
        {"Setting": name.replace("_", " ").capitalize()}
        | {labels[row["id"]]: _words(row["settings"].get(name)) for row in answer["runs"]}
        for name in answer["differing"]
    ]
    st.dataframe(pd.DataFrame(rows), hide_index=True)


def _structure(chosen: Sequence[RunRecord], labels: dict[str, str]) -> None:
    st.markdown("### What differs from the first one")
    first = Project.from_json(store().run_document(chosen[0].id))
    for run in chosen[1:]:
        other = Project.from_json(store().run_document(run.id))
        found = project_difference(first, other, catalogue_kinds())
        words = "; ".join(change.words for change in found.changes) or "nothing"
        st.markdown(f"**{frame.escape(labels[run.id])}**: {frame.escape(words)}")


def _words(value: object) -> str:
    return "" if value is None else f"{value:g}" if isinstance(value, float) else str(value)


def _trash(run_ids: Sequence[str]) -> None:
    try:
        for run_id in run_ids:
            training.trash_run(run_id, store(), workspace())
    except BuilderError as error:
        frame.tell(error)


def _restore(run_id: str) -> None:
    try:
        store().restore_run(run_id)
    except BuilderError as error:
        frame.tell(error)
