"""The canvas and the live chart in a real browser, on the harness's page."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route, expect
from real_browser import block, chromium, drag, edge, field, middle, served, watched_page

HARNESS = Path(__file__).parent / "harness" / "app.py"
expect.set_options(timeout=15_000)

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Serve the harness and give its address."""
    with served(HARNESS, tmp_path_factory.mktemp("harness") / "log.txt") as address:
        yield address


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    with watched_page(browser) as opened:
        yield opened


@pytest.fixture
def canvas(page: Page, address: str) -> Page:
    """The canvas with the harness's image model, answered once."""
    page.goto(f"{address}/?page=canvas")
    expect(page.locator(".kb-root[data-answered][data-settled]")).to_be_visible()
    expect(block(page, "output")).to_be_attached()
    return page


def kept(page: Page) -> dict[str, Any]:
    """What Python has been given, as the page prints it."""
    return json.loads(page.get_by_test_id("stCode").inner_text())


def press(page: Page, keys: str) -> None:
    page.locator(".kb-root").focus()
    page.keyboard.press(keys)


def set_run(page: Page, address: str, **facts: Any) -> None:
    page.request.post(f"{address}/api/harness", data=facts)


def test_the_canvas_is_settled_only_when_its_blocks_are_drawn(page: Page, address: str) -> None:
    held: list[Route] = []
    page.route("**/catalogue*", lambda route: held.append(route))
    page.goto(f"{address}/?page=canvas")
    expect(page.locator(".kb-root[data-answered]")).to_be_visible()
    expect(page.locator(".kb-root[data-settled]")).to_have_count(0)
    held[0].continue_()
    expect(page.locator(".kb-root[data-settled]")).to_be_visible()
    expect(block(page, "output")).to_be_attached()


def test_where_less_motion_is_wanted_the_view_arrives_at_once(canvas: Page) -> None:
    for _ in range(3):
        press(canvas, "+")
    canvas.evaluate(
        """() => {
          const view = document.querySelector(".react-flow__viewport")
            ?? [...document.querySelectorAll("*")].find(one => one.shadowRoot?.querySelector(".kb-root"))
              .shadowRoot.querySelector(".react-flow__viewport");
          window.seen = new Set();
          new MutationObserver(() => window.seen.add(view.style.transform))
            .observe(view, { attributes: true, attributeFilter: ["style"] });
        }"""
    )
    press(canvas, "f")
    expect(block(canvas, "output")).to_be_in_viewport(ratio=1)
    assert canvas.evaluate("window.seen.size") == 1


def test_a_value_changes_the_shapes_at_once_and_reaches_python(canvas: Page) -> None:
    expect(canvas.locator(".kb-shape").nth(1)).to_have_text("26×26×32")
    block(canvas, "conv_1").click()
    field(canvas, "filters").fill("48")
    expect(canvas.locator(".kb-shape").nth(1)).to_have_text("26×26×48")
    expect(canvas.get_by_test_id("stCode")).to_contain_text('"filters": 48')
    assert kept(canvas)["docVersion"] == 1


def test_a_bad_value_stays_and_says_what_is_expected(canvas: Page) -> None:
    block(canvas, "conv_1").click()
    field(canvas, "filters").fill("many")
    sentence = "must be a whole number from 1 to 4096. Got 'many' instead."
    expect(canvas.locator('[data-field="filters"] .kb-complaint')).to_contain_text(sentence)
    field(canvas, "filters").blur()
    expect(field(canvas, "filters")).to_have_value("many")


def test_undo_takes_back_a_typed_value_and_redo_brings_it_again(canvas: Page) -> None:
    block(canvas, "conv_1").click()
    field(canvas, "filters").press_sequentially("5")
    expect(field(canvas, "filters")).to_have_value(re.compile("5"))
    typed = field(canvas, "filters").input_value()
    press(canvas, "Control+z")
    expect(field(canvas, "filters")).to_have_value("32")
    press(canvas, "Control+Shift+z")
    expect(field(canvas, "filters")).to_have_value(typed)


def test_the_keyboard_alone_adds_a_block_after_the_selected_one(canvas: Page) -> None:
    block(canvas, "conv_1").click()
    press(canvas, "/")
    expect(canvas.get_by_role("searchbox")).to_be_focused()
    canvas.keyboard.type("batch")
    canvas.keyboard.press("Enter")
    expect(edge(canvas, "conv_1", "batch_normalization")).to_be_attached()
    expect(edge(canvas, "batch_normalization", "pool_1")).to_be_attached()


def test_a_block_dragged_onto_a_connection_is_inserted(canvas: Page) -> None:
    item = canvas.locator('[data-kind="dropout.v1"]')
    drag(canvas, middle(item), middle(canvas.locator(".kb-shape").nth(1)))
    expect(edge(canvas, "conv_1", "dropout_2")).to_be_attached()
    expect(edge(canvas, "dropout_2", "pool_1")).to_be_attached()


def test_a_double_click_on_the_canvas_searches_and_adds_there(canvas: Page) -> None:
    pane = canvas.locator(".react-flow__pane")
    box = pane.bounding_box()
    assert box is not None
    canvas.mouse.dblclick(box["x"] + 120, box["y"] + 150)
    canvas.keyboard.type("lstm")
    canvas.keyboard.press("Enter")
    expect(block(canvas, "lstm")).to_be_visible()
    canvas.keyboard.press("Delete")
    expect(block(canvas, "lstm")).to_have_count(0)


def test_a_wire_that_does_not_fit_is_refused_and_one_that_fits_is_drawn(canvas: Page) -> None:
    output = canvas.locator('[data-port="conv_1:output"]')
    drag(
        canvas,
        middle(canvas.locator('[data-port="pool_1:output"]')),
        middle(canvas.locator('[data-port="conv_1:input"]')),
    )
    expect(canvas.locator(".kb-toast")).to_contain_text("data cannot flow in a circle")
    drag(canvas, middle(output), middle(canvas.locator('[data-port="conv_2:input"]')))
    expect(edge(canvas, "conv_1", "conv_2")).to_be_attached()
    expect(edge(canvas, "pool_1", "conv_2")).to_have_count(0)


def test_a_repair_is_one_click_and_can_be_undone(canvas: Page) -> None:
    expect(canvas.get_by_role("region", name="Problems")).to_contain_text("drops 90 %")
    canvas.locator(".kb-problems .kb-repair").click()
    expect(canvas.get_by_text("No problems: this model can be built.")).to_be_visible()
    press(canvas, "Control+z")
    expect(canvas.get_by_role("region", name="Problems")).to_contain_text("drops 90 %")


def test_work_goes_on_while_the_studio_does_not_answer(canvas: Page, address: str) -> None:
    set_run(canvas, address, fails=True)
    block(canvas, "conv_1").click()
    field(canvas, "filters").fill("16")
    expect(canvas.get_by_role("alert")).to_contain_text("Your work is kept")
    set_run(canvas, address, fails=False)
    expect(canvas.locator(".kb-shape").nth(1)).to_have_text("26×26×16")
    expect(canvas.locator(".kb-banner")).to_have_count(0)


def test_a_late_first_answer_does_not_move_a_view_that_a_person_has_moved(page: Page, address: str) -> None:
    set_run(page, address, fails=True)
    page.goto(f"{address}/?page=canvas")
    expect(page.get_by_role("alert")).to_be_visible()
    pane = page.locator(".react-flow__pane").bounding_box()
    assert pane is not None
    empty = (pane["x"] + 60, pane["y"] + 60)
    drag(page, empty, (empty[0] + 150, empty[1] + 90))
    moved = page.locator(".react-flow__viewport").get_attribute("style")
    set_run(page, address, fails=False)
    expect(page.locator(".kb-root[data-answered][data-settled]")).to_be_visible()
    assert page.locator(".react-flow__viewport").get_attribute("style") == moved


def test_python_replaces_the_document_only_with_a_new_version(canvas: Page) -> None:
    block(canvas, "conv_1").click()
    field(canvas, "filters").fill("24")
    expect(canvas.get_by_test_id("stCode")).to_contain_text('"filters": 24')
    expect(field(canvas, "filters")).to_have_value("24")
    canvas.get_by_role("button", name="Load another model").click()
    expect(canvas.locator(".react-flow__node")).to_have_count(1)


def test_a_read_only_canvas_shows_shapes_and_changes_nothing(page: Page, address: str) -> None:
    page.goto(f"{address}/?page=read_only")
    expect(page.locator(".kb-shape").first).to_have_text("28×28×1")
    expect(page.locator(".kb-palette")).to_have_count(0)
    block(page, "conv_1").click()
    expect(field(page, "filters")).to_be_disabled()
    press(page, "Delete")
    expect(block(page, "conv_1")).to_be_visible()


def test_the_live_chart_grows_keeps_the_zoom_and_tells_the_end(page: Page, address: str) -> None:
    set_run(page, address, status="running", steps=40, fails=False)
    page.goto(f"{address}/?page=chart")
    expect(page.locator(".kbc-status")).to_have_text("Training")
    expect(page.locator(".kbc-facts")).to_contain_text("1 min 35 s left")
    plot = '[data-plot="loss"]'
    page.wait_for_function(f"document.querySelector('{plot}').data?.[0].x.length === 40")
    x, y = middle(page.locator(f"{plot} .nsewdrag"))
    drag(page, (x - 60, y - 40), (x + 60, y + 40))
    zoomed = page.evaluate(f"document.querySelector('{plot}').layout.xaxis.range")
    set_run(page, address, steps=90)
    page.wait_for_function(f"document.querySelector('{plot}').data[0].x.length === 90")
    assert page.evaluate(f"document.querySelector('{plot}').layout.xaxis.range") == zoomed
    set_run(page, address, status="finished")
    expect(page.locator(".kbc-status")).to_have_text("Finished")
    expect(page.get_by_text("Page knows: finished")).to_be_visible()


def test_the_live_chart_says_when_nobody_answers(page: Page, address: str) -> None:
    set_run(page, address, status="running", steps=40, fails=True)
    page.goto(f"{address}/?page=chart")
    expect(page.get_by_role("alert")).to_contain_text("The run itself goes on")
    set_run(page, address, fails=False)
    expect(page.get_by_role("alert")).to_be_hidden()


def test_one_number_stands_for_both_sizes_of_a_kernel(canvas: Page) -> None:
    block(canvas, "conv_1").click()
    field(canvas, "kernel_size").fill("5")
    field(canvas, "kernel_size").blur()
    expect(field(canvas, "kernel_size")).to_have_value("5, 5")
    expect(canvas.locator('[data-field="kernel_size"] .kb-complaint')).to_have_count(0)


def test_mending_an_advanced_value_leaves_it_in_sight(canvas: Page) -> None:
    block(canvas, "conv_1").click()
    canvas.get_by_text("Advanced", exact=True).click()
    groups = field(canvas, "groups")
    groups.fill("-2")
    expect(canvas.locator('[data-field="groups"] .kb-complaint')).to_be_visible()
    groups.fill("1")
    expect(canvas.locator('[data-field="groups"] .kb-complaint')).to_have_count(0)
    expect(groups).to_be_visible()


def test_one_legend_beside_the_charts_hides_and_shows_a_line_in_both(page: Page, address: str) -> None:
    set_run(page, address, status="running", steps=40, fails=False)
    page.goto(f"{address}/?page=chart")
    line = page.get_by_role("button", name="validation")
    expect(line).to_have_attribute("aria-pressed", "true")
    expect(page.locator(".js-plotly-plot .legend")).to_have_count(0)
    line.click()
    expect(line).to_have_attribute("aria-pressed", "false")
    shown = "plot => plot.data.filter((line) => line.name === 'validation').map((line) => line.visible)"
    assert page.locator('[data-plot="loss"]').evaluate(shown) == [False]
    assert page.locator('[data-plot="metric"]').evaluate(shown) == [False]


def test_a_loss_that_is_never_positive_is_drawn_whatever_scale_is_wanted(page: Page, address: str) -> None:
    set_run(page, address, status="running", steps=40, fails=False, lowest_loss=-9)
    page.goto(f"{address}/?page=chart")
    page.get_by_label("Log scale").check()
    expect(page.locator(".kbc-note")).to_contain_text("Loss is never above zero")
    assert page.locator('[data-plot="loss"] .scatterlayer path.point').count() > 0
    set_run(page, address, lowest_loss=0.1)
    page.reload()
    page.get_by_label("Log scale").check()
    expect(page.locator('[data-plot="loss"] .scatterlayer path.point').first).to_be_visible()
    expect(page.locator(".kbc-note")).to_be_hidden()
