"""The export that serves the model by itself: the server's own files, the model, a container file."""

from __future__ import annotations

import ast
import re
import shutil
import sys
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from packaging.requirements import Requirement

from builder.data.tokenizers import SUBWORD
from builder.serving.model import Description

ROOT = Path(__file__).resolve().parents[2]
# What the carried package is called: a server has nothing of the studio's but these files.
PACKAGE = "model_server"
_FRONT = "builder.serving.main"
_PAGES = ("try_page.html", "docs_page.html")
_LIBRARIES = ("fastapi", "uvicorn", "python-multipart", "prometheus-client", "numpy", "pillow")
_SOUND = ("soundfile", "scipy")
SERVE_FILE = "serve.py"
_SERVE = f'''"""Serve the model in this folder: python serve.py --help."""

from pathlib import Path

from {PACKAGE}.serving.main import main

if __name__ == "__main__":
    main(Path(__file__).resolve().parent)
'''
_DOCKERFILE = """FROM python:3.11-slim
WORKDIR /server
COPY requirements.txt .
RUN pip install --no-cache-dir -r requirements.txt && useradd --uid 10001 server
COPY . .
USER server
ENV PYTHONUNBUFFERED=1
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s CMD ["python", "-c", \\
    "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/health', timeout=4)"]
CMD ["python", "serve.py", "--host", "0.0.0.0", "--port", "8000"]
"""


def slug(title: str) -> str:
    """Return a project's name as it can stand in an address."""
    return re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")[:40].strip("-") or "model"


def write_server(folder: Path, description: Description) -> None:
    """Write everything of a server beside its model's file.

    Args:
        folder: where the model's file lies already.
        description: what the server is to know of it.
    """
    description.write(folder)
    _carry(folder / PACKAGE)
    files = {
        SERVE_FILE: _SERVE,
        "requirements.txt": "".join(f"{pin}\n" for pin in pins(libraries(description))),
        "Dockerfile": _DOCKERFILE,
        ".dockerignore": "__pycache__\nREADME.md\n",
        "README.md": _readme(description),
    }
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")


def carried() -> dict[str, Path]:
    """Return the modules that a server is made of, and their files: the front one and what it imports."""
    found: dict[str, Path] = {}
    # Sound is imported where it is needed alone.
    waiting = [_FRONT, "builder.data.audio"]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found[name] = _file(name)
            waiting += _imported(found[name])
    packages = {".".join(parts[:end]) for parts in map(_parts, found) for end in range(1, len(parts))}
    return {**{name: _file(name) for name in packages}, **found}


def libraries(description: Description) -> list[str]:
    """Return the names of the packages that a server needs."""
    inputs = description.spec.inputs
    pieces = any(item.settings.get("tokenizer") in SUBWORD for item in inputs)
    sound = any(item.kind == "audio" for item in inputs)
    runtime = "ai-edge-litert" if description.file.endswith(".tflite") else "tensorflow"
    return [*_LIBRARIES, runtime, *(["tokenizers"] if pieces else []), *(_SOUND if sound else [])]


def pins(names: Iterable[str]) -> list[str]:
    """Return packages and all that they need, as ``name==version`` of what is installed here."""
    found: dict[str, str] = {}
    waiting = list(names)
    while waiting:
        name = re.sub(r"[-_.]+", "-", waiting.pop()).lower()
        if name in found:
            continue
        try:
            package = distribution(name)
        except PackageNotFoundError:
            continue
        found[name] = package.version
        needed = [Requirement(text) for text in package.requires or ()]
        waiting += [
            item.name for item in needed if item.marker is None or item.marker.evaluate({"extra": ""})
        ]
    return [f"{name}=={version}" for name, version in sorted(found.items())]


def _carry(target: Path) -> None:
    for name, file in carried().items():
        place = target.joinpath(*_parts(name)[1:])
        place = place / "__init__.py" if file.name == "__init__.py" else place.with_suffix(".py")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(renamed(file.read_text(encoding="utf-8")), encoding="utf-8")
    for page in _PAGES:
        shutil.copyfile(ROOT / "builder" / "serving" / page, target / "serving" / page)


def renamed(source: str) -> str:
    """Return a module's source as the server carries it: word for word, but for the package's name."""
    return re.sub(r"\bbuilder\.(?=[a-z])", f"{PACKAGE}.", source)


def _imported(file: Path) -> list[str]:
    """Return the modules of ours that a file imports when it is imported itself."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    modules = [node.module for node in tree.body if isinstance(node, ast.ImportFrom) and node.module]
    return [name for name in modules if name.startswith("builder.")]


def _parts(name: str) -> list[str]:
    return name.split(".")


def _file(name: str) -> Path:
    place = ROOT.joinpath(*_parts(name))
    return place / "__init__.py" if place.is_dir() else place.with_suffix(".py")


def _readme(description: Description) -> str:
    address = f"http://127.0.0.1:8000/v1/models/{description.name}:predict"
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    batches = (
        "Requests that come together share one run of the model."
        if description.batched
        else "This model's file takes one sample a run, so requests are answered one after the other."
    )
    return f"""# {description.title}: prediction server

With Python {version}:

```sh
python -m venv .venv
.venv/bin/pip install -r requirements.txt
.venv/bin/python serve.py
```

Then open <http://127.0.0.1:8000> to try it, and <http://127.0.0.1:8000/docs> for its addresses. Programs ask
`{address}` as they would ask TensorFlow Serving; `/health` and `/metrics` (Prometheus) tell its state.
`python serve.py --help` lists its limits. It has no password: let other machines in (`--host 0.0.0.0`) only
behind something that has one.

As a container:

```sh
docker build -t {description.name} .
docker run -p 127.0.0.1:8000:8000 {description.name}
```

`description.json` holds what the model was trained on: columns, vocabulary, labels. {batches}
Requests of more than 0.1 MB are read by processes of their own, of which there are two at most.

Told to end (SIGTERM, `docker stop --time 35`), the server first answers what is under way; that takes no
longer than a request may take.
"""
