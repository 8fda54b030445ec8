"""What a generator makes: live while it trains, over the whole run, and what the figures mean."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import streamlit as st

from builder.runs.files import read_json
from builder.runs.records import ACTIVE, RunRecord
from builder.runs.sample_grids import SampleGrid, sample_grids
from builder.sample_files import picture_grid
from builder.ui import charts, frame
from builder.ui.run_data import SPEC_FILE
from builder.ui.services import workspace

POLL_SECONDS = 2.0
# A small picture is drawn larger, in whole steps, so that its pixels stay sharp.
WIDTH = 620
SERIES_SHOWN = 9


def live(run: RunRecord) -> None:
    """Show what the generator makes now, while the run goes on; nothing for other tasks."""
    draw = frame.polled(POLL_SECONDS)(_latest) if run.status in ACTIVE else _latest
    draw(run)


def over_time(run: RunRecord) -> None:
    """Show how the samples of the same noise have become what they are, with a slider through the run."""
    found = sample_grids(workspace().run_folder(run.id))
    if not found:
        return
    st.markdown("### From noise to samples")
    st.caption("The same draws of noise, as the generator turned them into samples while it trained.")
    steps = [grid.step for grid in found]
    chosen = steps[-1]
    if len(steps) > 1:
        chosen = st.select_slider("Step", steps, steps[-1], key=f"samples.{run.id}")
    show(
        next(grid for grid in found if grid.step == chosen).read(), f"Samples at step {chosen:,}", _names(run)
    )


def meaning(report: Mapping[str, Any]) -> None:
    """Say in words what the distance tells."""
    st.markdown(
        f"The **distance** compares {report['samples']:,} made samples with as many held-out real ones, in "
        "the features of a small network that was trained on these data. It is a Fréchet distance like the "
        "FID, but in features of its own: compare it with other runs on the same data, not with published "
        f"figures. Real training samples lie at **{report['floor']:.2f}** from the held-out ones, and "
        f"samples whose every value is drawn by itself at **{report['baseline']['frechet_distance']:.2f}**."
    )
    variety, closeness = report["diversity"], report["closeness"]
    st.markdown(
        f"Two made samples differ {variety:.0%} as much as two real ones. To the nearest training sample "
        f"they lie {closeness:.2f} times as far as real ones do"
        + (": they may be copies." if closeness < 0.5 else ".")
    )


def show(samples: np.ndarray, words: str, names: Sequence[str] = ()) -> None:
    """Show samples on one sheet.

    Args:
        samples: uint8 (count, height, width, channels), or float32 (count, steps, channels).
        words: what they are.
        names: of the channels of series.
    """
    if samples.ndim == 4:
        sheet = picture_grid(samples)
        times = max(1, WIDTH // sheet.shape[1])
        large = sheet.repeat(times, axis=0).repeat(times, axis=1)
        st.image(large.squeeze(), alt=words, output_format="PNG")
        return
    st.caption(
        "Each channel is drawn on a scale of its own: without it, the largest would flatten the others."
    )
    sheet = charts.curve_sheet(_scaled(samples)[:SERIES_SHOWN], names or _numbered(samples.shape[-1]))
    st.plotly_chart(sheet, key=f"sheet.{words}", config=charts.PLAIN)


def channel_names(spec: Mapping[str, Any] | None) -> list[str]:
    """Return the columns that are the channels of a specification's series; none without names."""
    inputs = (spec or {}).get("inputs") or [{}]
    return list(inputs[0].get("settings", {}).get("columns", ()))


def _numbered(count: int) -> list[str]:
    return [f"channel {number}" for number in range(1, count + 1)]


def _scaled(samples: np.ndarray) -> np.ndarray:
    flat = samples.reshape(-1, samples.shape[-1])
    return (samples - flat.mean(axis=0)) / np.maximum(flat.std(axis=0), 1e-6)


def _names(run: RunRecord) -> list[str]:
    return channel_names(read_json(workspace().run_folder(run.id) / SPEC_FILE))


def _latest(run: RunRecord) -> None:
    found: Sequence[SampleGrid] = sample_grids(workspace().run_folder(run.id))
    if not found:
        return
    newest = found[-1]
    st.markdown(f"### Samples :gray-badge[step {newest.step:,}]")
    show(newest.read(), f"Samples at step {newest.step:,}", _names(run))
