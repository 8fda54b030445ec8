"""What stands beside a TFLite file: labels, vocabulary, preprocessing, and a snippet that uses them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from builder.data.spec import DataSpec, ModelInput

_SNIPPET = Path(__file__).resolve().parent / "client" / "predict_tflite.py"


def write_client_files(folder: Path, spec: DataSpec, activation: str) -> None:
    """Write the files that a TFLite client needs, because TFLite itself holds no words.

    Args:
        folder: where ``model.tflite`` is.
        spec: the data's description.
        activation: the model's last activation, from ``builder.outputs.output_activation``.
    """
    if spec.class_names:
        _write_lines(folder / "labels.txt", spec.class_names)
    for item in spec.inputs:
        if item.kind == "text":
            _write_lines(folder / "vocabulary.txt", item.settings["vocabulary"])
    description = {
        "task": spec.task,
        "target": spec.target_name,
        "activation": activation,
        "inputs": [_described(item) for item in spec.inputs],
    }
    text = json.dumps(description, indent=2, ensure_ascii=False)
    (folder / "preprocessing.json").write_text(text + "\n", encoding="utf-8")
    shutil.copyfile(_SNIPPET, folder / _SNIPPET.name)


def _described(item: ModelInput) -> dict[str, Any]:
    data = item.to_json()
    data["settings"].pop("vocabulary", None)
    return data


def _write_lines(file: Path, lines: Any) -> None:
    # Line n is index n, so an entry must not hold a line feed itself.
    text = "".join(line.replace("\n", " ") + "\n" for line in lines)
    file.write_text(text, encoding="utf-8", newline="\n")
