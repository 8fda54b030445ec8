"""The part of the Export page that starts, shows and stops prediction servers."""

from __future__ import annotations

import streamlit as st

from builder.export.formats import FORMATS
from builder.export.job import AUTO_SERVED, SERVED
from builder.jobs import serving
from builder.runs.records import RunRecord, ServerRecord
from builder.runs.servers import list_servers
from builder.ui import clicks, frame, questions, state
from builder.ui.services import store, workspace

_LOG_LINES = 200


def servers(run: RunRecord) -> None:
    """Offer to serve a run's model, and show the servers of it that were started."""
    st.markdown("### Serve")
    st.caption(
        "A server on this machine answers other programs over HTTP, and has a page to try the model. It goes "
        "on when you close the studio, until you stop it."
    )
    own = list_servers(store(), run.id)
    for record in own:
        _card(record)
    _start(run, again=bool(own))


def _start(run: RunRecord, again: bool) -> None:
    going_on = questions.servers_starting(run.id)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = st.selectbox(
            "What runs",
            SERVED,
            format_func=_label,
            key=f"served.{run.id}",
            disabled=bool(going_on),
            help="Automatic takes a TFLite file, for many requests at once where the model allows it.",
            width=280,
        )
        label = "Start another server" if again else "Start a server"
        if clicks.button(label, icon=":material/dns:", key="serve.start", disabled=bool(going_on)):
            state.remember(f"serve.{run.id}", chosen)
            questions.start_server(run.id, chosen)
            st.rerun()
    if going_on:
        _follow(run.id)
        return
    last = state.recall(f"serve.{run.id}")
    if last:
        known = questions.last_server(run.id, last)
        frame.show_problems(known.problems if known else ())


@frame.polled(1.0)
def _follow(run_id: str) -> None:
    if not questions.servers_starting(run_id):
        st.rerun()
    st.caption(":material/hourglass_top: Getting the server ready … the first time takes up to a minute")


def _card(record: ServerRecord) -> None:
    lives = serving.is_serving(record)
    with st.container(border=True, gap="xsmall"):
        with st.container(horizontal=True, vertical_alignment="center"):
            if lives:
                st.badge("Serving", icon=":material/check_circle:", color="green")
                st.markdown(f"[{record.address}]({record.address})")
            else:
                st.badge("Ended by itself", icon=":material/error:", color="red")
                st.markdown(record.address)
            st.caption(_label(record.served))
        with st.container(horizontal=True):
            if lives:
                st.link_button("Try it", record.address, icon=":material/open_in_new:")
                st.link_button("For programs", f"{record.address}/docs", icon=":material/api:")
            if clicks.button(
                "Stop" if lives else "Remove", key=f"stop.{record.id}", icon=":material/stop_circle:"
            ):
                serving.stop_server(record.id, store())
                st.rerun()
        with st.expander("Log"):
            words = serving.last_words(serving.log_file(record.run_id, record.id, workspace()))
            st.code("\n".join(words.splitlines()[-_LOG_LINES:]) or "Nothing yet.", language=None)


def _label(served: str) -> str:
    return "Automatic" if served == AUTO_SERVED else FORMATS[served].label
