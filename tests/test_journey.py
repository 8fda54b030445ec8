"""The whole way in a real browser: data, canvas, training, results, export. Nothing is stood in for."""

import json
import os
import re
import signal
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter
from playwright.sync_api import Browser, Page, expect
from real_browser import (
    ROOT,
    block,
    chromium,
    drag,
    edge,
    field,
    free_port,
    middle,
    served,
    watched_page,
)
from waiting import until

from builder.project import PRESETS_FOLDER
from builder.runs.store import default_store

expect.set_options(timeout=15_000)

pytestmark = [pytest.mark.browser, pytest.mark.slow]

ENGINE_SECONDS = 90
TRAINING_SECONDS = 180
EXPORT_SECONDS = 240


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "app.log"


@pytest.fixture
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


@pytest.fixture
def app(log: Path) -> Iterator[str]:
    with served(ROOT / "app.py", log) as address:
        yield address


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    with watched_page(browser) as opened:
        opened.set_default_timeout(30_000)
        yield opened


def button(page: Page, name: str):
    return page.get_by_role("button", name=name, exact=True)


def create_project(page: Page, app: str) -> None:
    page.goto(app)
    button(page, "Create project").click()
    expect(page.locator(".kb-root[data-answered][data-settled]")).to_be_visible(timeout=ENGINE_SECONDS * 1000)
    expect(page.locator(".kb-shape").first).to_have_text("28×28×1", timeout=ENGINE_SECONDS * 1000)


def set_number(page: Page, label: str, value: int) -> None:
    box = page.get_by_label(label, exact=True).first
    box.fill(str(value))
    box.press("Enter")


def status(page: Page):
    return page.locator(".kbc-status")


def draw_a_one(page: Page) -> None:
    x, y = middle(page.locator('canvas[aria-label="Drawing board"]'))
    drag(page, (x, y - 85), (x, y + 85))


def edit_the_model(page: Page) -> None:
    block(page, "conv_1").click()
    field(page, "filters").fill("16")
    expect(page.locator(".kb-shape").nth(1)).to_have_text("26×26×16")

    drag(page, middle(page.locator('[data-kind="dropout.v1"]')), middle(page.locator(".kb-shape").nth(2)))
    expect(edge(page, "pool_1", "dropout")).to_be_attached()
    expect(edge(page, "dropout", "conv_2")).to_be_attached()

    # A wire drawn by hand from the second convolution past its pooling.
    drag(
        page,
        middle(page.locator('[data-port="conv_2:output"]')),
        middle(page.locator('[data-port="conv_3:input"]')),
    )
    expect(edge(page, "conv_2", "conv_3")).to_be_attached()
    page.keyboard.press("Control+z")
    expect(edge(page, "pool_2", "conv_3")).to_be_attached()


def break_and_repair_the_model(page: Page) -> None:
    page.get_by_role("button", name="Zoom to fit").click()
    block(page, "flatten").click()
    page.keyboard.press("Delete")
    expect(block(page, "flatten")).to_have_count(0)
    problems = page.get_by_role("region", name="Problems")
    expect(problems).to_contain_text("output")
    problems.locator(".kb-repair").first.click()
    expect(page.get_by_text("No problems: this model can be built.")).to_be_visible()


def test_from_the_first_page_to_a_verified_file(page: Page, app: str, tmp_path: Path) -> None:
    create_project(page, app)
    edit_the_model(page)
    break_and_repair_the_model(page)

    button(page, "Continue to training").click()
    set_number(page, "Epochs", 2)
    button(page, "Start training").click()
    expect(status(page)).to_have_text("Finished", timeout=TRAINING_SECONDS * 1000)

    button(page, "See results").click()
    expect(page.get_by_text("What is taken for what")).to_be_visible()
    expect(page.get_by_text("Worst errors")).to_be_visible()
    page.get_by_role("tab", name="Try it").click()
    draw_a_one(page)
    expect(page.get_by_text("Prediction", exact=True)).to_be_visible(timeout=ENGINE_SECONDS * 1000)

    page.get_by_role("link", name="Export").click()
    button(page, "Export everything").click()
    expect(page.get_by_text("Each file was loaded by its own runtime")).to_be_visible(
        timeout=EXPORT_SECONDS * 1000
    )
    with page.expect_download() as waiting:
        button(page, "Download everything (zip)").click()
    bundle = tmp_path / "bundle.zip"
    waiting.value.save_as(bundle)
    check_bundle(bundle, tmp_path / "unpacked")


def check_bundle(bundle: Path, folder: Path) -> None:
    with zipfile.ZipFile(bundle) as archive:
        archive.extractall(folder)
    report = json.loads((folder / "report.json").read_text())
    found = {entry["format"]: entry for entry in report["formats"]}
    assert {"keras", "saved_model", "tflite_float32", "tflite_float16", "tflite_dynamic"} <= set(found)
    assert {"tflite_int8", "server", "script"} <= set(found)
    assert all(entry["status"] != "failed" for entry in found.values()), report
    assert found["tflite_int8"]["bytes"] < found["tflite_float32"]["bytes"] / 2
    assert (folder / "report.html").exists()
    assert accuracy_on_device(folder / "tflite_int8" / "model.tflite") > 0.6


def accuracy_on_device(model: Path) -> float:
    with np.load(PRESETS_FOLDER / "samples" / "digits" / "digits.npz", allow_pickle=False) as arrays:
        images, labels = arrays["x_test"][:200], arrays["y_test"][:200]
    run = Interpreter(str(model)).get_signature_runner()
    (name,) = run.get_input_details()
    pictures = images.reshape(-1, 1, 28, 28, 1).astype(np.float32)
    guesses = [int(np.argmax(next(iter(run(**{name: picture}).values())))) for picture in pictures]
    return float(np.mean(np.asarray(guesses) == labels))


def an_epoch_ended_after(run_id: str, sequence: int) -> bool:
    return any(record.scope == "epoch" for record in default_store().metrics_after(run_id, sequence))


def test_a_run_outlives_the_browser_and_the_app_and_a_kill(browser: Browser, log: Path) -> None:
    port = free_port()
    with served(ROOT / "app.py", log, port) as app, watched_page(browser) as page:
        create_project(page, app)
        button(page, "Continue to training").click()
        set_number(page, "Epochs", 2000)
        page.get_by_text("Early stopping", exact=True).click()
        button(page, "Start training").click()
        expect(status(page)).to_have_text("Training", timeout=TRAINING_SECONDS * 1000)
        address = page.url

    (run,) = default_store().list_runs()
    assert run.status == "running" and run.pid is not None
    os.kill(run.pid, 0)

    with served(ROOT / "app.py", log, port), watched_page(browser) as page:
        page.goto(address)
        expect(status(page)).to_have_text("Training", timeout=ENGINE_SECONDS * 1000)
        button(page, "Pause").click()
        expect(status(page)).to_have_text("Paused")
        button(page, "Resume").click()
        expect(status(page)).to_have_text("Training")

        os.kill(run.pid, signal.SIGKILL)
        expect(status(page)).to_have_text("Interrupted", timeout=ENGINE_SECONDS * 1000)
        seen = max((record.sequence for record in default_store().metrics_after(run.id)), default=0)
        expect(page.get_by_text(re.compile("Resume goes on from the last checkpoint")).first).to_be_visible()
        button(page, "Resume").click()
        expect(status(page)).to_have_text("Training", timeout=TRAINING_SECONDS * 1000)
        until(lambda: an_epoch_ended_after(run.id, seen), TRAINING_SECONDS)
        button(page, "Stop").click()
        expect(status(page)).to_have_text("Stopped", timeout=ENGINE_SECONDS * 1000)
        expect(button(page, "See results")).to_be_visible()

    (run,) = default_store().list_runs()
    assert run.result["epochs_run"] >= 1
    assert any(event.kind == "resumed" for event in default_store().events(run.id))
