"""The parts of the Data page."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from builder.data.sources import Sample, sample
from builder.project import PREPROCESSING_PARAMETERS, ROLES, SPLIT_PARAMETERS, Project
from builder.ui import charts, forms, frame, questions
from builder.ui.services import store

# Which preprocessing settings matter for which kind of data.
SETTINGS_OF = {
    "image": ("image_height", "image_width", "color_mode", "rescale"),
    "text": ("vocabulary_size", "sequence_length"),
    "table": ("normalize",),
}
EXAMPLES_HEIGHT = 330
ROLE_WORDS = {
    "numeric": "Number",
    "categorical": "Category",
    "text": "Text",
    "target": "To predict",
    "ignore": "Leave out",
}


def source(project: Project) -> None:
    """Say where the data come from."""
    with st.container(border=True, gap="xsmall"):
        if project.data.source.get("kind") == "sample":
            _sample_facts(sample(project.data.source.get("name")))
        else:
            path = Path(str(project.data.source.get("path", "")))
            st.markdown(f"**{frame.escape(path.name)}** :gray-badge[:material/folder: Your own data]")
            st.caption(frame.escape(str(path)))


def profile(project: Project) -> dict[str, Any] | None:
    """Return what is known of the data, with its problems shown; None while it is being read."""
    source = json.dumps(dict(project.data.source), sort_keys=True)
    found = frame.awaited(
        lambda: questions.profile(project),
        "Reading the data …",
        height=320,
        keep=f"profile.{frame.current_id()}.{source}",
    )
    if found is not None:
        frame.show_problems(found["problems"])
    return found


def examples(profile: Mapping[str, Any]) -> None:
    """Show some of the data as they are."""
    unit = {"image": "pictures", "text": "texts", "table": "rows"}[profile["kind"]]
    st.markdown(f"### Examples :gray-badge[{profile['rows']:,} {unit}]")
    if profile["kind"] == "image":
        _picture_examples(profile["examples"])
    else:
        st.dataframe(pd.DataFrame(profile["examples"]), hide_index=True, height=EXAMPLES_HEIGHT)


def target(profile: Mapping[str, Any]) -> None:
    """Show what is to be predicted: rows of each class, or the spread of the number."""
    column = next((item for item in profile["columns"] or () if item["role"] == "target"), None)
    name = f" :gray-badge[{frame.escape(column['name'])}]" if column else ""
    st.markdown(f"### To predict{name}")
    if profile["class_balance"]:
        figure = charts.class_balance(profile["class_balance"])
    elif column and column["histogram"]:
        figure = charts.histogram(column["histogram"]["edges"], column["histogram"]["counts"], column["name"])
    else:
        st.caption("Choose the column to predict in the list of columns.")
        return
    st.plotly_chart(figure, key="balance", config={"displayModeBar": False})


def columns(project: Project, profile: Mapping[str, Any]) -> Project:
    """Show the table's columns and let their roles be chosen."""
    found = profile.get("columns")
    if not found:
        return project
    st.markdown("### Columns")
    st.caption("What each column is used for. Exactly one column is the one to predict.")
    shown = pd.DataFrame(
        {
            "Column": [item["name"] for item in found],
            "Used as": [ROLE_WORDS[item["role"]] for item in found],
            "Missing": [item["missing"] for item in found],
            "Distinct": [item["distinct"] for item in found],
            "Examples": [", ".join(item["examples"]) for item in found],
        }
    )
    edited = st.data_editor(
        shown,
        hide_index=True,
        disabled=["Column", "Missing", "Distinct", "Examples"],
        column_config={
            "Used as": st.column_config.SelectboxColumn(
                options=[ROLE_WORDS[role] for role in ROLES], required=True
            ),
        },
        key=f"roles.{frame.current_id()}.{hash(str(sorted(project.data.roles.items())))}",
    )
    return _keep_roles(project, found, list(edited["Used as"]))


def split(project: Project, profile: Mapping[str, Any]) -> Project:
    """Let the shares of the three parts be chosen and show the row counts that follow."""
    st.markdown("### Training, validation and test")
    chosen = forms.parameter_form(
        SPLIT_PARAMETERS,
        project.data.split,
        f"split.{frame.current_id()}",
        columns=1,
        # Data that bring their own test rows need no share for them.
        hidden=("test",) if project.data.split.get("method") == "given" else (),
        sliders=("validation", "test"),
        owner="Split",
    )
    project = _keep(project, split=chosen)
    if profile["parts"]:
        _row_counts(profile["parts"])
    return project


def preprocessing(project: Project, profile: Mapping[str, Any]) -> Project:
    """Let the preparation's settings be chosen; those that do not concern this data are left out."""
    st.markdown("### Preparation")
    roles = {item["role"] for item in profile["columns"] or ()}
    kinds = {profile["kind"], *(["text"] if "text" in roles else [])}
    shown = [name for kind in kinds for name in SETTINGS_OF[kind]]
    hidden = [item.name for item in PREPROCESSING_PARAMETERS if item.name not in shown]
    chosen = forms.parameter_form(
        PREPROCESSING_PARAMETERS,
        project.data.preprocessing,
        f"preprocessing.{frame.current_id()}",
        columns=2,
        hidden=hidden,
        owner="Preprocessing",
    )
    return _keep(project, preprocessing=chosen)


def preparation(project: Project) -> None:
    """Prepare the data and say how it went."""
    found = frame.awaited(lambda: questions.prepared(project), "Preparing the data …", height=48)
    if found is None:
        return
    received = " and ".join(_received(item) for item in found["spec"]["inputs"])
    st.success(f"The data are ready. Each row gives the model {received}.", icon=":material/check_circle:")


def _received(item: Mapping[str, Any]) -> str:
    sizes = {array["name"]: array["shape"] for array in item["arrays"]}
    if item["kind"] == "image":
        height, width, channels = sizes["image"]
        return f"a {'gray' if channels == 1 else 'color'} picture of {height} × {width} pixels"
    if item["kind"] == "text":
        return f"{sizes['tokens'][0]} words"
    words = {"numeric": "numbers", "categorical": "categories"}
    return " and ".join(f"{shape[0]} {words[name]}" for name, shape in sizes.items())


def _sample_facts(facts: Sample) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{facts.title}**", width="content")
        st.space("stretch")
        with st.popover("License and origin", type="tertiary", icon=":material/license:"):
            st.markdown(f"**License** {frame.escape(facts.license)}")
            st.markdown(f"**Origin** {frame.escape(facts.origin)}")
            st.markdown(f"**Cite as** {frame.escape(facts.citation)}")
    st.caption(frame.escape(facts.description))


def _picture_examples(found: Sequence[Mapping[str, str]]) -> None:
    with st.grid(6, min_column_width=64, gap="small"):
        for example in found:
            label = frame.escape(example["label"])
            st.image(example["image"], caption=label, width="stretch", alt=f"An example of {label}")


def _row_counts(rows: Mapping[str, int]) -> None:
    with st.container(horizontal=True):
        for part, label in (("train", "Training"), ("validation", "Validation"), ("test", "Test")):
            st.metric(label, f"{rows.get(part, 0):,}", border=True)


def _keep_roles(project: Project, found: list[Mapping[str, Any]], chosen: list[str]) -> Project:
    role_of = {label: role for role, label in ROLE_WORDS.items()}
    before = {item["name"]: item["role"] for item in found}
    roles = {item["name"]: role_of[label] for item, label in zip(found, chosen, strict=True)}
    fresh = [name for name, role in roles.items() if role == "target" and before[name] != "target"]
    if fresh:
        # A new target takes the place of the old one; the old one becomes what its values suggest.
        for item in found:
            if roles[item["name"]] == "target" and item["name"] != fresh[-1]:
                roles[item["name"]] = "numeric" if item["type"] == "number" else "categorical"
    if roles == before:
        return project
    _keep(project, roles=roles)
    st.rerun()


def _keep(project: Project, **changes: Any) -> Project:
    changed = replace(project, data=replace(project.data, **changes))
    if changed.data.to_json() == project.data.to_json():
        return project
    store().save_project(frame.current_id(), changed.to_json())
    return changed
