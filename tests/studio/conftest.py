"""One studio for all tests here: starting it takes longer than most of the tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page
from real_browser import chromium, studio_in, watched_page

from builder.runs.store import Store
from builder.runs.workspace import Workspace


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the studio's workspace."""
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="session")
def app(home: Path) -> Iterator[str]:
    """Serve the app and return its address."""
    with studio_in(home) as address:
        yield address


@pytest.fixture
def store(home: Path) -> Iterator[Store]:
    """Return the studio's store."""
    opened = Store(Workspace(home).database_url)
    yield opened
    opened.close()


# For a file at a time: while it is open, no other test of the process can have an event loop of its own.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    with watched_page(browser) as opened:
        opened.set_default_timeout(60_000)
        yield opened
