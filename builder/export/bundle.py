"""Everything of one export as a zip file, with a README that says how to use each part."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

from builder.data.spec import DataSpec
from builder.export.formats import FORMATS
from builder.export.samples import raw_inputs_told
from builder.runs.files import atomic_path
from builder.serving.made_samples import generates

BUNDLE_NAME = "bundle.zip"
README_NAME = "README.md"

_USE = {
    "keras": 'model = keras.saving.load_model("keras/model.keras")\n'
    'model.predict({...})   # raw values, by input name; texts and categories as tf.constant([["…"]])',
    "saved_model": 'model = tf.saved_model.load("saved_model/saved_model")\n'
    'model.serve({...})["output"]           # raw values, by input name\n'
    'model.serve_prepared({...})["output"]  # numeric arrays',
    "server": "pip install -r server/requirements.txt\n"
    "python server/serve.py   # then open http://127.0.0.1:8000",
    "script": "python script/model.py DATA   # DATA is your own file or folder",
    "weights": 'model = build_model()  # of script/model.py\nmodel.load_weights("weights/model.weights.h5")',
    "tflite_int8_spectrogram": "python tflite_int8_spectrogram/predict_tflite.py clients/sample.json\n"
    "# on a microcontroller: log_mel.h computes the input of model.tflite, in C",
    "onnx": "python onnx/predict_onnx.py clients/sample.json   # needs numpy and onnxruntime only",
}
_RAW = ("keras", "saved_model")

_CLIENTS = """`MODEL_CARD.md` says what the model is for. The folder `clients` holds:

- `sample.json`, one sample; `arrays`, the same as the numbers that TFLite takes
- `browser.html` and `predict.js`: a page that predicts in the browser
- `predict.cc`, `Predict.kt`, `Predict.swift`: C++, Android, iOS
- `request.json` and `curl.sh`: the same sample, sent to a prediction server
"""


def bundle(folder: Path) -> Path:
    """Return the zip file of an export, made now unless it exists; it appears whole or not at all.

    Args:
        folder: the folder that ``builder.export.run`` filled.

    Raises:
        BuilderError: where the disk refuses.
    """
    file = folder / BUNDLE_NAME
    if file.exists():
        return file
    with atomic_path(file) as temporary, temporary.open("wb") as stream:
        _write_zip(folder, stream)
    return file


def zip_folder(folder: Path) -> bytes:
    """Return one format's folder of an export as a zip file's bytes."""
    stream = io.BytesIO()
    _write_zip(folder, stream)
    return stream.getvalue()


def _write_zip(folder: Path, stream: IO[bytes]) -> None:
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.rglob("*")):
            inside = path.relative_to(folder)
            if path.is_file() and not any(part.startswith(".") for part in inside.parts):
                archive.write(path, inside)


def write_readme(report: Mapping[str, Any], spec: DataSpec, folder: Path) -> None:
    """Write how to use each format of an export of a model for some data."""
    lines = [f"# {report['project']}: exported model", ""]
    lines += ["`report.html` shows how every file was verified.", ""]
    for item in report["formats"]:
        if item["status"] == "failed":
            continue
        known = FORMATS[item["format"]]
        lines += [f"## {item['label']}", "", known.use, "", "```", _usage(item["format"]), "```", ""]
        # A generator takes noise in the place of the data.
        if item["format"] in _RAW and not generates(spec):
            lines += ["Raw values, with a first axis for the samples:", ""]
            lines += [*(f"- {line}" for line in raw_inputs_told(spec)), ""]
    lines += ["## In your own programs", "", _CLIENTS]
    (folder / README_NAME).write_text("\n".join(lines), encoding="utf-8")


def _usage(name: str) -> str:
    client = f"python {name}/predict_tflite.py clients/sample.json   # needs numpy and ai-edge-litert only"
    return _USE.get(name, client)
