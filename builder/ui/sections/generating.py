"""Try a generator: draw noise, and see what it makes of it."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import streamlit as st

from builder.data.spec import DataSpec
from builder.generating_settings import GENERATING_PARAMETERS
from builder.runs.records import RunRecord
from builder.ui import forms, frame, questions, state
from builder.ui.sections.samples import channel_names, show

HEIGHT = 320


def make_up(run: RunRecord, spec: DataSpec) -> None:
    """Show the settings, and beside them the samples."""
    left, right = st.columns([2, 3], gap="large")
    with left:
        times = state.recall("generate.times", 0)
        before = state.recall("generate.settings", {})
        settings = forms.parameter_form(
            GENERATING_PARAMETERS, before, f"generate.form.{times}", columns=2, owner="Generating"
        )
        state.remember("generate.settings", settings)
        st.button(
            "Generate others",
            type="primary",
            icon=":material/casino:",
            help="Takes the next seed.",
            on_click=_next_seed,
            args=(settings,),
        )
    with right:
        found = frame.awaited(lambda: questions.generated(run.id, settings), "Generating …", height=HEIGHT)
        if found is not None:
            show(found["samples"], "Samples that the generator made", channel_names(spec.to_json()))
            _offer_download(found)


def _next_seed(settings: dict[str, Any]) -> None:
    state.remember("generate.settings", {**settings, "seed": int(settings.get("seed", 1)) + 1})
    state.remember("generate.times", state.recall("generate.times", 0) + 1)


def _offer_download(found: dict[str, Any]) -> None:
    st.download_button(
        "Download",
        lambda: _archive(found["samples"]),
        file_name="samples.npz",
        mime="application/octet-stream",
        icon=":material/download:",
        help="One NumPy archive with the samples as numbers.",
        on_click="ignore",
    )


def _archive(samples: np.ndarray) -> bytes:
    stream = io.BytesIO()
    np.savez_compressed(stream, samples=samples)
    return stream.getvalue()
