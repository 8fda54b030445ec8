"""Prediction servers as processes: started, known, stopped, and never left behind."""

import os
import signal
from pathlib import Path

import psutil
import pytest
from waiting import until

from builder.data.spec import DataSpec
from builder.errors import BuilderError
from builder.export.server import PACKAGE
from builder.jobs import serving, training
from builder.jobs.processes import process_started
from builder.project import load_preset
from builder.runs.records import ServerRecord
from builder.runs.servers import add_server, list_servers
from builder.runs.store import Store, default_store
from builder.runs.workspace import default_workspace
from builder.serving.model import Description

# Announces itself as a server does, and says something.
STAND_IN = """
import json, os, sys, time
host, port, file = (sys.argv[sys.argv.index(name) + 1] for name in ("--host", "--port", "--announce"))
print("here I am", flush=True)
open(file + ".tmp", "w").write(json.dumps({"host": host, "port": int(port) or 4711}))
os.replace(file + ".tmp", file)
time.sleep(600)
"""


@pytest.fixture
def store() -> Store:
    return default_store()


@pytest.fixture
def run_id(store: Store) -> str:
    document = load_preset("tabular/mlp_regression").to_json()
    return store.create_run(store.create_project(document), document, "")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "serve.py").write_text(STAND_IN)
    return tmp_path


def lives(record: ServerRecord) -> bool:
    return process_started(record.pid) is not None


def test_a_server_is_known_until_it_is_stopped(store: Store, run_id: str, folder: Path) -> None:
    record = serving.launch(run_id, folder, "auto", store=store)
    assert record.address == "http://127.0.0.1:4711"
    assert list_servers(store, run_id) == [record] and serving.is_serving(record)
    assert psutil.Process(record.pid).cmdline()[2:6] == ["--host", "127.0.0.1", "--port", "0"]
    assert "here I am" in serving.last_words(serving.log_file(run_id, record.id))
    # It leads its own session, so that the end of the app does not end it.
    assert os.getsid(record.pid) == record.pid
    serving.stop_server(record.id, store)
    assert not lives(record) and list_servers(store) == []
    with pytest.raises(BuilderError, match="no server"):
        serving.stop_server(record.id, store)


def test_a_server_that_ended_by_itself_is_told_and_can_be_removed(
    store: Store, run_id: str, folder: Path
) -> None:
    record = serving.launch(run_id, folder, "auto", store=store)
    os.kill(record.pid, signal.SIGKILL)
    until(lambda: not serving.is_serving(record))
    assert list_servers(store, run_id) == [record]
    serving.stop_server(record.id, store)
    assert list_servers(store) == []


def test_a_server_that_cannot_start_says_why_and_is_not_kept(
    store: Store, run_id: str, tmp_path: Path
) -> None:
    (tmp_path / "serve.py").write_text("raise SystemExit('The server cannot start: port 80 is taken')")
    with pytest.raises(BuilderError, match="port 80 is taken"):
        serving.launch(run_id, tmp_path, "auto", store=store)
    assert list_servers(store) == []


def test_a_server_that_ends_without_a_word_is_told_by_its_exit_code(
    store: Store, run_id: str, tmp_path: Path
) -> None:
    (tmp_path / "serve.py").write_text("raise SystemExit(3)")
    with pytest.raises(BuilderError, match="it ended with exit code 3"):
        serving.launch(run_id, tmp_path, "auto", store=store)


@pytest.fixture
def served(run_id: str, tmp_path: Path) -> tuple[Path, Path]:
    """A run's server folder, and the older model that it was made from."""
    folder = default_workspace().run_folder(run_id) / serving.FOLDER / "auto" / "server"
    folder.mkdir(parents=True)
    spec = DataSpec("regression", ())
    Description("it", "It", spec, ("linear",), "model.tflite", True, "auto").write(folder)
    (tmp_path / "model.keras").touch()
    os.utime(tmp_path / "model.keras", (0, 0))
    return folder, tmp_path / "model.keras"


class Opened(Exception):
    """Raised where the data are opened, which an export does first."""


def made(run_id: str, model_file: Path) -> Path:
    def opened() -> None:
        raise Opened

    return serving.make_folder(run_id, model_file, opened, "auto", lambda share, words: None)


def test_a_servers_folder_is_made_once_and_its_code_is_todays(run_id: str, served: tuple[Path, Path]) -> None:
    folder, model_file = served
    assert made(run_id, model_file) == folder and (folder / "serve.py").is_file()
    os.utime(model_file)
    with pytest.raises(Opened):
        made(run_id, model_file)


def test_a_servers_folder_of_which_half_was_written_is_made_again(
    run_id: str, served: tuple[Path, Path]
) -> None:
    (served[0] / "description.json").write_text('{"name":')
    with pytest.raises(Opened):
        made(run_id, served[1])


def test_a_servers_folder_that_cannot_be_written_is_told(run_id: str, served: tuple[Path, Path]) -> None:
    # A file where its code belongs refuses to be written into, as a full disk does.
    (served[0] / PACKAGE).touch()
    with pytest.raises(BuilderError, match="cannot be written"):
        made(run_id, served[1])


@pytest.mark.parametrize("what", ["project", "run", "trash"])
def test_servers_end_with_what_they_serve(what: str, store: Store, run_id: str, folder: Path) -> None:
    record = serving.launch(run_id, folder, "auto", store=store)
    training.stop(run_id, store)
    if what == "project":
        training.delete_project(store.run(run_id).project_id, store)
    elif what == "run":
        training.delete_run(run_id, store)
    else:
        training.trash_run(run_id, store)
    assert not lives(record) and list_servers(store) == []


def test_a_server_on_another_machine_is_left_to_it(store: Store, run_id: str) -> None:
    other = ServerRecord("elsewhere", run_id, "auto", "another", "127.0.0.1", 1, 1, 1.0, 1.0)
    add_server(store, other)
    assert serving.is_serving(other)
    with pytest.raises(BuilderError, match="another"):
        serving.stop_server("elsewhere", store)
