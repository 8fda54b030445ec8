"""History, comparison, links, files and copies in a real browser, on the app itself."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect
from real_browser import ROOT, block, field, select_block, watched_page

from builder.project import Project, load_preset
from builder.runs.store import Store
from builder.share import payload

expect.set_options(timeout=15_000)

pytestmark = [pytest.mark.browser, pytest.mark.slow]
ENGINE_SECONDS = 90
AXE = ROOT / "builder/ui/components/frontend/node_modules/axe-core/axe.min.js"


@pytest.fixture
def project_id(store: Store) -> str:
    return store.create_project(load_preset("images/cnn").to_json())


def button(page: Page, name: str) -> Locator:
    return page.get_by_role("button", name=name, exact=True)


def saved(store: Store, project_id: str) -> Project:
    return Project.from_json(store.project(project_id).document)


def change_units(store: Store, project_id: str, units: int) -> None:
    edits = [{"op": "set_parameter", "id": "dense", "name": "units", "value": units}]
    project = saved(store, project_id)
    store.save_project(project_id, project.with_model(project.model.edited(edits)).to_json())


def fold(store: Store, project_id: str, *blocks: str) -> None:
    group = {"id": "group", "title": "Hidden", "nodes": list(blocks), "collapsed": True}
    project = saved(store, project_id)
    edits = [{"op": "set_groups", "groups": [group]}]
    store.save_project(project_id, project.with_model(project.model.edited(edits)).to_json())


def file_chooser(page: Page) -> Locator:
    """Return what takes a project file on the first page."""
    return page.get_by_test_id("stFileUploader").filter(has_text="project file").locator("input")


def choose_version(page: Page, place: int) -> None:
    """Choose a version by its place in the list, the newest first."""
    page.get_by_role("radiogroup", name="Versions").locator("label").nth(place).click()


def menu_of(page: Page, project_id: str) -> Locator:
    """Open the menu of a project on the first page and return it."""
    # While the page still grows, the menu would be carried out of the window.
    expect(page.locator('[data-testid="stApp"][data-test-script-state="notRunning"]')).to_be_visible()
    opener = page.locator(f".st-key-more-{project_id} button").first
    opener.evaluate("element => element.scrollIntoView({block: 'center'})")
    opener.click()
    return page.get_by_test_id("stPopoverBody")


def test_an_edit_on_the_canvas_is_in_the_history_and_can_be_taken_back(
    page: Page, app: str, store: Store, project_id: str
) -> None:
    before = saved(store, project_id)
    page.goto(f"{app}/model?project={project_id}")
    expect(page.locator(".kb-root[data-answered][data-settled]")).to_be_visible(timeout=ENGINE_SECONDS * 1000)
    select_block(page, "dense")
    field(page, "units").fill("96")
    expect(page.locator('.kb-root:not([data-rev="0"])')).to_be_visible()
    button(page, "History").click()

    expect(page.get_by_text("Units of 'dense' 64 → 96").first).to_be_visible()
    choose_version(page, 1)
    expect(page.locator(".kb-node-changed")).to_have_count(1, timeout=ENGINE_SECONDS * 1000)
    expect(block(page, "dense")).to_contain_text("changed")
    button(page, "Restore this version").click()
    expect(button(page, "Undo the restore")).to_be_visible()
    assert saved(store, project_id) == before

    button(page, "Undo the restore").click()
    expect(page.get_by_text(re.compile("what was there before the restore")).first).to_be_visible()
    assert saved(store, project_id).model.node("dense").parameters["units"] == 96
    assert len(store.versions(project_id)) == 4

    choose_version(page, 3)
    # The page shows that version: until then the button belongs to another one.
    expect(page.locator(".kb-node-changed")).to_have_count(1, timeout=ENGINE_SECONDS * 1000)
    button(page, "Restore this version").click()
    expect(page.get_by_text("Restored the version of").first).to_be_visible()
    page.get_by_role("link", name="Model").click()
    expect(block(page, "dense")).to_contain_text("64 units")


def test_a_version_can_be_named_and_compared_with_now(
    page: Page, app: str, store: Store, project_id: str
) -> None:
    change_units(store, project_id, 128)
    page.goto(f"{app}/history?project={project_id}")
    choose_version(page, 1)
    name = page.get_by_role("textbox", name="Name of this version", exact=True)
    expect(button(page, "Compare with now")).to_be_enabled()
    name.fill("small")
    name.press("Enter")
    expect(page.get_by_role("heading", name=re.compile("small"))).to_be_visible()
    assert [item.name for item in store.versions(project_id)] == ["", "small"]

    button(page, "Compare with now").click()
    expect(page.get_by_text("Units of 'dense' 64 → 128.")).to_be_visible()
    expect(page.locator(".kb-root")).to_have_count(2)
    expect(page.locator(".kb-node-changed")).to_have_count(2)
    expect(page.get_by_role("heading", name=re.compile("Every difference"))).to_be_visible()

    fold(store, project_id, "flatten", "dense")
    change_units(store, project_id, 256)
    page.reload()
    expect(page.locator(".kb-box").filter(has_text="1 changed")).to_have_count(2)
    # The whole model is shown, and the names of its blocks can still be read.
    name = block(page, "conv_1").first.locator(".kb-node-label").bounding_box()
    assert name is not None and name["height"] > 9


def test_a_project_travels_by_link(
    page: Page, browser: Browser, app: str, store: Store, project_id: str
) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=app)
    page.goto(f"{app}/model?project={project_id}")
    button(page, "Share").click()
    link = page.get_by_label("Link to this project")
    expect(link).to_have_value(re.compile(re.escape(f"{app}/?shared=1.")))
    page.get_by_test_id("stPopoverBody").get_by_role("button", name="Copy").click()
    expect(page.get_by_text("Copied", exact=True)).to_be_visible()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == link.input_value()

    count = len(store.list_projects())
    with watched_page(browser) as stranger:
        stranger.goto(copied)
        expect(stranger.get_by_text("Someone has shared a project with you")).to_be_visible()
        assert len(store.list_projects()) == count
        button(stranger, "Make it my project").click()
        expect(block(stranger, "dense")).to_be_visible(timeout=ENGINE_SECONDS * 1000)
        expect(stranger).not_to_have_url(re.compile("shared="))
    assert len(store.list_projects()) == count + 1
    assert store.list_projects()[0].id != project_id
    assert saved(store, store.list_projects()[0].id).model == saved(store, project_id).model


def test_scripts_in_a_shared_project_are_only_letters(page: Page, app: str, store: Store) -> None:
    evil = '<img src=x onerror="document.title=1"><script>document.title=1</script>'
    project = replace(load_preset("images/cnn"), name=evil, description=evil)
    page.goto(f"{app}/?shared={payload(project)}")
    expect(page.get_by_text('<img src=x onerror="document.title=1">').first).to_be_visible()
    button(page, "Make it my project").click()
    expect(page.locator(".kb-root")).to_be_visible()
    page.get_by_role("link", name="Home").click()
    expect(page.get_by_text("Your projects")).to_be_visible()
    assert page.title() != "1"
    assert page.locator('img[src="x"]').count() == 0


def test_a_broken_link_and_a_lost_project_are_told(page: Page, app: str) -> None:
    page.goto(f"{app}/?shared=1.nonsense")
    expect(page.get_by_text("This link cannot be opened")).to_be_visible()
    button(page, "Go on without it").click()
    expect(page.get_by_text("This link cannot be opened")).to_have_count(0)
    page.goto(f"{app}/?project=gone")
    expect(page.get_by_text("The project in the address is not here")).to_be_visible()
    expect(page).not_to_have_url(re.compile("gone"))


def test_a_project_is_saved_as_a_file_and_opened_again(
    page: Page, app: str, store: Store, tmp_path: Path
) -> None:
    data = replace(load_preset("text/lstm").data, source={"kind": "csv", "path": "/home/me/secret/m.csv"})
    project = replace(load_preset("text/lstm"), name="Messages", data=data)
    project_id = store.create_project(project.to_json())
    page.goto(app)
    menu = menu_of(page, project_id)
    with page.expect_download() as waiting:
        menu.get_by_role("button", name="Download").click()
    file = tmp_path / waiting.value.suggested_filename
    waiting.value.save_as(file)
    assert file.name == "Messages.json" and "secret" not in file.read_text()
    page.keyboard.press("Escape")

    page.get_by_text("Open a project file").click()
    file_chooser(page).set_input_files(file)
    expect(page.get_by_text(re.compile("Needs data of its own: m.csv"))).to_be_visible()
    button(page, "Open this project").click()
    expect(block(page, "lstm")).to_be_visible(timeout=ENGINE_SECONDS * 1000)
    opened = store.list_projects()[0]
    assert opened.name == "Messages 2"
    assert saved(store, opened.id).model == project.model
    assert saved(store, opened.id).data.source == {"kind": "csv", "file": "m.csv"}


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (json.dumps({"format": "kerablocks.project", "version": 99}), "saved by a newer Kerablocks"),
        ('{"format": "kerablocks.project", "version": 1, "model": {"nodes": [', "is not valid JSON"),
        ('{"format": "kerablocks.project", "version": 1, "model": {"nodes": [5]}}', "needs an 'id'"),
    ],
)
def test_a_newer_or_broken_file_is_told_and_loses_nothing(
    page: Page, app: str, store: Store, tmp_path: Path, content: str, expected: str
) -> None:
    file = tmp_path / "other.json"
    file.write_text(content)
    count = len(store.list_projects())
    page.goto(app)
    page.get_by_text("Open a project file").click()
    file_chooser(page).set_input_files(file)
    expect(page.get_by_text(re.compile(re.escape(expected)))).to_be_visible()
    assert button(page, "Open this project").count() == 0
    assert len(store.list_projects()) == count and file.read_text() == content


def test_a_project_is_duplicated_once_by_one_click(
    page: Page, app: str, store: Store, project_id: str
) -> None:
    count = len(store.list_projects())
    page.goto(app)
    menu_of(page, project_id).get_by_role("button", name="Duplicate").click()
    expect(page.get_by_text(re.compile(r"\(copy\)")).first).to_be_visible()
    found = store.list_projects()
    assert len(found) == count + 1
    assert "(copy)" in found[0].name
    assert saved(store, found[0].id).model == saved(store, project_id).model


def test_the_main_pages_set_up_no_grave_barrier(page: Page, app: str, store: Store, project_id: str) -> None:
    text = store.create_project(load_preset("text/cnn").to_json())
    pages = [("light", name, project_id) for name in ("", "data", "model", "train", "history")]
    rules = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
    found = []
    for theme, name, shown in [*pages, ("dark", "data", text)]:
        page.emulate_media(color_scheme=theme)
        page.goto(f"{app}/{name}?project={shown}")
        expect(page.locator('[data-testid="stApp"][data-test-script-state="notRunning"]')).to_be_visible()
        if name == "model":
            expect(page.locator(".kb-root[data-answered][data-settled]")).to_be_visible(
                timeout=ENGINE_SECONDS * 1000
            )
            select_block(page, "dense")
        # Without the studio's own rules, drawn anew, or still fading in, words have less contrast than they
        # will have. A spinner turns without an end.
        page.wait_for_function(
            "() => [...document.querySelectorAll('style')].some(one => one.textContent.includes('.kb-line'))"
        )
        page.wait_for_function(
            "() => !document.querySelector('[data-stale=true]') && document.getAnimations().every("
            "moving => moving.playState !== 'running' || moving.effect.getTiming().iterations === Infinity)"
        )
        page.add_script_tag(path=AXE)
        told = page.evaluate("rules => axe.run(document, {runOnly: rules})", rules)
        found += [
            (theme, name or "home", fault["id"], [part["html"][:120] for part in fault["nodes"][:3]])
            for fault in told["violations"]
            if fault["impact"] in ("serious", "critical")
        ]
    assert found == []
