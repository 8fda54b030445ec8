"""What hands do on the canvas, in a real browser on the harness's page: groups, notes, own blocks, a tap."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from real_browser import block, chromium, drag, edge, field, middle, served

from builder.graph import LONGEST_TEXT

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


@pytest.fixture(scope="module")
def page(browser: Browser, address: str) -> Iterator[Page]:
    """Give one page for all tests here, in a context that has room for a second window."""
    context = browser.new_context(viewport={"width": 1440, "height": 900}, reduced_motion="reduce")
    context.grant_permissions(["clipboard-read", "clipboard-write"], origin=address)
    opened = context.new_page()
    faults: list[str] = []
    opened.on("pageerror", lambda error: faults.append(str(error)))
    yield opened
    context.close()
    assert faults == []


@pytest.fixture
def canvas(page: Page, address: str) -> Page:
    """The canvas with the harness's image model, loaded anew and answered."""
    return _opened(page, address)


def _opened(page: Page, address: str) -> Page:
    page.goto(f"{address}/?page=canvas")
    expect(page.locator(".kb-root[data-answered][data-settled]")).to_be_visible()
    expect(block(page, "output")).to_be_attached()
    return page


def press(page: Page, *keys: str) -> None:
    page.locator(".kb-root").focus()
    for key in keys:
        page.keyboard.press(key)


def select(page: Page, first: str, *others: str) -> None:
    block(page, first).click()
    for other in others:
        block(page, other).click(modifiers=["Shift"])
    count = 1 + len(others)
    expect(page.locator(".kb-node.kb-selected")).to_have_count(count)


def choose(page: Page, command: str) -> None:
    """Choose a command in the menu of what is selected."""
    press(page, "Shift+F10")
    page.get_by_role("menuitem", name=command).click()


def test_a_group_folds_to_a_box_and_its_frame_covers_no_block(canvas: Page) -> None:
    select(canvas, "conv_1", "conv_2")
    press(canvas, "Control+g")
    frame = canvas.locator(".kb-frame")
    expect(frame).to_have_count(1)
    # The frame is selected, and 'pool_1' stands on it without being a part of it.
    block(canvas, "pool_1").click()
    expect(block(canvas, "pool_1").locator(".kb-selected")).to_be_visible()
    frame.get_by_role("button", name="Fold the group").click()
    expect(canvas.locator(".kb-box")).to_contain_text("2 blocks")
    expect(block(canvas, "conv_1")).to_have_count(0)
    canvas.get_by_role("button", name="Unfold the group").click()
    expect(block(canvas, "conv_1")).to_be_visible()


def test_a_problem_in_a_folded_group_is_marked_there_and_leads_to_its_block(canvas: Page) -> None:
    select(canvas, "flatten", "dropout")
    press(canvas, "Control+g")
    canvas.get_by_role("button", name="Fold the group").click()
    box = canvas.locator(".kb-box")
    expect(box.get_by_role("img", name=re.compile("drops 90 %"))).to_be_visible()
    # So near that the block lies outside what is seen.
    press(canvas, "+", "+", "+", "+")
    canvas.get_by_role("button", name="Show dropout").click()
    expect(block(canvas, "dropout").locator(".kb-selected")).to_be_visible()
    expect(block(canvas, "dropout")).to_be_in_viewport(ratio=0.99)
    expect(box).to_have_count(0)
    press(canvas, "Control+z")
    expect(box).to_have_count(1)


def test_a_repair_in_a_folded_group_is_one_step(canvas: Page) -> None:
    select(canvas, "flatten", "dropout")
    press(canvas, "Control+g")
    canvas.get_by_role("button", name="Fold the group").click()
    canvas.locator(".kb-problems .kb-repair").click()
    expect(canvas.get_by_text("No problems: this model can be built.")).to_be_visible()
    press(canvas, "Control+z")
    expect(canvas.get_by_role("region", name="Problems")).to_contain_text("drops 90 %")
    expect(canvas.locator(".kb-box")).to_have_count(1)


def test_a_note_is_written_at_once_and_covers_nothing(canvas: Page) -> None:
    press(canvas, "n")
    canvas.keyboard.type("nine layers")
    note = canvas.get_by_role("textbox", name="Note")
    expect(note).to_have_value("nine layers")
    expect(note).to_have_count(1)
    place = note.bounding_box()
    assert place is not None
    for name in ("input", "conv_1", "pool_1", "conv_2"):
        other = block(canvas, name).bounding_box()
        assert other is not None and (place["x"] >= other["x"] + other["width"])


def test_a_note_and_a_title_take_no_more_than_python_keeps(canvas: Page) -> None:
    press(canvas, "n")
    canvas.keyboard.insert_text("x" * (LONGEST_TEXT + 1))
    expect(canvas.get_by_role("textbox", name="Note")).to_have_value("x" * LONGEST_TEXT)
    expect(canvas.locator(".kb-toast")).to_contain_text("what goes beyond is left out")
    select(canvas, "conv_1")
    press(canvas, "Control+g")
    title = canvas.get_by_role("textbox", name="Title of the group")
    title.focus()
    canvas.keyboard.press("Control+a")
    canvas.keyboard.insert_text("x" * (LONGEST_TEXT + 1))
    expect(title).to_have_value("x" * LONGEST_TEXT)


def test_an_own_block_is_made_opened_kept_in_step_and_expanded(canvas: Page) -> None:
    select(canvas, "conv_1", "pool_1")
    press(canvas, "Control+Shift+b")
    # The name is there to be typed over.
    canvas.keyboard.type("Stage")
    canvas.keyboard.press("Enter")
    expect(edge(canvas, "input", "stage")).to_be_attached()
    expect(edge(canvas, "stage", "conv_2")).to_be_attached()
    press(canvas, "Control+Enter")
    expect(canvas.locator(".kb-trail")).to_contain_text("Shapes as in the block 'stage'")
    expect(canvas.locator(".kb-shape").first).to_have_text("28×28×1")
    expect(canvas.locator(".kb-shape").nth(1)).to_have_text("26×26×32")
    expect(block(canvas, "conv_1")).to_contain_text("320 params")
    block(canvas, "conv_1").click()
    field(canvas, "filters").fill("8")
    expect(canvas.locator(".kb-shape").nth(1)).to_have_text("26×26×8")
    # A problem of the rest of the model leads out of the block, to where it is.
    canvas.get_by_role("button", name="Show dropout").click()
    expect(canvas.locator(".kb-trail")).to_have_count(0)
    expect(block(canvas, "dropout").locator(".kb-selected")).to_be_visible()
    press(canvas, "f")
    block(canvas, "stage").click()
    choose(canvas, "Expand into its blocks")
    expect(edge(canvas, "conv_1", "pool_1")).to_be_attached()
    expect(block(canvas, "stage")).to_have_count(0)


def test_what_flows_around_an_own_block_is_drawn(page: Page, address: str) -> None:
    page.goto(f"{address}/?page=own")
    expect(page.locator(".kb-root[data-answered][data-settled]")).to_be_visible()
    expect(edge(page, "stage", "sum")).to_be_attached()
    expect(edge(page, "input", "sum")).to_be_attached()


def test_a_repair_of_the_model_is_made_in_the_model_while_an_own_block_is_open(canvas: Page) -> None:
    select(canvas, "conv_1", "pool_1")
    press(canvas, "Control+Shift+b")
    canvas.keyboard.press("Enter")
    press(canvas, "Control+Enter")
    expect(canvas.locator(".kb-trail")).to_be_visible()
    canvas.locator(".kb-problems .kb-repair").click()
    expect(canvas.get_by_text("No problems: this model can be built.")).to_be_visible()
    expect(block(canvas, "dropout")).to_contain_text("50 %")


def test_blocks_are_replaced_swapped_lined_up_and_frozen_together(canvas: Page) -> None:
    block(canvas, "pool_1").click()
    choose(canvas, "Replace with…")
    options = canvas.get_by_role("listbox").get_by_role("option")
    expect(options.first).to_contain_text("Pooling")
    canvas.keyboard.type("averagepooling2d")
    canvas.keyboard.press("Enter")
    expect(block(canvas, "pool_1")).to_contain_text("AveragePooling2D")
    expect(edge(canvas, "conv_1", "pool_1")).to_be_attached()
    select(canvas, "conv_1", "conv_2")
    choose(canvas, "Swap these two")
    expect(edge(canvas, "input", "conv_2")).to_be_attached()
    drag(canvas, middle(block(canvas, "conv_1")), (700, 600))
    select(canvas, "conv_1", "conv_2")
    canvas.get_by_role("button", name="Align left").click()
    one, other = (block(canvas, name).bounding_box() for name in ("conv_1", "conv_2"))
    assert one is not None and other is not None and abs(one["x"] - other["x"]) < 1
    canvas.get_by_label("Keep the weights as they are (frozen)").check()
    expect(canvas.locator(".kb-frozen")).to_have_count(2)
    # A click on one of several selected blocks means this one.
    block(canvas, "conv_1").click()
    expect(canvas.locator(".kb-node.kb-selected")).to_have_count(1)


def test_several_blocks_take_one_value_in_one_step(canvas: Page) -> None:
    select(canvas, "conv_1", "conv_2")
    expect(canvas.locator(".kb-mixed-sign")).to_have_count(1)
    field(canvas, "filters").fill("24")
    expect(block(canvas, "conv_1")).to_contain_text("24 filters")
    expect(block(canvas, "conv_2")).to_contain_text("24 filters")
    press(canvas, "Control+z")
    expect(block(canvas, "conv_1")).to_contain_text("32 filters")
    expect(block(canvas, "conv_2")).to_contain_text("64 filters")


def test_what_is_copied_in_one_window_is_pasted_in_another_with_its_connections(
    canvas: Page, address: str
) -> None:
    select(canvas, "conv_2")
    press(canvas, "Control+c")
    other = canvas.context.new_page()
    _opened(other, address)
    other.bring_to_front()
    press(other, "Control+Shift+V")
    expect(edge(other, "pool_1", "conv")).to_be_attached()
    other.close()


def test_damaged_blocks_on_the_clipboard_are_told_and_change_nothing(canvas: Page) -> None:
    select(canvas, "conv_2")
    press(canvas, "Control+c")
    canvas.evaluate(
        "navigator.clipboard.readText().then((text) => navigator.clipboard.writeText(text.slice(0, -9)))"
    )
    count = canvas.locator(".react-flow__node-block").count()
    press(canvas, "Control+v")
    expect(canvas.locator(".kb-toast")).to_contain_text("are cut off or changed")
    expect(canvas.locator(".react-flow__node-block")).to_have_count(count)


def test_the_keyboard_alone_builds_a_model_and_keeps_the_focus(canvas: Page) -> None:
    press(canvas, "Control+a", "Delete")
    expect(canvas.locator(".react-flow__node")).to_have_count(0)
    for words in ("input", "flatten", "classification head"):
        press(canvas, "/")
        canvas.keyboard.type(words)
        canvas.keyboard.press("Enter")
    expect(canvas.locator(".kb-shape")).to_have_text(["28×28×1", "784"])
    press(canvas, "?")
    dialog = canvas.get_by_role("dialog", name="Keyboard shortcuts")
    expect(dialog).to_be_visible()
    canvas.keyboard.press("Tab")
    expect(dialog.get_by_role("button", name="Close")).to_be_focused()
    canvas.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    # The window gives the keys back to the canvas.
    canvas.keyboard.press("Shift+Tab")
    expect(canvas.locator(".kb-node.kb-selected")).to_have_count(1)
    canvas.keyboard.press("Control+a")
    canvas.keyboard.press("Shift+F10")
    expect(canvas.get_by_role("menu")).to_be_visible()
    canvas.keyboard.press("Escape")
    canvas.keyboard.press("Delete")
    expect(canvas.locator(".react-flow__node")).to_have_count(0)


def test_an_input_is_chosen_in_the_inspector_by_keyboard(canvas: Page) -> None:
    block(canvas, "conv_2").click()
    source = canvas.get_by_label("Input from")
    expect(source).to_have_value("pool_1:output")
    source.focus()
    source.select_option(label="conv_1")
    expect(edge(canvas, "conv_1", "conv_2")).to_be_attached()
    expect(edge(canvas, "pool_1", "conv_2")).to_have_count(0)
    expect(source).to_have_value("conv_1:output")


def test_a_tap_in_the_palette_adds_a_block(browser: Browser, address: str) -> None:
    context = browser.new_context(
        has_touch=True, viewport={"width": 1200, "height": 900}, reduced_motion="reduce"
    )
    page = _opened(context.new_page(), address)
    page.get_by_role("searchbox").fill("gaussian noise")
    page.locator('[data-kind="gaussian_noise.v1"]').tap()
    expect(block(page, "gaussian_noise")).to_have_count(1)
    context.close()


def test_many_blocks_from_far_away_are_a_picture_that_takes_clicks_drags_and_drops(
    page: Page, address: str
) -> None:
    page.goto(f"{address}/?page=canvas&nodes=200")
    expect(page.locator(".kb-root[data-answered][data-settled]")).to_be_visible()
    page.get_by_role("button", name="Zoom to fit").click()
    expect(page.get_by_role("img", name="200 blocks from far away")).to_be_visible()
    expect(block(page, "dense_60")).to_be_hidden()
    _await_rest(page)
    assert _is_painted(page, _seen_place(page, "dense_60"))
    # What the hand is over is there to be clicked and dragged.
    page.mouse.click(*_seen_place(page, "dense_60"))
    expect(page.get_by_role("textbox", name="Name", exact=True)).to_have_value("dense_60")
    before = block(page, "dense_60").get_attribute("style")
    start = _seen_place(page, "dense_60")
    drag(page, start, (start[0] + 40, start[1] + 30))
    assert block(page, "dense_60").get_attribute("style") != before
    press(page, "Control+z")
    expect(block(page, "dense_60")).to_have_attribute("style", before or "")
    # A block that is dropped on a drawn connection goes into it.
    (x, above), (_, below) = _seen_place(page, "dense_60"), _seen_place(page, "dense_61")
    drag(
        page,
        middle(page.locator(".kb-palette").get_by_text("Activation", exact=True)),
        (x, (above + below) / 2),
    )
    expect(page.get_by_role("combobox", name="Input from")).to_have_value("dense_60:output")
    # A rectangle takes whatever lies in it.
    start, end = _seen_place(page, "dense_40"), _seen_place(page, "dense_90")
    page.keyboard.down("Shift")
    drag(page, (start[0] - 20, start[1] - 20), (end[0] + 5, end[1] + 5))
    page.keyboard.up("Shift")
    expect(page.get_by_text(re.compile(r"^\d\d blocks$"))).to_be_visible()


def _seen_place(page: Page, name: str) -> tuple[float, float]:
    """Return where the middle of a block is on the screen, whether it is an element there or drawn."""
    place: list[float] = block(page, name).evaluate(
        """(node) => {
            const view = node.closest('.react-flow__viewport');
            const pane = view.parentElement.getBoundingClientRect();
            const [at, to] = [new DOMMatrix(node.style.transform), new DOMMatrix(view.style.transform)];
            return [pane.x + to.e + (at.e + 105) * to.a, pane.y + to.f + (at.f + 30) * to.a];
        }"""
    )
    return place[0], place[1]


def _await_rest(page: Page) -> None:
    """Wait until the view, which glides to its place, has stood still for some frames."""
    page.locator(".react-flow__viewport").evaluate(
        """(view) => new Promise((done) => {
            let last = '', same = 0;
            const look = () => {
                same = view.style.transform === last ? same + 1 : 0;
                last = view.style.transform;
                if (same > 20) done();
                else requestAnimationFrame(look);
            };
            look();
        })"""
    )


def _is_painted(page: Page, at: tuple[float, float]) -> bool:
    """Tell whether the picture covers a place of the screen."""
    alpha: int = page.locator(".kb-far-picture").evaluate(
        """(canvas, [x, y]) => {
            const { left, top } = canvas.getBoundingClientRect();
            return canvas.getContext('2d').getImageData(x - left, y - top, 1, 1).data[3];
        }""",
        list(at),
    )
    return alpha == 255


def test_the_keys_go_on_working_when_what_had_the_focus_is_gone(canvas: Page) -> None:
    block(canvas, "dropout").click()
    canvas.keyboard.press("Delete")
    expect(block(canvas, "dropout")).to_have_count(0)
    canvas.keyboard.press("Control+z")
    expect(block(canvas, "dropout")).to_have_count(1)
    block(canvas, "dropout").click()
    canvas.keyboard.press("F2")
    canvas.keyboard.type("thin")
    canvas.keyboard.press("Enter")
    expect(block(canvas, "thin")).to_have_count(1)
    canvas.keyboard.press("Control+z")
    expect(block(canvas, "dropout")).to_have_count(1)
    canvas.get_by_role("searchbox").click()
    canvas.keyboard.press("Escape")
    canvas.keyboard.press("Control+Shift+z")
    expect(block(canvas, "thin")).to_have_count(1)
    press(canvas, "n")
    expect(canvas.get_by_role("textbox", name="Note")).to_be_focused()
    canvas.keyboard.press("Control+z")
    expect(canvas.get_by_role("textbox", name="Note")).to_have_count(0)
    canvas.keyboard.press("Control+z")
    expect(block(canvas, "dropout")).to_have_count(1)


def test_what_is_typed_is_no_command(canvas: Page) -> None:
    block(canvas, "dropout").click()
    press(canvas, "Delete")
    search = canvas.get_by_role("searchbox")
    search.fill("dense")
    # A word that is being put together, in Chinese for instance, is finished by Enter.
    composing = {"key": "Enter", "isComposing": True, "bubbles": True, "composed": True}
    search.dispatch_event("keydown", composing)
    search.press("Control+z")
    expect(search).to_have_value("")
    expect(canvas.locator(".react-flow__node-block")).to_have_count(6)
    search.fill("dense")
    search.press("Enter")
    expect(canvas.locator(".react-flow__node-block")).to_have_count(7)


def test_a_number_can_be_taken_away_before_another_is_typed(canvas: Page) -> None:
    block(canvas, "conv_1").click()
    factor = canvas.get_by_label("Learning rate ×")
    factor.press("End")
    factor.press("Backspace")
    expect(factor).to_have_value("")
    canvas.keyboard.type("5")
    expect(factor).to_have_value("5")
    press(canvas, "Control+z")
    expect(factor).to_have_value("1")
    press(canvas, "Control+Shift+b")
    repeat = canvas.get_by_role("dialog").get_by_label("Repeat")
    repeat.press("End")
    repeat.press("Backspace")
    canvas.keyboard.type("3")
    expect(repeat).to_have_value("3")
    canvas.keyboard.press("Enter")
    expect(canvas.locator('[data-field="repeat"] input')).to_have_value("3")


def test_marked_text_is_copied_rather_than_the_block_that_it_explains(canvas: Page) -> None:
    block(canvas, "conv_1").click()
    canvas.get_by_text("About this block").click()
    canvas.locator(".kb-block-help p").first.dblclick(position={"x": 10, "y": 8})
    word = canvas.evaluate("getSelection().toString().trim()")
    assert word
    canvas.keyboard.press("Control+c")
    _await_clipboard(canvas, word)
    # Who goes back to the blocks copies blocks.
    block(canvas, "conv_2").click()
    canvas.keyboard.press("Control+c")
    _await_clipboard(canvas, '"id":"conv_2"')


def _await_clipboard(page: Page, part: str) -> None:
    """Wait until the clipboard holds a text with this part: copied blocks where it is JSON, else none."""
    for _ in range(50):
        text = page.evaluate("navigator.clipboard.readText()")
        if part in text and ("kerablocks" in text) == part.startswith('"'):
            return
        page.wait_for_timeout(100)
    raise AssertionError(f"The clipboard holds {text[:200]!r}")


def test_the_focus_is_where_a_person_puts_it(canvas: Page) -> None:
    block(canvas, "conv_1").click()
    press(canvas, "Shift+F10", "ArrowDown")
    second = canvas.get_by_role("menuitem").nth(1)
    canvas.keyboard.press("ArrowDown")
    expect(canvas.get_by_role("menuitem").nth(2)).to_be_focused()
    # An answer comes in meanwhile.
    with canvas.expect_response("**/api/infer"):
        canvas.evaluate("dispatchEvent(new Event('online'))")
    canvas.wait_for_timeout(100)
    canvas.keyboard.press("ArrowUp")
    expect(second).to_be_focused()
    canvas.keyboard.press("Escape")
    choose(canvas, "Replace with…")
    field(canvas, "filters").click()
    expect(field(canvas, "filters")).to_be_focused()
