"""Which of a project's graphs is looked at: chosen by a person, and named where a canvas asks about it."""

from __future__ import annotations

import streamlit as st

from builder.project import DISCRIMINATOR, MODEL, Project

MARK = "#"
SIDES = {MODEL: "Generator", DISCRIMINATOR: "Discriminator"}


def side_id(project_id: str, side: str) -> str:
    """Return the name under which the canvas of one side asks about a project."""
    return project_id if side == MODEL else f"{project_id}{MARK}{side}"


def project_and_side(name: str) -> tuple[str, str]:
    """Return the project's id and the side in a name from ``side_id``."""
    project_id, _, side = name.partition(MARK)
    return project_id, DISCRIMINATOR if side == DISCRIMINATOR else MODEL


def choose_side(project: Project, key: str) -> str:
    """Let one of two graphs be chosen, where the project has two, and return the chosen one."""
    if not project.has_discriminator:
        return MODEL
    chosen = st.segmented_control(
        "Side",
        list(SIDES),
        default=MODEL,
        required=True,
        format_func=SIDES.__getitem__,
        label_visibility="collapsed",
        key=key,
        help="The generator makes samples from noise; the discriminator tells them from real ones.",
    )
    return str(chosen)
