"""Files appear whole or not at all, and a disk that refuses is told in plain words."""

import errno
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from builder.errors import BuilderError
from builder.runs.files import atomic_path, disk_errors, read_json, unwritable, write_bytes, write_json

ROOT = Path(__file__).resolve().parent.parent.parent


def test_json_comes_back(tmp_path: Path) -> None:
    file = tmp_path / "new" / "folder" / "report.json"
    write_json(file, {"name": "Größe", "values": [1, 2.5, None]})
    assert read_json(file) == {"name": "Größe", "values": [1, 2.5, None]}
    assert read_json(tmp_path / "missing.json") is None


def test_a_broken_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "report.json").write_text("{")
    with pytest.raises(BuilderError, match="report.json cannot be read"):
        read_json(tmp_path / "report.json")


def test_a_failed_write_leaves_the_old_file_and_no_other(tmp_path: Path) -> None:
    file = tmp_path / "model.npz"
    write_bytes(file, b"old")
    with pytest.raises(RuntimeError), atomic_path(file) as temporary:
        temporary.write_bytes(b"half")
        raise RuntimeError
    assert file.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [file]


def test_the_temporary_name_keeps_the_suffix(tmp_path: Path) -> None:
    # numpy.savez adds ".npz" to any other name.
    with atomic_path(tmp_path / "checkpoint.npz") as temporary:
        np.savez(temporary, a=np.ones(2))
    assert np.load(tmp_path / "checkpoint.npz")["a"].tolist() == [1, 1]


KILLED = """
import os, signal, sys
from builder.runs.files import atomic_path
with atomic_path(sys.argv[1]) as temporary:
    temporary.write_bytes(b"half")
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_kill_in_the_middle_leaves_the_old_file(tmp_path: Path) -> None:
    file = tmp_path / "checkpoint.npz"
    file.write_bytes(b"old")
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", KILLED, str(file)], env=environment)
    assert done.returncode == -signal.SIGKILL
    assert file.read_bytes() == b"old"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs Linux's full device")
def test_a_full_disk_says_what_is_lost_how_much_is_free_and_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(BuilderError) as caught, disk_errors("the checkpoint", tmp_path):
        with open("/dev/full", "wb", buffering=0) as stream:
            stream.write(b"x")
    (problem,) = caught.value.problems
    assert problem.code == "disk_full"
    assert "the checkpoint" in problem.message and "free" in problem.message
    assert str(tmp_path) in problem.message and "Delete" in problem.message


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(BuilderError) as caught:
        write_bytes(tmp_path / "file" / "report.json", b"")
    assert caught.value.problems[0].code == "unwritable"
    assert str(tmp_path / "file") in str(caught.value)
    refused = unwritable(OSError(errno.EACCES, "Permission denied"), "the report", tmp_path)
    assert "The report cannot be written" in str(refused) and "Permission denied" in str(refused)
