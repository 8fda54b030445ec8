"""Predict with model.tflite: needs only numpy and ai-edge-litert.

Install:  pip install numpy ai-edge-litert
Use:      python predict_tflite.py sample.json
          python predict_tflite.py picture.npy

sample.json holds one sample, {"text": "..."} or {"column": value, ...}, or a list of samples.
picture.npy holds one picture as numpy.save writes it: whole numbers 0 to 255, of shape
(height, width, channels), with the height and width that the model was trained on.
In your own program: predict({"text": "..."}) returns a dictionary.
"""

import json
import math
import string
import sys
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from ai_edge_litert.interpreter import Interpreter

FOLDER = Path(__file__).resolve().parent
DESCRIPTION = json.loads((FOLDER / "preprocessing.json").read_text(encoding="utf-8"))
MISSING = ("", "?", "na", "n/a", "#n/a", "nan", "null", "<na>")


def lines(name: str) -> list[str]:
    """Return the lines of a file beside this one; line n is index n."""
    with open(FOLDER / name, encoding="utf-8", newline="\n") as file:
        return file.read().split("\n")[:-1]


def words_of(text: str) -> list[str]:
    """Lower the letters A to Z, drop punctuation, cut at white space: as Keras's TextVectorization."""
    plain = text.translate(str.maketrans(string.ascii_uppercase, string.ascii_lowercase, string.punctuation))
    plain = plain.translate(str.maketrans("\t\n\v\f\r", " " * 5))
    return [word for word in plain.split(" ") if word]


@lru_cache
def word_index() -> dict[str, int]:
    """Return the id of every known word."""
    return {word: number for number, word in enumerate(lines("vocabulary.txt")) if number > 1}


def encode_text(sample: dict[str, Any], settings: dict[str, Any]) -> dict[str, np.ndarray]:
    """Return token ids: 1 for an unknown word, 0 behind the last word."""
    text = str(sample[settings["column"]] if settings["column"] in sample else sample["text"])
    length = settings["sequence_length"]
    ids = [word_index().get(word, 1) for word in words_of(text)[:length]]
    return {"tokens": np.array([ids + [0] * (length - len(ids))], dtype=np.int32)}


def number(value: Any, mean: float) -> float:
    """Return a number; the column's mean stands for a missing one."""
    if value is None or str(value).strip().lower() in MISSING:
        return mean
    return float(value) if math.isfinite(float(value)) else mean


def category(value: Any) -> str:
    """Return a category as it is written in a file: 3.0 is "3"."""
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        return f"{value:.0f}"
    return str(value).strip()


def encode_table(sample: dict[str, Any], settings: dict[str, Any]) -> dict[str, np.ndarray]:
    """Return the numeric columns, and the index of each categorical column's value."""
    arrays = {}
    if settings["numeric_columns"]:
        pairs = zip(settings["numeric_columns"], settings["means"], strict=True)
        values = [number(sample.get(name), mean) for name, mean in pairs]
        arrays["numeric"] = np.array([values], dtype=np.float32)
    indices = []
    for name in settings["categorical_columns"]:
        known, value = settings["categories"][name], category(sample.get(name))
        indices.append(settings["offsets"][name] + (known.index(value) + 1 if value in known else 0))
    if indices:
        arrays["categorical"] = np.array([indices], dtype=np.int32)
    return arrays


def encode_image(sample: dict[str, Any], settings: dict[str, Any]) -> dict[str, np.ndarray]:
    """Return the picture with pixels 0 to 255, as float32."""
    image = np.asarray(sample["image"], dtype=np.float32)
    expected = (settings["height"], settings["width"], settings["channels"])
    if image.shape != expected:
        raise ValueError(f"The picture must have the shape {expected}; this one has {image.shape}.")
    return {"image": image[np.newaxis]}


def probabilities(values: np.ndarray) -> np.ndarray:
    """Return one probability a class."""
    values = values.astype(np.float64)
    activation = DESCRIPTION["activation"]
    if len(values) == 1:
        positive = values[0] if activation in ("sigmoid", "softmax") else 0.5 * (1 + np.tanh(values[0] / 2))
        return np.array([1 - positive, positive])
    if activation not in ("sigmoid", "softmax"):
        values = np.exp(values - values.max())
    return values / values.sum()


@lru_cache
def interpreter() -> Interpreter:
    """Return the model, loaded once."""
    return Interpreter(model_path=str(FOLDER / "model.tflite"))


def predict(sample: dict[str, Any]) -> dict[str, Any]:
    """Return {"label", "probabilities"} or {"value"} for one sample."""
    encoders = {"text": encode_text, "table": encode_table, "image": encode_image}
    arrays = {}
    for item in DESCRIPTION["inputs"]:
        arrays.update(encoders[item["kind"]](sample, item["settings"]))
    output = interpreter().get_signature_runner()(**arrays)["output"][0]
    if DESCRIPTION["task"] == "regression":
        return {"value": float(output[0])}
    labels = lines("labels.txt")
    chances = probabilities(output)
    return {
        "label": labels[int(chances.argmax())],
        "probabilities": {name: float(chance) for name, chance in zip(labels, chances, strict=True)},
    }


def main() -> None:
    """Predict for the samples in the file that is named on the command line."""
    path = Path(sys.argv[1])
    if path.suffix == ".npy":
        samples = [{"image": np.load(path, allow_pickle=False)}]
    else:
        content = json.loads(path.read_text(encoding="utf-8"))
        samples = content if isinstance(content, list) else [content]
    for sample in samples:
        sys.stdout.write(json.dumps(predict(sample), ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
