"""The Analyze panel in the real app: figures that follow edits, and a preflight that marks blocks."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect
from real_browser import block, field

from builder.project import load_preset
from builder.runs.store import Store

pytestmark = [pytest.mark.browser, pytest.mark.slow]

ENGINE_MS = 120_000
PREFLIGHT_MS = 180_000


def open_panel(page: Page, preset: str, app: str, store: Store) -> None:
    project_id = store.create_project(load_preset(preset).to_json())
    page.goto(f"{app}/model?project={project_id}")
    page.get_by_role("tab", name="Analyze").click(timeout=ENGINE_MS)
    expect(page.locator(".kb-figures")).to_be_visible(timeout=ENGINE_MS)


def names(page: Page) -> list[str]:
    return page.locator(".kb-figures tbody th button").all_inner_texts()


def test_figures_sort_jump_and_follow_an_edit(page: Page, app: str, store: Store) -> None:
    open_panel(page, "images/cnn", app, store)
    assert names(page)[:2] == ["input", "conv_1"]
    expect(page.locator(".kb-totals")).to_contain_text("93,322")
    expect(page.locator(".kb-sight")).to_contain_text("18×18")

    page.locator(".kb-figures thead").get_by_role("button", name="FLOPs").click()
    assert names(page)[:2] == ["conv_2", "conv_3"]
    page.get_by_role("button", name="All columns").click()
    expect(page.locator(".kb-figures thead")).to_contain_text("Output")
    page.get_by_role("button", name="Fewer columns").click()

    page.locator(".kb-figures").get_by_role("button", name="conv_1", exact=True).click()
    expect(block(page, "conv_1").locator(".kb-selected")).to_have_count(1)
    page.get_by_role("tab", name="Block").click()
    field(page, "filters").fill("16")
    page.get_by_role("tab", name="Analyze").click()
    expect(page.locator(".kb-totals")).to_contain_text("83,946")


def test_a_preflight_tells_what_stays_float_and_marks_the_block(page: Page, app: str, store: Store) -> None:
    open_panel(page, "text/lstm", app, store)
    page.get_by_role("button", name="Run the preflight").click()
    expect(page.get_by_role("progressbar", name="Preflight")).to_be_visible()
    panel = page.locator(".kb-preflight")
    expect(panel).to_contain_text("An epoch takes about", timeout=PREFLIGHT_MS)
    expect(panel).to_contain_text("TFLite, int8")
    expect(panel.locator(".kb-verdicts")).to_contain_text("the loop over its steps")
    expect(block(page, "lstm")).to_contain_text("stays float in int8")

    # Another model has another preflight; taking the edit back brings the first one's answer again.
    page.locator(".kb-verdicts").get_by_role("button", name="lstm").click()
    page.get_by_role("tab", name="Block").click()
    field(page, "units").fill("32")
    page.get_by_role("tab", name="Analyze").click()
    expect(page.get_by_role("button", name="Run the preflight")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(panel).to_contain_text("An epoch takes about")
