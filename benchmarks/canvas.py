"""The canvas as a hand feels it: frames a second while a block is dragged and while the view is moved.

    python benchmarks/canvas.py [--blocks 1000] [--seconds 3]

Starts the app as the README does, on a model of many blocks in a workspace of its own, and moves the mouse in
a headless Chromium without a GPU: at the zoom of reading, and zoomed out until the whole model fits.
"""

from __future__ import annotations

import argparse
import math
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from playwright.sync_api import Page

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]
from real_browser import chromium, served  # noqa: E402 (the folders are named above)

from builder.graph import Edge, Graph, Node  # noqa: E402
from builder.project import load_preset  # noqa: E402
from builder.runs.store import Store  # noqa: E402
from builder.runs.workspace import HOME_VARIABLE, Workspace  # noqa: E402

KINDS = ("conv2d.v1", "batch_normalization.v1", "activation.v1", "dropout.v1")
COLUMN = 25
# What was drawn, told by the browser itself: the moments at which it was ready for another frame.
WATCH = """() => {
    const frames = (window.seenFrames = []);
    const next = (moment) => {
        frames.push(moment);
        if (window.seenFrames === frames) requestAnimationFrame(next);
    };
    requestAnimationFrame(next);
}"""
SEEN = "() => { const frames = window.seenFrames; window.seenFrames = null; return frames; }"
ZOOM_SECONDS = 1.0


def main() -> None:
    """Measure everything and print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--blocks", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=3.0)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home:
        os.environ[HOME_VARIABLE] = home
        project_id = _keep_project(Path(home), chosen.blocks)
        with served(ROOT / "app.py", Path(home) / "app.log") as url, chromium() as browser:
            page = browser.new_page(viewport={"width": 1440, "height": 900})
            page.goto(f"{url}/model?project={project_id}")
            page.locator(".kb-root[data-answered][data-settled]").wait_for(timeout=120_000)
            page.wait_for_timeout(1000 * ZOOM_SECONDS)
            print("| what | frames a second | slowest frame of 20 |")
            print("| --- | --- | --- |")
            _measure(page, f"{chosen.blocks:,} blocks, zoom of reading", chosen.seconds)
            page.locator(".kb-root").focus()
            page.keyboard.press("f")
            page.wait_for_timeout(1000 * ZOOM_SECONDS)
            _measure(page, f"{chosen.blocks:,} blocks, zoomed to fit", chosen.seconds)


def _measure(page: Page, where: str, seconds: float) -> None:
    box = page.locator(".react-flow__pane").bounding_box()
    assert box is not None
    centre = (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    held = _nearest_block(page, centre)
    # Between two columns of blocks nothing but the pane is hit.
    for what, start in (("a block is dragged", held), ("the view is moved", _empty_place(page, centre))):
        rate, slow = _frames(page, start, seconds)
        print(f"| {where}: {what} | {rate:.0f} | {slow:.0f} ms |")


def _nearest_block(page: Page, to: tuple[float, float]) -> tuple[float, float]:
    # From far away blocks are drawn; only their places in the model tell where they are on the screen.
    place: list[float] = page.locator(".react-flow__node-block").evaluate_all(
        """(nodes, [x, y]) => {
            const view = nodes[0].closest('.react-flow__viewport');
            const pane = view.parentElement.getBoundingClientRect();
            const { a: zoom, e: left, f: top } = new DOMMatrix(view.style.transform);
            const away = ([left, top]) => Math.hypot(left - x, top - y);
            return nodes.map((node) => new DOMMatrix(node.style.transform))
                .map(({ e, f }) => [pane.x + left + (e + 105) * zoom, pane.y + top + (f + 40) * zoom])
                .sort((one, other) => away(one) - away(other))[0];
        }""",
        list(to),
    )
    return place[0], place[1]


def _empty_place(page: Page, centre: tuple[float, float]) -> tuple[float, float]:
    place: list[float] = page.locator(".kb-root").evaluate(
        """(root, [x, y]) => {
            const seen = root.getRootNode();
            for (let by = 0; by < 600; by += 3)
                for (const at of [x + by, x - by])
                    if (seen.elementFromPoint(at, y)?.classList.contains('react-flow__pane')) return [at, y];
            return [x, y];
        }""",
        list(centre),
    )
    return place[0], place[1]


def _frames(page: Page, start: tuple[float, float], seconds: float) -> tuple[float, float]:
    """Return the frames a second while the held mouse circles, and the length in ms that 1 in 20 exceeds."""
    page.mouse.move(*start)
    page.mouse.down()
    page.mouse.move(start[0] + 10, start[1] + 10, steps=3)
    page.evaluate(WATCH)
    _circle(page.mouse.move, start, seconds)
    moments: list[float] = page.evaluate(SEEN)
    page.mouse.up()
    lengths = [after - before for before, after in zip(moments, moments[1:], strict=False)]
    return 1000 / statistics.mean(lengths), sorted(lengths)[int(0.95 * len(lengths))]


def _circle(move: Callable[[float, float], None], start: tuple[float, float], seconds: float) -> None:
    began = time.perf_counter()
    while (passed := time.perf_counter() - began) < seconds:
        angle = 2 * math.pi * passed / 1.5
        move(start[0] + 120 * math.sin(angle), start[1] + 90 * (1 - math.cos(angle)))


def _keep_project(home: Path, blocks: int) -> str:
    store = Store(Workspace(home).database_url)
    project_id = store.create_project(replace(load_preset("images/cnn"), model=_model(blocks)).to_json())
    store.close()
    return project_id


def _model(blocks: int) -> Graph:
    kinds = [KINDS[number % len(KINDS)] for number in range(blocks - 3)]
    line = ["input.v1", *kinds, "global_average_pooling2d.v1", "classification_head.v1"]
    nodes = tuple(
        Node(
            f"block_{number}",
            kind,
            {"filters": 16, "padding": "same"} if kind == "conv2d.v1" else {},
            position=(280.0 * (number // COLUMN), 140.0 * (number % COLUMN)),
        )
        for number, kind in enumerate(line)
    )
    edges = tuple(Edge(one.id, other.id) for one, other in zip(nodes, nodes[1:], strict=False))
    return Graph(nodes, edges)


if __name__ == "__main__":
    main()
