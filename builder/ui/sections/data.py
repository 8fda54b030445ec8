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
from builder.project import PREPROCESSING_PARAMETERS, ROLES, SPLIT_PARAMETERS, DataRecipe, Project
from builder.ui import charts, forms, frame, projects, questions, state
from builder.ui.sections.own_data import own_data
from builder.ui.services import workspace

# Which preprocessing settings matter for which kind of data.
SETTINGS_OF = {
    "image": ("image_height", "image_width", "color_mode", "rescale"),
    "text": ("vocabulary_size", "sequence_length"),
    "table": ("normalize",),
}
EXAMPLES_HEIGHT = 330
ROW_HEIGHT = 35
COLUMN_WORDS = {"numeric": ("number", "numbers"), "categorical": ("category", "categories")}
TASK_WORDS = {"classification": "One of several kinds", "regression": "A number"}
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
            is_upload = path.is_relative_to(workspace().uploads_folder)
            st.caption("Uploaded; Kerablocks keeps a copy." if is_upload else frame.escape(str(path)))
    with st.expander("Use other data", icon=":material/swap_horiz:"):
        _other_data(project)


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
        found = profile["examples"]
        height = min(EXAMPLES_HEIGHT, ROW_HEIGHT * (len(found) + 1) + 3)
        st.dataframe(pd.DataFrame(found), hide_index=True, height=height)


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
    project = _task(project)
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
    roles = hash(str(sorted(project.data.roles.items())))
    edited = st.data_editor(
        shown,
        hide_index=True,
        disabled=["Column", "Missing", "Distinct", "Examples"],
        column_config={
            "Used as": st.column_config.SelectboxColumn(
                options=[ROLE_WORDS[role] for role in ROLES], required=True
            ),
        },
        key=f"{state.widget_key(frame.current_id(), 'roles')}.{roles}",
    )
    return _keep_roles(project, found, list(edited["Used as"]))


def split(project: Project, profile: Mapping[str, Any]) -> Project:
    """Let the shares of the three parts be chosen and show the row counts that follow."""
    st.markdown("### Training, validation and test")
    chosen = forms.parameter_form(
        SPLIT_PARAMETERS,
        project.data.split,
        state.widget_key(frame.current_id(), "split"),
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
        state.widget_key(frame.current_id(), "preprocessing"),
        columns=2,
        hidden=hidden,
        owner="Preprocessing",
    )
    return _keep(project, preprocessing=chosen)


def preparation(project: Project, profile: Mapping[str, Any]) -> None:
    """Prepare the data and say how it went; what the profile has said already is not repeated."""
    answer = questions.prepared(project)
    said = {problem["message"] for problem in profile["problems"]}
    if answer.state == "failed":
        frame.show_problems(problem for problem in answer.problems if problem.message not in said)
        return
    found = frame.awaited(lambda: questions.prepared(project), "Preparing the data …", height=48)
    if found is None:
        return
    frame.show_problems(problem for problem in found["problems"] if problem["message"] not in said)
    received = " and ".join(_received(item) for item in found["spec"]["inputs"])
    st.success(f"The data are ready. Each row gives the model {received}.", icon=":material/check_circle:")


def _received(item: Mapping[str, Any]) -> str:
    sizes = {array["name"]: array["shape"] for array in item["arrays"]}
    if item["kind"] == "image":
        height, width, channels = sizes["image"]
        return f"a {'gray' if channels == 1 else 'color'} picture of {height} × {width} pixels"
    if item["kind"] == "text":
        return f"{sizes['tokens'][0]} words"
    return " and ".join(_counted(shape[0], *COLUMN_WORDS[name]) for name, shape in sizes.items())


def _counted(count: int, one: str, many: str) -> str:
    return f"{count:,} {one if count == 1 else many}"


def _other_data(project: Project) -> None:
    found = own_data(projects.data_kind(project.data.source, None), f"other.{frame.current_id()}")
    if found is None:
        return
    st.caption("Roles, split and preparation are proposed anew. Blocks and training settings stay.")
    if st.button("Use these data", type="primary"):
        _keep_recipe(project, projects.with_task(found, project.data.task))
        st.rerun()


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


def _task(project: Project) -> Project:
    chosen = st.segmented_control(
        "The answer is",
        list(TASK_WORDS),
        default=project.data.task,
        required=True,
        format_func=lambda task: TASK_WORDS[task],
        key=state.widget_key(frame.current_id(), "task"),
        help="One of several kinds (classification) or a number (regression). "
        "The model's last block must suit it; the Model page says so where it does not.",
    )
    if chosen == project.data.task:
        return project
    _keep_recipe(project, projects.with_task(project.data, chosen))
    # The split's form shows what follows from the task.
    state.renew_widgets(frame.current_id())
    st.rerun()


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
    return _keep_recipe(project, replace(project.data, **changes))


def _keep_recipe(project: Project, recipe: DataRecipe) -> Project:
    if recipe.to_json() == project.data.to_json():
        return project
    changed = replace(project, data=recipe)
    frame.save(changed)
    return changed
