"""Everything of one export as a zip file, with a README that says how to use each part."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from builder.export.formats import FORMATS

BUNDLE_NAME = "bundle.zip"
README_NAME = "README.md"

_USE = {
    "keras": 'model = keras.saving.load_model("keras/model.keras")',
    "saved_model": 'model = tf.saved_model.load("saved_model/saved_model")\n'
    'model.serve({...})["output"]           # raw values, by input name\n'
    'model.serve_prepared({...})["output"]  # numeric arrays',
    "server": "pip install -r server/requirements.txt\n"
    "python server/serve.py   # then open http://127.0.0.1:8000",
    "script": "python script/model.py",
}


def bundle(folder: Path) -> Path:
    """Return the zip file of an export, made now unless it exists; it appears whole or not at all.

    Args:
        folder: the folder that ``builder.export.run`` filled.
    """
    file = folder / BUNDLE_NAME
    if file.exists():
        return file
    temporary = folder / f".{BUNDLE_NAME}.{os.getpid()}.tmp"
    try:
        with zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED) as archive:
            for path in sorted(folder.rglob("*")):
                inside = path.relative_to(folder)
                if path.is_file() and not any(part.startswith(".") for part in inside.parts):
                    archive.write(path, inside)
        os.replace(temporary, file)
    finally:
        temporary.unlink(missing_ok=True)
    return file


def write_readme(report: Mapping[str, Any], folder: Path) -> None:
    """Write how to use each format of an export."""
    lines = [f"# {report['project']}: exported model", ""]
    lines += ["`report.html` shows how every file was verified.", ""]
    for item in report["formats"]:
        if item["status"] == "failed":
            continue
        known = FORMATS[item["format"]]
        lines += [f"## {item['label']}", "", known.use, "", "```", _usage(item["format"]), "```", ""]
    (folder / README_NAME).write_text("\n".join(lines), encoding="utf-8")


def _usage(name: str) -> str:
    client = f"python {name}/predict_tflite.py sample.json   # needs numpy and ai-edge-litert only"
    return _USE.get(name, client)
