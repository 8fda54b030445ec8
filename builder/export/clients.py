"""An export for those who use it in programs: a sample, a model card, and code in other languages.

The files of ``client`` are filled in with the project's own names. Python's snippet stands beside each model.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from builder.data.prepare import Prepared
from builder.data.spec import DataSpec, ModelInput
from builder.export.formats import FORMATS, WHOLE_TFLITE
from builder.export.report import samples_words, score_words
from builder.export.samples import one_sample
from builder.export.server import slug
from builder.project import Project
from builder.scores import metric_words
from builder.serving.made_samples import generates

FOLDER_NAME = "clients"
CARD_NAME = "MODEL_CARD.md"
SAMPLE_NAME = "sample.json"
_TEMPLATES = Path(__file__).resolve().parent / "client"
_FOR_TFLITE = ("predict.js", "browser.html", "predict.cc", "Predict.kt", "Predict.swift")


def write_sample(folder: Path, prepared: Prepared, row: int) -> None:
    """Write one sample into an export: as clients give it, and as the arrays that TFLite takes.

    Args:
        folder: the export's folder.
        prepared: the data; for a generator, noise in their place.
        row: the sample's number.
    """
    clients = folder / FOLDER_NAME
    (clients / "arrays").mkdir(parents=True, exist_ok=True)
    sample = one_sample(prepared, row)
    # JSON knows no "not a number", which stands for a missing one.
    plain = {name: None if value != value else value for name, value in sample.items()}
    _write_json(clients / SAMPLE_NAME, plain)
    asked = {"parameters": {"count": 1, "seed": 1}} if generates(prepared.spec) else {"instances": [plain]}
    _write_json(clients / "request.json", asked)
    for name, values in prepared.arrays_of([row]).items():
        (clients / "arrays" / f"{name}.bin").write_bytes(np.ascontiguousarray(values).tobytes())


def write_clients(folder: Path, project: Project, spec: DataSpec, report: Mapping[str, Any]) -> None:
    """Write the model card and the snippets, for the files that the export holds.

    Args:
        folder: the export's folder, with the sample in it.
        project: the project.
        spec: the data's description.
        report: the export's report.
    """
    (folder / CARD_NAME).write_text(model_card(project, spec, report), encoding="utf-8")
    clients = folder / FOLDER_NAME
    clients.mkdir(exist_ok=True)
    (clients / "curl.sh").write_text(_curl(project), encoding="utf-8")
    made = [item["format"] for item in report["formats"] if item["status"] != "failed"]
    whole = [name for name in made if name in WHOLE_TFLITE and not FORMATS[name].of_spectrogram]
    if not whole:
        return
    described = json.loads((folder / whole[0] / "preprocessing.json").read_text(encoding="utf-8"))
    inputs = [ModelInput.from_json(item) for item in described["inputs"]]
    told = "\n".join(f"//   {line}" for item in inputs for line in _told(item))
    values = {
        "@NAME@": html.escape(project.name),
        "@MODEL@": f"../{whole[0]}/",
        "@INPUTS@": f"//\n// Inputs, without the first axis of 1:\n{told}\n",
    }
    for name in _FOR_TFLITE:
        text = (_TEMPLATES / name).read_text(encoding="utf-8")
        for mark, value in values.items():
            text = text.replace(mark, value)
        (clients / name).write_text(text, encoding="utf-8")


def model_card(project: Project, spec: DataSpec, report: Mapping[str, Any]) -> str:
    """Return what a person should know before using the model, as Markdown.

    Reference: Mitchell et al., Model Cards for Model Reporting (2019).
    """
    metric = metric_words(report["metric"])
    lines = [f"# {_line(project.name)}", "", project.description, "", "## What it does", ""]
    lines += [f"- Task: {spec.task.replace('_', ' ')}"]
    lines += _makes(spec) if generates(spec) else _predicts(spec)
    lines += ["", "## Data", "", f"- Source: {_line(spec.source_title or 'not named')}"]
    lines += [f"- {part.capitalize()} part: {rows:,} samples" for part, rows in spec.rows.items()]
    lines += [f"- SHA-256 of the source: {spec.data_hash}"] if spec.data_hash else []
    lines += ["", "## How good it is", "", f"On {samples_words(report)}:", ""]
    lines += [f"| file | {metric} | {metric} of the Keras model |", "| --- | --- | --- |"]
    for item in report["formats"]:
        if item["status"] != "failed":
            scores = (
                score_words(item, which, report["metric"]) for which in ("metric_export", "metric_keras")
            )
            lines.append(f"| {item['file']} | {' | '.join(scores)} |")
    lines += ["", "## Limits", ""]
    lines += ["- It knows only what the data above show; on other data, test it first."]
    lines += ["- Scores of single groups of people or things may be far from the average: look at them too."]
    lines += [f"- {item['label']}: {_line(item['note'])}" for item in report["formats"] if item.get("note")]
    made = ", ".join(f"{name} {version}" for name, version in report["versions"].items())
    lines += ["", f"Made {report['created']} with {made}.", ""]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines))


def _predicts(spec: DataSpec) -> list[str]:
    lines = [f"- Predicts: {_line(target.target_name or target.task)}" for target in spec.each_target]
    lines += [f"- Classes: {_line(', '.join(spec.class_names))}"] if 0 < len(spec.class_names) <= 50 else []
    if spec.task == "classification":
        lines += [
            "- Gives: a number a class, in this order; where it is a single one, that of the last class"
        ]
    return [*lines, *(f"- Input {line}" for item in spec.inputs for line in _told(item))]


def _makes(spec: DataSpec) -> list[str]:
    made = [
        f"- Makes {array.name}: {array.dtype} {array.shape}, in the unit of the data" for array in spec.arrays
    ]
    return [*made, "- Input: noise, drawn from the normal distribution with mean 0 and standard deviation 1"]


def _told(item: ModelInput) -> list[str]:
    return [
        _line(f"{array.name}: {array.dtype} {tuple(array.shape)}, {_meaning(item, array.name)}")
        for array in item.arrays
    ]


def _line(text: str) -> str:
    """Return a text in one line: a column's name may have line breaks, which would end a comment."""
    return " ".join(text.split())


def _meaning(item: ModelInput, array: str) -> str:
    settings = item.settings
    if item.kind == "image":
        words = "rows, columns, channels; pixels 0 to 255, scaled by the model itself"
        if "gray_range" not in settings:
            return words
        black, white = settings["gray_range"]
        return f"{words}; files of more than 8 bits: {black:g} is 0 and {white:g} is 255"
    if item.kind == "audio":
        return f"16-bit samples, -32768 to 32767, {settings['rate']} a second"
    if item.kind == "table" and array == "numeric":
        # With more behind the names: one that ends in a backslash would go on with the next line in C++.
        return (
            f"columns {', '.join(settings['numeric_columns'])}, as plain numbers, missing ones as their means"
        )
    if item.kind == "table":
        columns = ", ".join(settings["categorical_columns"])
        return f"the index of the category of {columns} (see preprocessing.json)"
    if item.kind in ("text", "target_text"):
        kind = settings.get("tokenizer", "word")
        source = {"word": "words (vocabulary.txt)", "character": "characters (preprocessing.json)"}
        return f"ids of {source.get(kind, 'pieces (tokenizer.json)')}, 0 behind the last"
    return "numbers in their own units"


def _curl(project: Project) -> str:
    return f"""#!/bin/sh
# Ask a prediction server about the sample in request.json:
#   sh curl.sh                      or   SERVER=http://host:port MODEL=name sh curl.sh
cd "$(dirname "$0")"
curl --fail-with-body --silent --show-error \\
    --header "Content-Type: application/json" --data @request.json \\
    "${{SERVER:-http://127.0.0.1:8000}}/v1/models/${{MODEL:-{slug(project.name)}}}:predict"
"""


def _write_json(file: Path, content: Any) -> None:
    file.write_text(json.dumps(content, ensure_ascii=False) + "\n", encoding="utf-8")
