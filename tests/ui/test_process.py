"""The Streamlit process stays light: its pages run without Keras and TensorFlow, and without SciPy."""

import subprocess
import sys

PROGRAM = """
import sys
from concurrent.futures import Future
from pathlib import Path
from streamlit.testing.v1 import AppTest
import app
from builder.project import load_preset
from builder.ui import services

# Every page while the engine is still starting: no answer has come yet.
services.engine().submit = lambda task, **arguments: Future()
project = services.store().create_project(load_preset("images/cnn").to_json())
main = Path(services.__file__).parent / "main.py"
at = AppTest.from_file(str(main), default_timeout=60)
at.query_params["project"] = project
at.run()
for page in ("data", "model", "train", "results", "export", "frontier", "home"):
    at.switch_page(f"views/{page}.py").run()
    assert not at.exception, at.exception
print([name for name in sys.modules if name.split(".")[0] in ("keras", "tensorflow", "scipy")])
"""


def test_no_page_imports_keras_or_scipy() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip().endswith("[]"), done.stdout[-500:]
