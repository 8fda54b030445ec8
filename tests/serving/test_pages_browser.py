"""The page on which a person tries a served model, in a real browser, whatever the columns are called."""

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, Route
from real_browser import chromium

from builder.data.spec import ArraySpec, DataSpec, ModelInput
from builder.explain.pictures import png_text
from builder.serving.limits import Limits
from builder.serving.model import Description
from builder.serving.pages import docs_page, try_page
from builder.serving.schema import predict_operation

ADDRESS = "http://model.test/"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


def described(spec: DataSpec) -> Description:
    return Description("it", "A model", spec, ("linear",), "model.tflite", True, "auto")


def table(numbers: tuple[str, ...], categories: dict[str, list[str]], task: str = "regression") -> DataSpec:
    settings = {
        "numeric_columns": list(numbers),
        "means": [1.5] * len(numbers),
        "variances": [1.0] * len(numbers),
        "normalize": True,
        "categorical_columns": list(categories),
        "categories": categories,
        "offsets": dict.fromkeys(categories, 0),
    }
    array = ArraySpec("numeric", (len(numbers),), "float32")
    return DataSpec(task, (ModelInput("features", "table", (array,), settings),), target_name="price")


def asked(browser: Browser, spec: DataSpec, prediction: dict[str, Any]) -> tuple[Any, str]:
    """Press the page's button; return the sample that it sent, and what it shows of a prediction."""
    page, sent = browser.new_page(), []

    def answer(route: Route) -> None:
        if route.request.method == "POST":
            sent.append(json.loads(route.request.post_data or ""))
            route.fulfill(json={"predictions": [prediction]})
        else:
            route.fulfill(body=try_page(described(spec), Limits()), content_type="text/html; charset=utf-8")

    page.route(f"{ADDRESS}**", answer)
    page.goto(ADDRESS)
    page.get_by_role("button", name="Predict").click()
    page.locator("details summary").wait_for()
    shown = page.locator("section#answer").inner_text()
    page.close()
    return sent[0]["instances"][0], shown


def test_columns_may_be_called_as_parts_of_the_page_or_of_the_language(browser: Browser) -> None:
    numbers = ("form", "fields", "ask", "answer", "constructor", "toString", 'a "b" <i>')
    sample, shown = asked(browser, table(numbers, {"valueOf": ["x", "y"]}), {"value": 2.5})
    assert sample == dict.fromkeys(numbers, 1.5) | {"valueOf": "x"}
    assert shown.splitlines()[:2] == ["price", "2.5"]


@pytest.mark.parametrize(("value", "words"), [(0.000123456, "0.000123456"), (1234567.8, "1,234,570")])
def test_a_number_is_shown_with_six_digits_whatever_its_size(
    browser: Browser, value: float, words: str
) -> None:
    assert words in asked(browser, table(("a",), {}), {"value": value})[1].splitlines()


def test_a_forecast_is_shown_value_by_value(browser: Browser) -> None:
    settings = {"means": [1.0], "variances": [1.0], "normalize": True, "columns": ["price"]}
    item = ModelInput("series", "series", (ArraySpec("series", (3, 1), "float32"),), settings)
    spec = DataSpec("forecasting", (item,), target_name="price", target_shape=(2,))
    sample, shown = asked(browser, spec, {"values": [0.25, 7.0]})
    assert sample == {"series": [[1.0]] * 3}
    assert "0.25, 7" in shown.splitlines()


def test_a_command_of_the_documents_holds_any_name(browser: Browser) -> None:
    image = ModelInput(
        "image", "image", (ArraySpec("image", (8, 8, 1), "float32"),), {"height": 8, "width": 8}
    )
    spec = table(("it's (m)",), {})
    spec = DataSpec(spec.task, (image, *spec.inputs))
    operation = {"summary": "Predict", **predict_operation(described(spec), Limits())}
    known = {"info": {"title": "A model"}, "paths": {"/v1/models/it:predict": {"post": operation}}}
    page: Page = browser.new_page()
    page.route(f"{ADDRESS}**", lambda route: route.fulfill(body=docs_page(known), content_type="text/html"))
    page.goto(f"{ADDRESS}behind/a/proxy/docs")
    assert """-F 'image=@file' -F 'it'\\''s (m)=value'""" in page.inner_text("main")
    assert f"'{ADDRESS}behind/a/proxy/v1/models/it:predict'" in page.inner_text("main")
    page.close()


def made_by_generator(browser: Browser, item: ModelInput, made: list[dict[str, Any]]) -> tuple[Any, Page]:
    """Have the page make samples on the way to another; return what it sent, and the page."""
    page, sent = browser.new_page(), []
    description = described(DataSpec("generation", (item,)))

    def answer(route: Route) -> None:
        if route.request.method == "POST":
            sent.append(json.loads(route.request.post_data or ""))
            route.fulfill(json={"predictions": made})
        else:
            route.fulfill(body=try_page(description, Limits()), content_type="text/html; charset=utf-8")

    page.route(f"{ADDRESS}**", answer)
    page.goto(ADDRESS)
    assert not page.get_by_label("Seed of the other").is_visible()
    page.get_by_label("From one to another").check()
    page.get_by_label("Seed of the other").fill("5")
    page.get_by_label("Count").fill("2")
    page.get_by_role("button", name="Generate").click()
    page.locator("details summary").wait_for()
    return sent[0], page


def test_pictures_that_a_generator_makes_are_shown(browser: Browser) -> None:
    image = ModelInput("image", "image", (ArraySpec("image", (2, 2, 1), "float32"),), {"rescale": True})
    files = [{"image": png_text(np.full((2, 2, 1), value, np.uint8))} for value in (0, 255)]
    sent, page = made_by_generator(browser, image, files)
    assert sent == {"parameters": {"count": 2, "seed": 1, "between": True, "other_seed": 5}}
    widths = page.locator("#answer img").evaluate_all("all => all.map((one) => one.naturalWidth)")
    assert widths == [2, 2]
    page.close()


def test_series_that_a_generator_makes_are_drawn_with_their_columns(browser: Browser) -> None:
    settings = {"means": [0.0] * 2, "variances": [1.0] * 2, "columns": ["<b>price", "constructor"]}
    item = ModelInput("series", "series", (ArraySpec("series", (3, 2), "float32"),), settings)
    series = [{"series": {"<b>price": [1.0, 2.0, 3.5], "constructor": [7.0, 7.0, 7.0]}}] * 2
    _, page = made_by_generator(browser, item, series)
    shown = page.locator("section#answer").inner_text()
    assert "<b>price: 1 to 3.5" in shown and "constructor: 7 to 7" in shown
    points = page.locator("#answer polyline").evaluate_all(
        "all => all.map((one) => one.getAttribute('points'))"
    )
    assert points == ["0.0,100.0 100.0,60.0 200.0,0.0", "0.0,50.0 100.0,50.0 200.0,50.0"] * 2
    page.close()
