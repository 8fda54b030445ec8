"""The live preview in the real app: pictures under the blocks, which follow edits and samples."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator, Page, expect
from real_browser import block, field, select_block

from builder.project import load_preset
from builder.runs.store import Store

pytestmark = [pytest.mark.browser, pytest.mark.slow]

ENGINE_MS = 120_000


def preview_of(page: Page, preset: str, app: str, store: Store) -> None:
    """Open a new project of a preset and switch its preview on."""
    project_id = store.create_project(load_preset(preset).to_json())
    page.goto(f"{app}/model?project={project_id}")
    page.get_by_role("tab", name="Preview").click(timeout=ENGINE_MS)
    # The box itself is unseen: the switch drawn beside it is what a person clicks.
    page.get_by_text("Live preview", exact=True).click()


def picture(page: Page, name: str) -> Locator:
    return block(page, name).locator(".kb-extra")


def colors(painting: Locator) -> int:
    """Count the colors that were painted."""
    script = """element => {
      const { data } = element.getContext("2d").getImageData(0, 0, element.width, element.height);
      return new Set(new Uint32Array(data.buffer)).size;
    }"""
    return int(painting.evaluate(script))


def test_pictures_appear_and_follow_edits_and_samples(page: Page, app: str, store: Store) -> None:
    preview_of(page, "images/resnet", app, store)
    expect(picture(page, "output").locator(".kb-classes")).to_be_visible(timeout=ENGINE_MS)
    for name in ("input", "stem", "residual_1", "residual_2", "residual_3"):
        assert colors(picture(page, name).locator("canvas")) > 8, name

    keys = {name: picture(page, name).get_attribute("data-key") for name in ("stem", "residual_3")}
    select_block(page, "residual_3")
    expect(page.locator(".kb-detail figcaption").first).to_contain_text("64 feature maps of 8 × 8")
    page.get_by_role("tab", name="Block").click()
    field(page, "filters").fill("48")
    expect(picture(page, "residual_3")).not_to_have_attribute("data-key", str(keys["residual_3"]))
    expect(picture(page, "stem")).to_have_attribute("data-key", str(keys["stem"]))
    page.get_by_role("tab", name="Preview").click()
    expect(page.locator(".kb-detail figcaption").first).to_contain_text("48 feature maps")

    page.get_by_role("button", name="Next sample").click()
    expect(page.locator(".kb-sample-shown")).to_contain_text("sample 1 of")
    expect(picture(page, "stem")).not_to_have_attribute("data-key", str(keys["stem"]))
    page.get_by_label("Sample number").fill("999999")
    page.get_by_label("Sample number").press("Enter")
    expect(page.locator(".kb-preview .kb-note")).to_contain_text("numbered 0 to")

    page.get_by_text("Live preview", exact=True).click()
    expect(page.locator(".kb-extra")).to_have_count(0)
