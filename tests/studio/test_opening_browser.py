"""A saved model is uploaded on Home, and its blocks lie on the canvas."""

from __future__ import annotations

from pathlib import Path

import keras
import pytest
from playwright.sync_api import Page, expect
from real_browser import block

ENGINE_SECONDS = 180

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture
def model_file(tmp_path: Path) -> Path:
    """Save a model with two inputs and a shared layer, and return its file."""
    # Keras counts what it names, over all files of a process.
    keras.utils.clear_session()
    left, right = keras.Input((8,), name="left"), keras.Input((8,), name="right")
    shared = keras.layers.Dense(4, activation="relu", name="shared")
    joined = keras.layers.Concatenate(name="joined")([shared(left), shared(right)])
    outputs = keras.layers.Dense(2, activation="softmax", name="answer")(joined + 1)
    file = tmp_path / "two inputs.keras"
    keras.Model([left, right], outputs).save(file)
    return file


def test_an_uploaded_model_lies_on_the_canvas(page: Page, app: str, model_file: Path) -> None:
    page.goto(app)
    page.get_by_text("Open a Keras model", exact=True).click()
    page.get_by_test_id("stFileUploaderDropzoneInput").last.set_input_files(model_file)
    create = page.get_by_role("button", name="Create project from it")
    expect(create).to_be_visible(timeout=ENGINE_SECONDS * 1000)
    expect(page.get_by_text("54 parameters")).to_be_visible()
    create.click()
    expect(block(page, "left")).to_be_attached(timeout=60_000)
    # Blocks out of sight are not drawn.
    page.get_by_role("button", name="Zoom to fit").first.click()
    for name in ("left", "right", "shared", "shared_2", "joined", "add", "answer", "output"):
        expect(block(page, name)).to_be_attached(timeout=60_000)
