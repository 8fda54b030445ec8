"""Every test works in a workspace of its own, never in the person's."""

import gc
import os
from collections.abc import Generator

import pytest

# Before anything imports TensorFlow: its start-up notes are no test's business.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Offer every case of the tests that have many alike."""
    parser.addoption("--exhaustive", action="store_true", help="also run the tests marked exhaustive")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Begin with the files that take longest, and leave out what is marked exhaustive unless asked for.

    A file stays in one process: a long one that began last would keep the other processes waiting.
    """
    long = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in long)
    if config.getoption("--exhaustive"):
        return
    left_out = [item for item in items if item.get_closest_marker("exhaustive")]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if not item.get_closest_marker("exhaustive")]


@pytest.fixture(autouse=True, scope="module")
def settled_heap() -> None:
    """Keep what earlier files have left from being looked through again at every collection of garbage.

    Streamlit collects after each run of a page, which takes seconds beside the objects of a long session.
    """
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def workspace_folder(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Point the product at an empty workspace and the default database."""
    monkeypatch.setenv("KERABLOCKS_HOME", str(tmp_path_factory.mktemp("workspace")))
    monkeypatch.delenv("KERABLOCKS_DATABASE_URL", raising=False)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Tell beside a failure what the browser showed; a missing button alone says little."""
    report = yield
    page = getattr(item, "funcargs", {}).get("page")
    if report.when == "call" and report.failed and hasattr(page, "inner_text"):
        try:
            shown = f"{page.url}\n{page.inner_text('body', timeout=5000)[:6000]}"
        except Exception as error:
            shown = f"The page could not be asked: {error}"
        report.sections.append(("What the page showed", shown))
    return report
