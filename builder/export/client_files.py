"""What stands beside a TFLite file: labels, vocabulary, preprocessing, and a snippet that uses them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from builder.data.spec import DataSpec, ModelInput

_SNIPPET = Path(__file__).resolve().parent / "client" / "predict.py"


def write_client_files(
    folder: Path, spec: DataSpec, activations: Sequence[str], runtime: str = "tflite"
) -> None:
    """Write the files that a client of a TFLite or ONNX model needs, because the model holds no words.

    Args:
        folder: where the model is, ``model.tflite`` or ``model.onnx``.
        spec: the data's description.
        activations: the last activation of every output, from ``builder.outputs.output_activation``.
        runtime: ``"tflite"`` or ``"onnx"``, after which the snippet is called.
    """
    if spec.class_names:
        _write_lines(folder / "labels.txt", spec.class_names)
    for item in spec.inputs:
        if item.kind == "text":
            _write_lines(folder / "vocabulary.txt", item.settings["vocabulary"])
            if "tokenizer_file" in item.settings:
                (folder / "tokenizer.json").write_text(item.settings["tokenizer_file"], encoding="utf-8")
    description = {
        "task": spec.task,
        "target": spec.target_name,
        "activation": activations[0],
        "inputs": [_described(item) for item in spec.inputs],
    }
    pairs = zip(spec.further_targets, activations[1:], strict=True)
    further = [{**target.to_json(), "activation": activation} for target, activation in pairs]
    description |= {"further_targets": further} if further else {}
    text = json.dumps(description, indent=2, ensure_ascii=False)
    (folder / "preprocessing.json").write_text(text + "\n", encoding="utf-8")
    shutil.copyfile(_SNIPPET, folder / f"predict_{runtime}.py")


def _described(item: ModelInput) -> dict[str, Any]:
    data = item.to_json()
    data["settings"].pop("tokenizer_file", None)
    # A line of a file cannot hold a line break, which a character may be.
    if data["settings"].get("tokenizer") != "character":
        data["settings"].pop("vocabulary", None)
    return data


def _write_lines(file: Path, lines: Any) -> None:
    # Line n is index n, so an entry must not hold a line feed itself.
    text = "".join(line.replace("\n", " ") + "\n" for line in lines)
    file.write_text(text, encoding="utf-8", newline="\n")
