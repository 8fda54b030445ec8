"""Samples that something was found out about: pictures, sounds, rows, each with one click to its Why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from builder.data.prepare import Prepared
from builder.explanation_methods import EXPLAINED_TASKS
from builder.runs.records import RunRecord
from builder.ui import frame, state
from builder.ui.sections.explanations import lead_to_why

Found = Sequence[Mapping[str, Any]]


class Gallery:
    """Shows samples of a run's test part.

    Args:
        run: the run.
        prepared: its data.
        target: the target that is looked at, where there are several.
        explained: whether an explanation can be asked for.
    """

    def __init__(self, run: RunRecord, prepared: Prepared, target: str | None, explained: bool) -> None:
        self._run, self._prepared, self._target = run, prepared, target
        tests = prepared.indices["test"].tolist() if explained else []
        self._numbers = {row: number for number, row in enumerate(tests, start=1)}

    @classmethod
    def of(cls, run: RunRecord, prepared: Prepared, report: Mapping[str, Any]) -> Gallery:
        """Return the gallery of a run with its evaluation's report."""
        return cls(run, prepared, report.get("target"), report["task"] in EXPLAINED_TASKS)

    def show(self, found: Found, place: str) -> None:
        """Show samples.

        Args:
            found: for each its ``row``, and in words what is ``true`` and ``predicted``; where it is known,
                also the ``confidence``.
            place: tells the galleries of a page apart.
        """
        samples = [self._prepared.sample(error["row"]) for error in found]
        if not samples:
            st.caption("No samples.")
        elif samples[0]["kind"] == "image":
            self._pictures(found, samples, place)
        elif samples[0]["kind"] in ("audio", "series"):
            self._waves(found, samples, place)
        elif "files" in samples[0]:
            self._linked(found, samples, place)
        else:
            self._rows(found, samples, place)

    def _why(self, row: int, place: str) -> None:
        if row not in self._numbers:
            return
        st.button(
            "Why?",
            key=f"why.{place}.{row}",
            type="tertiary",
            help="Explain this answer",
            on_click=lead_to_why,
            args=(self._run.id, row, self._numbers[row], self._target),
        )

    def _pictures(self, found: Found, samples: Found, place: str) -> None:
        with st.grid(8, min_column_width=110, gap="small"):
            for error, sample in zip(found, samples, strict=True):
                with st.container(gap="xxsmall"):
                    st.image(sample["array"].squeeze(), width="stretch", alt=f"A sample of {error['true']}")
                    st.caption(f"said {_said(error)}  \nis **{frame.escape(str(error['true']))}**")
                    self._why(error["row"], place)

    def _waves(self, found: Found, samples: Found, place: str) -> None:
        with st.grid(4, min_column_width=190, gap="small"):
            for error, sample in zip(found, samples, strict=True):
                with st.container(border=True, gap="xxsmall"):
                    st.caption(_verdict(error))
                    if sample["kind"] == "audio":
                        _play(sample)
                    else:
                        st.line_chart(sample["array"], height=110)
                    self._why(error["row"], place)

    def _linked(self, found: Found, samples: Found, place: str) -> None:
        with st.grid(4, min_column_width=190, gap="small"):
            for error, sample in zip(found, samples, strict=True):
                with st.container(border=True, gap="xxsmall"):
                    for item in sample["files"].values():
                        if item["kind"] == "image":
                            st.image(item["array"].squeeze(), width=120, alt=f"A sample of {error['true']}")
                        else:
                            _play(item)
                    words = [f"{name}: {value}" for name, value in sample["row"].items() if value is not None]
                    st.caption(frame.escape(" · ".join(words)))
                    st.caption(_verdict(error))
                    self._why(error["row"], place)

    def _rows(self, found: Found, samples: Found, place: str) -> None:
        rows = []
        for error, sample in zip(found, samples, strict=True):
            content = {"Text": sample["text"]} if sample["kind"] == "text" else sample["row"]
            verdict = {"True": error["true"], "Predicted": error["predicted"]}
            if "confidence" in error:
                verdict["Sure"] = f"{error['confidence']:.0%}"
            rows.append({**verdict, **content})
        key = f"rows.{place}"
        can = all(error["row"] in self._numbers for error in found)
        if can:
            st.caption("Tick a row to see why.")
        st.dataframe(
            pd.DataFrame(rows),
            hide_index=True,
            key=key,
            on_select=(lambda: self._ticked(found, key)) if can else "ignore",
            selection_mode="single-row",
            column_config={"Text": st.column_config.TextColumn(width="large")},
        )

    def _ticked(self, found: Found, key: str) -> None:
        chosen = (state.component_state(key, "selection") or {}).get("rows", [])
        if chosen:
            row = found[chosen[0]]["row"]
            lead_to_why(self._run.id, row, self._numbers[row], self._target)


def _said(error: Mapping[str, Any]) -> str:
    sure = f" ({error['confidence']:.0%})" if "confidence" in error else ""
    return f"**{frame.escape(str(error['predicted']))}**{sure}"


def _verdict(error: Mapping[str, Any]) -> str:
    return f"said {_said(error)}, is **{frame.escape(str(error['true']))}**"


def _play(sample: Mapping[str, Any]) -> None:
    st.audio(sample["array"].astype(np.float32) / 32768, sample_rate=sample["rate"])
