"""A project of two graphs on the pages: both canvases, the settings of both sides, the samples of a run."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from builder.project import load_preset
from builder.runs.files import write_json
from builder.runs.sample_grids import write_grid
from builder.ui import services

from .page_words import canvas_data, words
from .test_routes import Client, infer

Open = Callable[..., AppTest]


@pytest.fixture
def project_id() -> str:
    """Keep the DCGAN on the digits and return its id."""
    return services.store().create_project(load_preset("images/dcgan").to_json())


def kinds(at: AppTest) -> list[str]:
    return [node["kind"] for node in canvas_data(at)["document"]["nodes"]]


def test_the_switch_shows_one_side_after_the_other(open_page: Open, project_id: str) -> None:
    at = open_page("model")
    assert kinds(at) == ["latent_input.v1", "image_generator.v1"]
    assert canvas_data(at)["projectId"] == project_id
    side = next(item for item in at.segmented_control if item.label == "Side")
    side.set_value("discriminator").run()
    assert not at.exception
    assert kinds(at) == ["input.v1", "image_discriminator.v1"]
    assert canvas_data(at)["projectId"] == f"{project_id}#discriminator"


def test_a_canvas_is_answered_for_its_own_side(project_id: str, engine: Any) -> None:
    for name, judging in ((project_id, False), (f"{project_id}#discriminator", True)):
        assert infer(Client(), name).status_code == 200
        _, asked = engine.asked[-1]
        assert asked["spec"].get("judging", False) is judging


def test_the_settings_are_those_of_an_adversarial_training(open_page: Open) -> None:
    at = open_page("train")
    labels = [item.label for item in (*at.selectbox, *at.number_input)]
    assert "Adversarial loss" in labels and "Discriminator learning rate" in labels
    assert "Loss" not in labels and "Class weights" not in labels


def test_the_results_show_the_samples_over_the_run(open_page: Open, project_id: str, engine: Any) -> None:
    engine.answers["generate"] = {"kind": "image", "samples": np.zeros((4, 28, 28, 1), np.uint8)}
    store = services.store()
    run_id = store.create_run(project_id, store.project(project_id).document)
    store.transition(run_id, ["queued"], "running")
    store.transition(run_id, ["running"], "finished", result={"test": {}, "parameters": 9, "seconds": 1})
    folder = services.workspace().run_folder(run_id)
    report = {
        "task": "generation",
        "rows": 100,
        "samples": 100,
        "frechet_distance": 3.2,
        "floor": 0.6,
        "baseline": {"rule": "every value drawn by itself", "frechet_distance": 30.0},
        "learned": True,
        "diversity": 0.9,
        "closeness": 1.1,
    }
    write_json(folder / "evaluation.json", report)
    for step in (1, 50):
        write_grid(folder, step, np.full((4, 28, 28, 1), step, np.uint8))
    at = open_page("results")
    assert not at.exception
    assert "From noise to samples" in words(at) and "not with published figures" in words(at)
    (slider,) = [item for item in at.select_slider if item.label == "Step"]
    assert slider.value == 50
    slider.set_value(1).run()
    assert not at.exception
