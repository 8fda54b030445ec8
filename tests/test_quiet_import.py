"""The notes of TensorFlow's libraries stay away from the shell, but not why it cannot be loaded."""

import subprocess
import sys
from pathlib import Path

import pytest

LOADED = """
import os, sys
from builder.commands.quiet import load_tensorflow_quietly
load_tensorflow_quietly()
import tensorflow
assert tensorflow.__spec__.loader is tensorflow.__loader__
os.write(2, b"afterwards")
"""


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("", "afterwards"),
        ("raise ImportError('no such library')", "a note of a library"),
    ],
)
def test_what_is_written_while_tensorflow_is_loaded_is_shown_where_that_fails(
    body: str, told: str, tmp_path: Path
) -> None:
    # It stands in for TensorFlow, which cannot be made to fail here.
    (tmp_path / "tensorflow.py").write_text(f"import os\nos.write(2, b'a note of a library')\n{body}\n")
    code = f"import sys\nsys.path.insert(0, {str(tmp_path)!r})\n{LOADED}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert done.stderr.startswith(told)
    assert (done.returncode == 0) == (body == "")
