"""A Streamlit app in a process of its own, and a real Chromium to look at it with."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright

from builder.runs.workspace import HOME_VARIABLE

ROOT = Path(__file__).resolve().parent.parent
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
START_SECONDS = 60


@contextmanager
def served(script: Path, log: Path, port: int | None = None) -> Iterator[str]:
    """Serve an app as the README's command does and give its address; it ends with the context."""
    port = port or free_port()
    address = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "streamlit", "run", str(script), f"--server.port={port}"]
    with log.open("ab") as sink:
        process = subprocess.Popen(
            command,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            cwd=ROOT,
            stdout=sink,
            stderr=subprocess.STDOUT,
        )
        try:
            _wait_until_healthy(address, process, log)
            yield address
        finally:
            process.terminate()
            process.wait(20)


@contextmanager
def studio_in(home: Path) -> Iterator[str]:
    """Serve the studio in a workspace of its own and give its address."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv(HOME_VARIABLE, str(home))
        with served(ROOT / "app.py", home / "app.log") as address:
            yield address


@contextmanager
def chromium() -> Iterator[Browser]:
    """Give a headless Chromium."""
    executable = shutil.which("chromium") or shutil.which("chromium-browser")
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=executable, args=FLAGS)
        yield opened
        opened.close()


@contextmanager
def watched_page(browser: Browser) -> Iterator[Page]:
    """Give a page where nothing glides; an error in its scripts fails the test at the end."""
    opened = browser.new_page(viewport={"width": 1440, "height": 900}, reduced_motion="reduce")
    faults: list[str] = []
    opened.on("pageerror", lambda error: faults.append(str(error)))
    yield opened
    opened.close()
    assert faults == []


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def block(page: Page, name: str) -> Locator:
    """Return a block of the canvas."""
    return page.locator(f'.react-flow__node[data-id="{name}"]')


def select_block(page: Page, name: str) -> None:
    """Click a block of the canvas, wherever it lies: the canvas scrolls back what a browser scrolls in it."""
    page.locator(".kb-root").focus()
    page.keyboard.press("f")
    expect(block(page, name)).to_be_in_viewport()
    block(page, name).click()
    expect(block(page, name).locator(".kb-selected")).to_be_visible()


def edge(page: Page, source: str, target: str) -> Locator:
    """Return a connection of the canvas."""
    return page.locator(f'.react-flow__edge[data-id^="{source}:"][data-id*=">{target}:"]')


def field(page: Page, name: str) -> Locator:
    """Return the input of a parameter in the inspector."""
    return page.locator(f'[data-field="{name}"] input')


def middle(locator: Locator) -> tuple[float, float]:
    locator.scroll_into_view_if_needed()
    box = locator.bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def drag(page: Page, start: tuple[float, float], end: tuple[float, float]) -> None:
    page.mouse.move(*start)
    page.mouse.down()
    page.mouse.move((start[0] + end[0]) / 2, (start[1] + end[1]) / 2, steps=5)
    page.mouse.move(*end, steps=5)
    page.mouse.up()


def _wait_until_healthy(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    limit = time.monotonic() + START_SECONDS
    while time.monotonic() < limit and process.poll() is None:
        try:
            with urllib.request.urlopen(f"{address}/_stcore/health", timeout=2):
                return
        except OSError:
            time.sleep(0.1)
    raise AssertionError(f"The app did not start:\n{log.read_text('utf-8', 'replace')}")
