"""Where it errs: groups of test samples in which a model is clearly worse, and their samples."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
import streamlit as st

from builder.runs.records import RunRecord
from builder.ui import frame
from builder.ui.run_data import prepared_of
from builder.ui.sections.asking import understood
from builder.ui.sections.found_samples import Gallery
from builder.ui.tables import share_column

SHOWN = 24


def where_it_errs(run: RunRecord, report: Mapping[str, Any]) -> None:
    """Show the groups with many errors; each opens its samples."""
    st.markdown("### Groups in which it errs most")
    st.caption(
        "Test samples that share a value, a range, a brightness, a length or a word, compared with the "
        "whole. Nothing has to be chosen: the groups are found."
    )
    found = understood(run, "slices", _settings(report), "Look for groups")
    if found is None:
        return
    groups = found["slices"]
    if not groups:
        st.info("The test part is too small to compare groups within it.", icon=":material/info:")
        return
    _summary(found, any(group["clear"] for group in groups))
    names = [" and ".join(group["conditions"]) for group in groups]
    st.dataframe(
        pd.DataFrame(
            {
                "Group": names,
                "Test rows": [group["support"] for group in groups],
                "Errors": [group["error_rate"] for group in groups],
                "At least": [group["lowest"] for group in groups],
            }
        ),
        hide_index=True,
        column_config={
            "Group": st.column_config.TextColumn(width="large"),
            "Errors": share_column("Errors", "The share of the group's rows that are answered badly."),
            "At least": share_column("At least", "The lower bound that chance allows for."),
        },
    )
    with st.container(width=560):
        chosen = st.selectbox("Samples of", names, key="slice.chosen")
    prepared = prepared_of(run)
    if prepared is not None:
        samples = groups[names.index(chosen)]["samples"][:SHOWN]
        Gallery.of(run, prepared, report).show(samples, "slice")


def _settings(report: Mapping[str, Any]) -> dict[str, Any]:
    return {"target": report["target"]} if report.get("target") else {}


def _summary(found: Mapping[str, Any], is_clear: bool) -> None:
    whole = (
        f"On the whole {found['error_rate']:.1%} of {found['rows']:,} rows are {found['bad']}. "
        f"{found['tested']:,} groups of at least {found['least_rows']} rows were compared, and the bounds "
        "allow for so many: at most 1 search in 20 shows a group by mere chance."
    )
    if is_clear:
        st.caption(frame.escape(whole))
    else:
        st.success("No group is clearly worse than the whole.", icon=":material/check_circle:")
        st.caption(frame.escape(f"{whole} The nearest to it:"))
