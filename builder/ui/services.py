"""What the whole Streamlit process shares: workspace, store, engine, work in progress, and its token."""

from __future__ import annotations

import asyncio
import gc
import logging
import secrets
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from importlib import import_module

import streamlit as st

from builder.jobs.engine import Engine
from builder.jobs.training import reconcile
from builder.runs.store import Store
from builder.runs.workspace import Workspace, default_workspace
from builder.ui.work import UNEXPECTED, Work

logger = logging.getLogger(__name__)

# Proves to the routes that a request comes from a page of this very process.
TOKEN = secrets.token_urlsafe(32)
WATCH_SECONDS = 2.0
FIRST_PAGE_SECONDS = 3.0


@cache
def workspace() -> Workspace:
    """Return the workspace of this process."""
    return default_workspace()


@cache
def store() -> Store:
    """Return the database of projects and runs."""
    return Store(workspace().database_url)


@cache
def engine() -> Engine:
    """Return the pool of warm Keras processes; it starts at the first call."""
    return Engine()


@cache
def work() -> Work:
    """Return the answers that pages wait for."""
    return Work(engine().submit)


@asynccontextmanager
async def lifespan(app: st.App) -> AsyncIterator[None]:
    """Warm the engine and watch the training queue while the app runs.

    Nothing of it happens before the first page can be served: it starts in threads of its own.
    """
    end = threading.Event()
    threads = [
        threading.Thread(target=_warm_up, args=(end,), name="warm-up", daemon=True),
        threading.Thread(target=_watch_training, args=(end,), name="training-watch", daemon=True),
    ]
    for thread in threads:
        thread.start()
    yield
    end.set()
    await asyncio.to_thread(engine().close)


def report_script_error(error: Exception) -> bool:
    """Log what a page did not expect and show plain words instead of a stack trace."""
    logger.error("A page failed", exc_info=error)
    st.error(UNEXPECTED.message, icon=":material/error:")
    return True


def _warm_up(end: threading.Event) -> None:
    try:
        # The first page needs it; imported here, its readers do not have to wait.
        import_module("builder.ui.projects")
        # Streamlit collects garbage after each run of a page; what stays for good need not be looked through.
        gc.collect()
        gc.freeze()
        # Importing Keras takes every core for seconds; the first page goes first.
        if not end.wait(FIRST_PAGE_SECONDS):
            engine().start()
    except Exception:
        # The pages say so themselves when they need the engine; the app goes on.
        logger.exception("The engine did not start")


def _watch_training(end: threading.Event) -> None:
    while not end.is_set():
        try:
            reconcile(store(), workspace())
        except Exception:
            # A moment's trouble with the database must not end the watch.
            logger.exception("The training queue could not be looked after")
        end.wait(WATCH_SECONDS)
