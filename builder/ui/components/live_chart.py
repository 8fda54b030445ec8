"""A run's curves as a Streamlit component, which asks the metrics route by itself."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

BUNDLE = Path(__file__).parent / "bundle"

_mount = st.components.v2.component(
    "kerablocks_live_chart",
    js=(BUNDLE / "live_chart.js").read_text(encoding="utf-8"),
    # Plotly measures and styles through the document, and cannot do so inside a shadow root.
    isolate_styles=False,
)


def live_chart(
    run_id: int | str, *, token: str, key: str, status: str | None = None, height: int = 420
) -> str | None:
    """Show a run's curves and progress, live while it runs.

    Args:
        run_id: the run whose metrics are shown.
        token: sent with every request to the route.
        key: the component's identity on the page.
        status: the run's status as the page shows it; the page is run again when it is no longer true.
        height: of the two charts, in pixels.

    Returns:
        The run's new status in the one rerun that its change causes; None otherwise.
    """
    data = {
        "metricsUrl": f"/api/runs/{run_id}/metrics",
        "token": token,
        "runId": str(run_id),
        "status": status,
        "height": height,
    }
    result = _mount(key=key, data=data, on_status_change=lambda: None)
    return result.status
