"""Augmentation is chosen on the Data page, as far as it fits; rare classes are balanced by one click."""

from collections.abc import Callable
from typing import Any

from streamlit.testing.v1 import AppTest

from builder.project import load_preset
from builder.ui import services

from .page_words import button, saved, words

Open = Callable[..., AppTest]
SHOWN = {"text": "free money now", "label": "spam"}


def labels(at: AppTest) -> set[str]:
    return {item.label for item in at.number_input}


def test_only_what_fits_the_data_is_offered_and_kept_in_the_project(
    open_page: Open, project_id: str, engine: Any
) -> None:
    samples = [{"before": SHOWN, "after": [{**SHOWN, "text": "money now"}]}]
    engine.answers["augmented"] = {"inputs": [{"kind": "text", "samples": samples}]}
    at = open_page("data")
    assert {"Word deletion", "Word swap", "Synonym replacement"} <= labels(at)
    assert not {"Rotation", "Noise", "MixUp"} & labels(at)
    assert "Show other samples" not in {item.label for item in at.button}
    next(item for item in at.number_input if item.label == "Word deletion").set_value(0.1).run()
    assert saved(project_id).data.augmentation == {"word_deletion": 0.1}
    assert any("money now" in set(frame.value.get("Text", ())) for frame in at.dataframe)
    first = [asked["seed"] for task, asked in engine.asked if task == "augmented"][-1]
    button(at, "Show other samples").click().run()
    assert [asked["seed"] for task, asked in engine.asked if task == "augmented"][-1] == first + 1


def test_a_task_with_an_answer_at_every_place_is_offered_none(open_page: Open) -> None:
    writer = services.store().create_project(load_preset("language/lstm").to_json())
    assert "Augmentation" not in words(open_page("data", writer))


def test_pictures_and_sounds_have_changes_of_their_own(open_page: Open, engine: Any) -> None:
    for preset, wanted in (("images/cnn", "Rotation"), ("audio/speech_commands", "Frequency mask")):
        project = services.store().create_project(load_preset(preset).to_json())
        shown = labels(open_page("data", project))
        assert wanted in shown and "Word swap" not in shown


def test_rare_classes_are_balanced_by_one_click(open_page: Open, project_id: str, engine: Any) -> None:
    engine.answers["quality"] = [
        {"kind": "imbalance", "message": "Few spam.", "count": 2, "rows": [], "samples": []}
    ]
    at = open_page("data")
    button(at, "Check the data").click().run()
    button(at, "Repeat rare rows").click().run()
    assert saved(project_id).training_settings()["resampling"] == "oversample"
    button(at, "Weigh rare classes more").click().run()
    settings = saved(project_id).training_settings()
    assert (settings["resampling"], settings["class_weights"]) == ("none", "balanced")
