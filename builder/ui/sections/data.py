"""The parts of the Data page."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from builder.data.prepare import Prepared
from builder.data.received import received_words
from builder.data.sources import Sample, samples
from builder.data.spec import DataSpec
from builder.fine_tuning import with_words_of
from builder.project import PREPROCESSING_PARAMETERS, ROLES, SPLIT_PARAMETERS, DataRecipe, Project
from builder.share import FILE
from builder.tasks import TASKS
from builder.ui import charts, clicks, forms, frame, projects, questions, state
from builder.ui.sections.own_data import own_data
from builder.ui.services import workspace

# Which preprocessing settings matter for which kind of data.
SETTINGS_OF = {
    "image": ("image_height", "image_width", "color_mode", "rescale"),
    "text": ("tokenizer", "vocabulary_size", "sequence_length", "vocabulary_from"),
    "table": ("normalize",),
    "series": ("normalize",),
    "audio": ("audio_rate", "audio_seconds", "audio_features", "mel_bins"),
}
UNITS = {"image": "pictures", "audio": "recordings", "series": "series", "text": "texts", "table": "rows"}
EXAMPLES_HEIGHT = 330
ROW_HEIGHT = 35
QUALITY_WORDS = {
    "duplicates": "Copies",
    "contradictions": "Contradictions",
    "words": "Texts without words",
    "imbalance": "Rare classes",
    "outliers": "Outliers",
    "leakage": "Leakage",
    "labels": "Labels",
}
# The split methods that go by a column, and the setting that names it.
SPLIT_COLUMNS = {"group": "group_column", "time": "time_column"}
# What is prepared for these tasks, whatever the kind of data.
SETTINGS_OF_TASK = {
    "forecasting": ("window", "horizon", "window_stride", "normalize"),
    "language_model": ("tokenizer", "sequence_length", "vocabulary_size", "window_stride"),
    "token_classification": ("tokenizer", "sequence_length", "vocabulary_size"),
    "text_to_text": ("tokenizer", "vocabulary_size", "sequence_length", "target_length"),
    "masked_language_model": ("tokenizer", "vocabulary_size", "sequence_length", "next_sentence"),
}
# These learn from the texts themselves.
_WITHOUT_TARGET = ("language_model", "masked_language_model")
# What a class of these tasks has some of, where it is not rows.
COUNTED_OF_TASK = {
    "token_classification": "names",
    "segmentation": "pixels of some masks",
    "detection": "boxes",
}
# What is prepared where a generator is to make windows of a table.
WINDOW_SETTINGS = ("window", "window_stride", "normalize")
ROLE_WORDS = {
    "numeric": "Number",
    "categorical": "Category",
    "text": "Text",
    "image": "Picture (file name)",
    "audio": "Recording (file name)",
    "prefix": "Task prefix",
    "target": "To predict",
    "class_target": "Also predict: kind",
    "number_target": "Also predict: number",
    "ignore": "Leave out",
}


def source(project: Project) -> None:
    """Say where the data come from."""
    with st.container(border=True, gap="xsmall"):
        facts = project.data.source
        known = {item.name: item for item in samples()}
        if facts.get("kind") == "sample" and facts.get("name") in known:
            _sample_facts(known[facts["name"]])
        elif facts.get("kind") in ("keras", "huggingface") and facts.get("name"):
            st.markdown(
                f"**{frame.escape(str(facts['name']))}** :gray-badge[:material/public: Public data set]"
            )
            st.caption("From keras.datasets." if facts["kind"] == "keras" else "From the Hugging Face hub.")
        elif facts.get("kind") == "sample" or not facts.get("path"):
            wanted = str(facts.get("name") or facts.get(FILE) or "No data yet")
            st.markdown(f"**{frame.escape(wanted)}** :orange-badge[:material/link_off: Not here]")
            st.caption("A project comes without its data files. Choose yours below.")
        else:
            path = Path(str(project.data.source.get("path", "")))
            st.markdown(f"**{frame.escape(path.name)}** :gray-badge[:material/folder: Your own data]")
            is_upload = path.is_relative_to(workspace().uploads_folder)
            st.caption("Uploaded; Kerablocks keeps a copy." if is_upload else frame.escape(str(path)))
    with st.expander("Use other data", icon=":material/swap_horiz:"):
        _other_data(project)


def profile(project: Project) -> dict[str, Any] | None:
    """Return what is known of the data, with its problems shown; None while it is being read."""
    if not project.data.source:
        return None
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
    st.markdown(f"### Examples :gray-badge[{profile['rows']:,} {UNITS[profile['kind']]}]")
    if profile["kind"] == "image":
        _picture_examples(profile["examples"])
    elif profile["kind"] == "audio":
        _sound_examples(profile["examples"])
    elif profile["kind"] == "series":
        _series_examples(profile["examples"])
    else:
        found = profile["examples"]
        height = min(EXAMPLES_HEIGHT, ROW_HEIGHT * (len(found) + 1) + 3)
        st.dataframe(pd.DataFrame(found), hide_index=True, height=height)


def target(profile: Mapping[str, Any]) -> None:
    """Show what is to be predicted: rows of each class, or the spread of the number."""
    column = next((item for item in profile["columns"] or () if item["role"] == "target"), None)
    name = f" :gray-badge[{frame.escape(column['name'])}]" if column else ""
    is_made_up = profile["task"] == "generation"
    st.markdown("### Kinds in the data" if is_made_up else f"### To predict{name}")
    if profile["class_balance"]:
        unit = COUNTED_OF_TASK.get(profile["task"], "rows")
        figure = charts.class_balance(profile["class_balance"], unit)
    elif column and column["histogram"]:
        figure = charts.histogram(column["histogram"]["edges"], column["histogram"]["counts"], column["name"])
    else:
        words = {
            "language_model": "Every next character of the texts.",
            "generation": "None are needed: the model learns to make up rows like these.",
            "masked_language_model": "Words of the texts that are hidden, other ones in every epoch.",
            "text_to_text": "The whole text of this column, written piece by piece.",
        }
        st.caption(words.get(profile["task"], "Choose the column to predict in the list of columns."))
        return
    st.plotly_chart(figure, key="balance", config=charts.PLAIN)


def columns(project: Project, profile: Mapping[str, Any]) -> Project:
    """Show the table's columns and let their roles be chosen."""
    found = profile.get("columns")
    if not found:
        return project
    st.markdown("### Columns")
    project = _task(project)
    if project.data.task == "generation":
        st.caption("The columns of numbers are what each made-up sample consists of, row after row.")
    elif project.data.task not in _WITHOUT_TARGET:
        st.caption("What each column is used for. Exactly one column is the one to predict.")
    # The profile may still be that of the roles before: a newer one takes its time.
    roles = {item["name"]: project.data.roles.get(item["name"], item["role"]) for item in found}
    shown = pd.DataFrame(
        {
            "Column": [item["name"] for item in found],
            "Used as": [ROLE_WORDS[role] for role in roles.values()],
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
        key=f"{state.widget_key(frame.current_id(), 'roles')}.{hash(str(sorted(roles.items())))}",
    )
    return _keep_roles(project, found, roles, list(edited["Used as"]))


def split(project: Project, profile: Mapping[str, Any]) -> Project:
    """Let the shares of the three parts be chosen and show the row counts that follow."""
    st.markdown("### Training, validation and test")
    chosen = forms.parameter_form(
        SPLIT_PARAMETERS,
        project.data.split,
        state.widget_key(frame.current_id(), "split"),
        columns=1,
        # Data that bring their own test rows need no share for them.
        hidden=("group_column", "time_column", *_idle_split_settings(project)),
        sliders=("validation", "test"),
        owner="Split",
    )
    kept = {name: project.data.split[name] for name in SPLIT_COLUMNS.values() if name in project.data.split}
    project = _keep(project, split={**kept, **chosen})
    project = _split_column(project, profile)
    if profile["parts"]:
        _row_counts(profile["parts"])
    return project


def _idle_split_settings(project: Project) -> tuple[str, ...]:
    if TASKS[project.data.task].in_order or _makes_windows(project):
        return ("method", "seed")
    # Data that bring their own test rows need no share for them.
    return ("test",) if project.data.split_settings()["method"] == "given" else ()


def _makes_windows(project: Project) -> bool:
    return project.data.task == "generation" and bool(project.data.roles)


def _split_column(project: Project, profile: Mapping[str, Any]) -> Project:
    settings = project.data.split_settings()
    is_forecast = project.data.task == "forecasting" or _makes_windows(project)
    name = "time_column" if is_forecast else SPLIT_COLUMNS.get(settings["method"])
    if name is None or project.data.task in _WITHOUT_TARGET:
        return project
    columns = profile["split_columns"]
    chosen = st.selectbox(
        "Column of the time" if is_forecast else f"Column of the {settings['method']}",
        columns,
        columns.index(settings[name]) if settings[name] in columns else None,
        placeholder="Choose a column",
        key=f"{state.widget_key(frame.current_id(), name)}",
        help=next(item.help for item in SPLIT_PARAMETERS if item.name == name),
    )
    if chosen is None or chosen == settings[name]:
        return project
    _keep(project, split={**project.data.split, name: chosen})
    st.rerun()


def preprocessing(project: Project, profile: Mapping[str, Any]) -> Project:
    """Let the preparation's settings be chosen; those that do not concern this data are left out."""
    st.markdown("### Preparation")
    roles = {item["role"] for item in profile["columns"] or ()}
    kinds = {profile["kind"], *(roles & {"text", "image", "audio"})}
    by_kind = [name for kind in kinds for name in SETTINGS_OF[kind]]
    shown = WINDOW_SETTINGS if _makes_windows(project) else SETTINGS_OF_TASK.get(project.data.task, by_kind)
    if project.data.task == "ordinal":
        shown = [*shown, "class_order"]
    if project.data.task == "reconstruction":
        shown = [*shown, "normal_class", "anomaly_quantile"]
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
    received = " and ".join(map(received_words, DataSpec.from_json(found["spec"]).inputs))
    st.success(f"The data are ready. Each row gives the model {received}.", icon=":material/check_circle:")


def quality(project: Project) -> None:
    """Offer to look for what is doubtful in the data, and show the rows of every finding."""
    st.markdown("### Quality")
    key = f"quality.{frame.current_id()}.{json.dumps(project.data.to_json(), sort_keys=True)}"
    if not state.recall(key):
        st.caption("Looks for copies in several parts, wrong labels, giveaway columns and outliers.")
        if not clicks.button("Check the data", key="check_data", icon=":material/fact_check:"):
            return
        state.remember(key, True)
    found = frame.awaited(lambda: questions.quality(project), "Checking the data …", height=120)
    if found is None:
        return
    if not found:
        st.success("Nothing doubtful was found.", icon=":material/check_circle:")
    for item in found:
        with st.expander(
            f"**{QUALITY_WORDS[item['kind']]}** · {item['count']:,} rows", icon=":material/flag:"
        ):
            st.markdown(frame.escape(item["message"]))
            _offer_balance(project, item["kind"])
            if any(sample["kind"] == "image" for sample in item["samples"]):
                _doubtful_pictures(project, item["samples"])
            elif item["samples"]:
                st.dataframe(pd.DataFrame(map(_doubtful_row, item["samples"])), hide_index=True)


def _offer_balance(project: Project, kind: str) -> None:
    """Offer, one click away, what makes a model notice rare classes."""
    if kind != "imbalance":
        return
    ways = {
        "Weigh rare classes more": {"class_weights": "balanced", "resampling": "none"},
        "Repeat rare rows": {"class_weights": "none", "resampling": "oversample"},
        "Leave out frequent rows": {"class_weights": "none", "resampling": "undersample"},
    }
    with st.container(horizontal=True):
        for label, change in ways.items():
            is_set = {name: project.training_settings()[name] for name in change} == change
            st.button(
                label,
                icon=":material/check:" if is_set else ":material/balance:",
                disabled=is_set,
                on_click=_train_with,
                args=(project, change, label),
            )


def _train_with(project: Project, change: Mapping[str, Any], label: str) -> None:
    project = replace(project, training={**project.training, **change})
    if frame.save(project, from_callback=True, note=label):
        state.renew_widgets(frame.current_id())
        st.toast(f"Done: {label}. Start training again.", icon=":material/check:")


def _doubtful_row(sample: Mapping[str, Any]) -> dict[str, Any]:
    return {"Row": sample["row"], "Part": sample["part"], "To predict": sample["target"], **sample["values"]}


def _doubtful_pictures(project: Project, samples: Sequence[Mapping[str, Any]]) -> None:
    data = questions.prepared(project)
    if data.state != "ready":
        return
    prepared = Prepared.open(questions.folder_of(data.value))
    with st.grid(8, min_column_width=80, gap="small"):
        for sample in samples:
            label = f"{sample['target']} ({sample['part']})"
            picture = prepared.sample(sample["row"])["array"]
            st.image(picture.squeeze(), caption=frame.escape(label), width="stretch", alt=label)


def _other_data(project: Project) -> None:
    key = f"other.{frame.current_id()}"
    if project.data.source:
        found = own_data(projects.data_kind(project.data.source, None), project.data.task, key)
    else:
        kind = _first_kind()
        found = own_data(kind, project.data.task, f"{key}.{kind}")
    if found is None:
        return
    st.caption("Roles, split and preparation are proposed anew. Blocks and training settings stay.")
    if clicks.button("Use these data", key="use_data", type="primary"):
        found = with_words_of(projects.with_task(found, project.data.task), project.data)
        _keep_recipe(project, found)
        st.rerun()


def _first_kind() -> str:
    """Ask what kind of data a project gets that has none, such as an opened model."""
    words = {"image": "Pictures", "audio": "Recordings", "text": "Texts", "table": "A table"}
    chosen = st.segmented_control(
        "What the model learns from",
        list(words),
        default="image",
        required=True,
        format_func=lambda kind: words[kind],
        key=state.widget_key(frame.current_id(), "first_kind"),
    )
    return str(chosen)


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


def _sound_examples(found: Sequence[Mapping[str, Any]]) -> None:
    with st.grid(3, min_column_width=190, gap="small"):
        for example in found:
            with st.container(border=True, gap="xxsmall"):
                label = frame.escape(example["label"])
                st.caption(f"**{label}** · {example['seconds']:g} s · {example['rate']:,} Hz")
                st.html(_wave(example["outline"]))
                st.audio(example["sound"])


def _wave(outline: Sequence[float]) -> str:
    """Return a sound's outline as a drawing."""
    loudest = max(map(abs, outline), default=0) or 1
    points = " ".join(f"{place},{20 - 19 * value / loudest:.1f}" for place, value in enumerate(outline))
    return (
        f'<svg viewBox="0 0 {max(len(outline) - 1, 1)} 40" preserveAspectRatio="none" aria-hidden="true" '
        'style="width:100%;height:44px;display:block"><polyline fill="none" stroke="currentColor" '
        f'stroke-width="1.5" vector-effect="non-scaling-stroke" points="{points}"/></svg>'
    )


def _series_examples(found: Sequence[Mapping[str, Any]]) -> None:
    with st.grid(3, min_column_width=190, gap="small"):
        for example in found:
            with st.container(border=True, gap="xxsmall"):
                st.caption(f"**{frame.escape(example['label'])}**")
                channels = {
                    f"channel {number}": line for number, line in enumerate(example["lines"], start=1)
                }
                st.line_chart(pd.DataFrame(channels), height=110, x_label="", y_label="")


def _row_counts(rows: Mapping[str, int]) -> None:
    with st.container(horizontal=True):
        for part, label in (("train", "Training"), ("validation", "Validation"), ("test", "Test")):
            st.metric(label, f"{rows.get(part, 0):,}", border=True)


def _task(project: Project) -> Project:
    chosen = st.segmented_control(
        "The answer is",
        [name for name, task in TASKS.items() if not task.of_pictures],
        default=project.data.task,
        required=True,
        format_func=lambda task: TASKS[task].label,
        key=state.widget_key(frame.current_id(), "task"),
        help="One of several kinds (classification), several of them at once (multi-label), a rank (kinds "
        "with an order), a number (regression), a count (whole numbers from 0), the next values of rows that "
        "follow each other in time (forecast), the next piece of a text (language model), a text made from a "
        "text, words hidden in a text, or new samples (generator). "
        "The model's last block must suit it; the Model page says so where it does not.",
    )
    if chosen == project.data.task:
        return project
    _keep_recipe(project, projects.with_task(project.data, chosen))
    # The split's form shows what follows from the task.
    state.renew_widgets(frame.current_id())
    st.rerun()


def _keep_roles(
    project: Project, found: list[Mapping[str, Any]], before: Mapping[str, str], chosen: list[str]
) -> Project:
    role_of = {label: role for role, label in ROLE_WORDS.items()}
    roles = {item["name"]: role_of[label] for item, label in zip(found, chosen, strict=True)}
    fresh = [name for name, role in roles.items() if role == "target" and before[name] != "target"]
    if fresh and project.data.task != "multi_label":
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
