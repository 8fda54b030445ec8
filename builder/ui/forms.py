"""Forms made from parameter declarations: one widget a parameter, its help, its problem beside it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import streamlit as st

from builder.params import (
    AUTO,
    Boolean,
    Choice,
    Choices,
    Float,
    Integer,
    Optional,
    Parameter,
    Text,
    with_defaults,
)
from builder.ui import state

# Pixels that a widget with its label and its buttons needs: where there is less room, fewer stand in a row.
NARROWEST = 140
# Words for people; a value that is not here shows as its own name.
WORDS = {
    "auto": "Automatic",
    "none": "None",
    "adam": "Adam",
    "adamw": "AdamW",
    "nadam": "Nadam",
    "rmsprop": "RMSprop",
    "sgd": "SGD",
    "lion": "Lion",
    "lamb": "LAMB",
    "adafactor": "Adafactor",
    "schedule_free_adamw": "Schedule-free AdamW",
    "plateau": "Reduce on plateau",
    "one_cycle": "One cycle",
    "cosine_restarts": "Cosine with restarts",
    "global_norm": "All gradients",
    "norm": "Each weight",
    "value": "Each value",
    "auc": "AUC",
    "f1_score": "F1 score",
    "r2_score": "R2 score",
    "top_k_accuracy": "Top-k accuracy",
    "rgb": "Color",
    "grayscale": "Gray",
    "given": "As given by the data",
}


def words(value: str) -> str:
    """Return a setting's value in words for people."""
    return WORDS.get(value, value.replace("_", " ").capitalize())


def parameter_form(
    parameters: tuple[Parameter, ...],
    values: Mapping[str, Any],
    key: str,
    *,
    columns: int = 3,
    hidden: Collection[str] = (),
    sliders: Collection[str] = (),
    owner: str = "the form",
    advanced_label: str = "Advanced settings",
) -> dict[str, Any]:
    """Draw a widget for every parameter and return the values that differ from the declared defaults.

    Values that were given and are still chosen are kept, even where they equal the default. A value
    that its parameter refuses is shown with the standard sentence and not returned. A parameter that does
    not apply beside the others is not shown, and keeps what was given.
    """
    shown = [parameter for parameter in parameters if parameter.name not in hidden]
    result = {name: value for name, value in values.items() if name in hidden}
    draw = _Drawing(values, key, columns, sliders, owner)
    chosen = with_defaults(parameters, values)
    first = [parameter for parameter in shown if not parameter.advanced]
    result |= draw.grid([parameter for parameter in first if parameter.applies(chosen)])
    # The first part may just have changed what applies in the second.
    chosen |= result
    folded = [parameter for parameter in shown if parameter.advanced]
    if folded:
        with st.expander(advanced_label, icon=":material/tune:"):
            result |= draw.grid([parameter for parameter in folded if parameter.applies(chosen)])
    chosen |= result
    waiting = [item.name for item in shown if not item.applies(chosen) and item.name in values]
    return {name: values[name] for name in waiting} | result


@dataclass(frozen=True)
class _Drawing:
    values: Mapping[str, Any]
    key: str
    columns: int
    sliders: Collection[str]
    owner: str

    def grid(self, parameters: list[Parameter]) -> dict[str, Any]:
        result: dict[str, Any] = {}
        if parameters:
            cells = st.grid(self.columns, min_column_width=NARROWEST, vertical_alignment="bottom")
            for parameter in parameters:
                with cells.cell():
                    result |= self.value(parameter)
        return result

    def value(self, parameter: Parameter) -> dict[str, Any]:
        name, values, key = parameter.name, self.values, f"{self.key}.{parameter.name}"
        draw = share_slider if name in self.sliders else widget
        known = values.get(name, parameter.default)
        refused = parameter.check(known, self.owner)
        if refused is not None:
            # A file may bring what no widget can show.
            known = parameter.default
            state.remember(f"refused.{key}", f"{refused.message} The default is used.")
        value = draw(parameter, known, key)
        said = state.recall(f"refused.{key}")
        if said and value == parameter.default:
            st.warning(said)
        return _kept(parameter, value, values, self.owner)


def _kept(parameter: Parameter, value: Any, values: Mapping[str, Any], owner: str) -> dict[str, Any]:
    name = parameter.name
    problem = parameter.check(value, owner)
    if problem is not None:
        st.error(problem.message)
        return {name: values[name]} if name in values else {}
    return {name: value} if name in values or value != parameter.default else {}


def widget(parameter: Parameter, value: Any, key: str) -> Any:
    """Draw the widget of one parameter and return its value."""
    declared = parameter.type.inner if isinstance(parameter.type, Optional) else parameter.type
    label = parameter.to_json()["label"]
    match declared:
        case Boolean():
            return st.toggle(label, bool(value), key=key, help=parameter.help)
        case Choice(options):
            index = options.index(value) if value in options else 0
            return st.selectbox(label, options, index, format_func=words, key=key, help=parameter.help)
        case Choices(options):
            known = [item for item in value if item in options]
            return st.multiselect(label, options, known, format_func=words, key=key, help=parameter.help)
        case Integer() | Float():
            return _number(parameter, declared, label, value, key)
    entered = st.text_input(label, "" if value is None else str(value), key=key, help=parameter.help)
    if isinstance(declared, Text):
        return entered.strip() or parameter.default
    return [int(part) for part in entered.strip("[]() ").split(",") if part.strip().lstrip("-").isdigit()]


def share_slider(parameter: Parameter, value: float, key: str) -> float:
    """Draw a share between bounds as a slider in percent and return the share."""
    declared = parameter.type
    label = parameter.to_json()["label"]
    low, high = round(declared.minimum * 100), round(declared.maximum * 100)  # type: ignore[union-attr,operator]
    percent = st.slider(label, low, high, round(value * 100), format="%d%%", key=key, help=parameter.help)
    return percent / 100


def _number(parameter: Parameter, declared: Integer | Float, label: str, value: Any, key: str) -> Any:
    convert: Any = int if isinstance(declared, Integer) else float
    entered = st.number_input(
        label,
        min_value=None if declared.minimum is None else convert(declared.minimum),
        max_value=None if declared.maximum is None else convert(declared.maximum),
        value=convert(value) if isinstance(value, (int, float)) else None,
        step=1 if convert is int else convert(_step(parameter.default)),
        format="%d" if convert is int else "%g",
        placeholder="Automatic" if parameter.auto else "",
        key=key,
        help=parameter.help,
    )
    if entered is None:
        return AUTO if parameter.auto else parameter.default
    return entered


def _step(default: Any) -> float:
    return float(default) / 10 if isinstance(default, (int, float)) and default else 0.1
