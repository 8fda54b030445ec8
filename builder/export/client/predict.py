"""Predict with the model beside this file: needs only numpy and the model's runtime.

Install:  pip install numpy ai-edge-litert     for model.tflite
          pip install numpy onnxruntime        for model.onnx
          (and tokenizers, where a file tokenizer.json stands beside this one)
Use, with this file's own name:
          python predict_tflite.py sample.json
          python predict_tflite.py picture.npy

sample.json holds one sample, {"text": "..."} or {"column": value, ...}, or a list of samples.
picture.npy holds one picture as numpy.save writes it: whole numbers 0 to 255, of shape
(height, width, channels), with the height and width that the model was trained on. For a model of
sound it holds 16-bit samples, as many as the model takes, at the rate in preprocessing.json; for one
of series, numbers (steps, channels).
In your own program: predict({"text": "..."}) returns a dictionary.
"""

import json
import math
import re
import string
import sys
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

FOLDER = Path(__file__).resolve().parent
DESCRIPTION = json.loads((FOLDER / "preprocessing.json").read_text(encoding="utf-8"))
WORD = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]|[^\W\u3040-\u30ff\u3400-\u9fff]+|[^\w\s]")
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
def tokenizer() -> Any:
    """Return the tokenizer of a model whose texts are cut into pieces of words."""
    try:
        from tokenizers import Tokenizer
    except ImportError as error:
        message = "This model cuts words into pieces, which needs one more package: pip install tokenizers"
        raise SystemExit(message) from error
    return Tokenizer.from_file(str(FOLDER / "tokenizer.json"))


@lru_cache
def word_index() -> dict[str, int]:
    """Return the id of every known word."""
    return {word: number for number, word in enumerate(lines("vocabulary.txt")) if number > 1}


def encode_text(sample: dict[str, Any], settings: dict[str, Any]) -> dict[str, np.ndarray]:
    """Return token ids: 1 for an unknown word, or for none at all; 0 behind the last word."""
    length = settings["sequence_length"]
    ids = token_ids(text_in(sample, settings).strip(), settings)[:length] or [1]
    return {"tokens": np.array([ids + [0] * (length - len(ids))], dtype=np.int32)}


def text_in(sample: dict[str, Any], settings: dict[str, Any]) -> str:
    """Return the text of a sample."""
    return str(sample[settings["column"]] if settings["column"] in sample else sample["text"])


def token_ids(text: str, settings: dict[str, Any]) -> list[int]:
    """Return the id of every word, character or piece of a word."""
    kind = settings.get("tokenizer", "word")
    if kind in ("byte_pair", "word_piece"):
        return list(tokenizer().encode(text).ids)
    pieces = words_of(text) if kind == "word" else list(text)
    index = word_index() if kind == "word" else {mark: n for n, mark in enumerate(settings["vocabulary"])}
    return [index.get(piece, 1) for piece in pieces]


def written(ids: list[int], settings: dict[str, Any]) -> str:
    """Return the text that ids stand for."""
    kind = settings.get("tokenizer", "word")
    if kind in ("byte_pair", "word_piece"):
        return str(tokenizer().decode(ids))
    vocabulary = lines("vocabulary.txt") if kind == "word" else settings["vocabulary"]
    return (" " if kind == "word" else "").join(vocabulary[number] for number in ids)


def write_on(text: str, tokens: int = 100, temperature: float = 0.8, seed: int = 1) -> str:
    """Return what a language model writes after a text."""
    settings = DESCRIPTION["inputs"][0]["settings"]
    length, ids = settings["sequence_length"], token_ids(text, settings) or [1]
    begun, random = len(ids), np.random.default_rng(seed)
    scores, start = next_scores({}, "tokens", length), max(len(ids) - length, 0)
    for _ in range(tokens):
        if len(ids) - start > length:
            # A quarter is given up at once, so that what was seen can be kept in between.
            start += max(length // 4, 1)
        chances = probabilities(scores(ids[start:]))
        # Padding and unknown tokens are never written.
        chances[:2] = 0
        chances = chances ** (1 / temperature)
        ids.append(int(random.choice(len(chances), p=chances / chances.sum())))
    return written(ids[begun:], settings)


def next_scores(fixed: dict[str, np.ndarray], name: str, length: int) -> Callable[[list[int]], np.ndarray]:
    """Return a function from the token ids written so far to the scores of the next one.

    Where the model is one step of writing, what it has seen is kept from call to call.
    """
    if is_one_step():
        return KeptScores(fixed)

    def scores(ids: list[int]) -> np.ndarray:
        window = np.array([ids + [0] * (length - len(ids))], dtype=np.int32)
        return model()(**fixed, **{name: window})["output"][0][len(ids) - 1]

    return scores


class KeptScores:
    """The scores of the next token, of a model that takes one token a call."""

    def __init__(self, fixed: dict[str, np.ndarray]) -> None:
        self.step = interpreter().get_signature_runner("step")
        details = self.step.get_input_details()
        self.first = {key: np.zeros(item["shape"], item["dtype"]) for key, item in details.items()}
        if fixed:
            self.first.update(interpreter().get_signature_runner("begin")(**fixed))
        self.ids: list[int] = []
        self.kept, self.scores = self.first, np.zeros(0)

    def __call__(self, ids: list[int]) -> np.ndarray:
        if ids[: len(self.ids)] != self.ids:
            self.ids, self.kept = [], self.first
        for position in range(len(self.ids), len(ids)):
            token = np.array([[ids[position]]], np.int32)
            given = {"token": token, "position": np.array(position, np.int32)}
            found = self.step(**{**self.kept, **given})
            self.scores = found.pop("output")[0]
            self.kept = {**self.kept, **found}
        self.ids = list(ids)
        return self.scores


def tag_words(sample: dict[str, Any]) -> dict[str, Any]:
    """Return the words of a sentence, {"text": ...} or {"tokens": [...]}, and the tag of each."""
    settings = DESCRIPTION["inputs"][0]["settings"]
    words = sample["tokens"] if "tokens" in sample else WORD.findall(sample["text"])
    is_word = settings["tokenizer"] == "word"
    ids: list[int] = []
    first = []
    for word in words:
        first.append(len(ids))
        ids += [word_index().get(word, 1)] if is_word else token_ids(word, settings) or [1]
    length = settings["sequence_length"]
    window = np.array([ids[:length] + [0] * (length - len(ids))], dtype=np.int32)
    output = model()(tokens=window)["output"][0]
    labels = lines("labels.txt")
    # Words beyond the last step are not seen, and get no name.
    tags = [labels[int(output[step].argmax())] if step < length else "O" for step in first]
    return {"tokens": words, "tags": tags}


def find_boxes(grid: np.ndarray, labels: list[str], least: float = 0.3) -> list[dict[str, Any]]:
    """Return the things found, surest first; the sides are shares of the picture's width and height.

    Of boxes of one class that overlap by more than half, the surest stays.
    """
    rows, columns, _ = grid.shape
    places = np.argwhere(grid[..., : len(labels)] >= least)
    boxes: list[dict[str, Any]] = []
    for i, j, kind in sorted(places.tolist(), key=lambda place: -grid[tuple(place)]):
        x, y, sides = (j + 0.5) / columns, (i + 0.5) / rows, grid[i, j, len(labels) :].astype(float)
        box = np.clip([x - sides[0], y - sides[1], x + sides[2], y + sides[3]], 0, 1).tolist()
        if all(other["label"] != labels[kind] or overlap(box, other["box"]) <= 0.5 for other in boxes):
            boxes.append({"label": labels[kind], "score": float(grid[i, j, kind]), "box": box})
    return boxes


def overlap(one: list[float], other: list[float]) -> float:
    """Return the intersection over union of two boxes: left, top, right, bottom."""
    wide = min(one[2], other[2]) - max(one[0], other[0])
    high = min(one[3], other[3]) - max(one[1], other[1])
    both = max(wide, 0) * max(high, 0)
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (one, other)]
    return both / max(sum(areas) - both, 1e-9)


def fill_in(text: str) -> str:
    """Return a text with the likeliest piece of a word in the place of every [MASK]."""
    settings = DESCRIPTION["inputs"][0]["settings"]
    arrays, mask = encode_text({"text": text}, settings), tokenizer().token_to_id("[MASK]")
    scores = model()(**arrays)["output"][0]
    # Padding, unknown tokens and the marks of the text's form are no words.
    scores[:, : mask + 1] = -np.inf
    ids = arrays["tokens"][0]
    return written(np.where(ids == mask, scores.argmax(axis=-1), ids).tolist(), settings).strip()


def translate(text: str) -> str:
    """Return what a text-to-text model answers: piece by piece, always the likeliest one."""
    read, written_so_far = (item["settings"] for item in DESCRIPTION["inputs"])
    arrays = encode_text({"text": text}, read)
    length, ids = written_so_far["sequence_length"], [written_so_far["start"]]
    find = next_scores(arrays, "target_tokens", length)
    while len(ids) <= length:
        scores = find(ids).copy()
        # Padding, unknown tokens and the start are never written.
        scores[:3] = -np.inf
        ids.append(int(scores.argmax()))
        if ids[-1] == written_so_far["end"]:
            break
    return written([number for number in ids[1:] if number != written_so_far["end"]], read).strip()


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
    """Return the numeric columns, and the index of each categorical column's value.

    Numbers are plain ones, such as 1234.5: without a unit, a percent sign or marks between thousands.
    """
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


def encode_array(sample: dict[str, Any], settings: dict[str, Any]) -> dict[str, np.ndarray]:
    """Return a recording (16-bit samples at the rate in preprocessing.json) or a series, as float32."""
    name = settings["array"]
    values = np.asarray(sample[name], dtype=np.float32)
    if values.shape != tuple(settings["shape"]):
        raise ValueError(f"'{name}' must have the shape {settings['shape']}; this one has {values.shape}.")
    return {name: values[np.newaxis]}


def encode_noise(sample: dict[str, Any], settings: dict[str, Any]) -> dict[str, np.ndarray]:
    """Return the noise that a generator makes a sample of: numbers, or what is drawn from {"seed": 1}."""
    if settings["array"] in sample:
        return encode_array(sample, settings)
    drawn = np.random.default_rng(sample["seed"])
    return {settings["array"]: drawn.standard_normal((1, *settings["shape"]), dtype=np.float32)}


def written_down(output: np.ndarray, characters: list[str]) -> str:
    """Return the best character of each step, repeats and blanks (the first character) left out."""
    best = output.argmax(axis=-1)
    starts = np.concatenate([[True], best[1:] != best[:-1]])
    return "".join(characters[number] for number in best[starts & (best != 0)])


def probabilities(values: np.ndarray, activation: str = DESCRIPTION["activation"]) -> np.ndarray:
    """Return one probability a class."""
    values = values.astype(np.float64)
    if len(values) == 1:
        positive = values[0] if activation in ("sigmoid", "softmax") else 0.5 * (1 + np.tanh(values[0] / 2))
        return np.array([1 - positive, positive])
    if activation not in ("sigmoid", "softmax"):
        values = np.exp(values - values.max())
    return values / values.sum()


@lru_cache
def model() -> Callable[..., dict[str, np.ndarray]]:
    """Return the model, loaded once: a function from inputs by name to outputs by name."""
    if (FOLDER / "model.onnx").exists():
        from onnxruntime import InferenceSession

        session = InferenceSession(str(FOLDER / "model.onnx"), providers=["CPUExecutionProvider"])
        inputs, outputs = (
            [end.name for end in ends] for ends in (session.get_inputs(), session.get_outputs())
        )
        return lambda **arrays: dict(
            zip(outputs, session.run(outputs, {name: arrays[name] for name in inputs}), strict=True)
        )
    runner = interpreter().get_signature_runner()
    return lambda **arrays: dict(runner(**arrays))


@lru_cache
def interpreter() -> Any:
    """Return the interpreter of model.tflite."""
    from ai_edge_litert.interpreter import Interpreter

    return Interpreter(model_path=str(FOLDER / "model.tflite"))


def with_spectrogram(arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return the arrays with the spectrogram in the sound's place, where the model begins behind it."""
    file = FOLDER / "spectrogram.tflite"
    if not file.exists():
        return arrays
    from ai_edge_litert.interpreter import Interpreter

    front = Interpreter(model_path=str(file))
    runner = front.get_signature_runner()
    (sound,) = runner.get_input_details()
    others = {name: values for name, values in arrays.items() if name != sound}
    return {**others, "spectrogram": runner(**{sound: arrays[sound]})["output"]}


def is_one_step() -> bool:
    """Tell whether the model takes one token a call."""
    return not (FOLDER / "model.onnx").exists() and "step" in interpreter().get_signature_list()


def predict(sample: dict[str, Any]) -> dict[str, Any]:
    """Return the answer for one sample: a dictionary whose keys depend on what the model is for.

    {"label", "probabilities"}, {"value"}, {"values"} of a forecast, {"text"} that goes on from the sample's,
    {"tokens", "tags"}, {"classes", "mask"} with the place of the class of every pixel, {"boxes"}, or
    the {"sample"} that is made of noise.
    A model that predicts several things has the others in "further", by their names.
    """
    if DESCRIPTION["task"] == "masked_language_model":
        return {"text": fill_in(text_in(sample, DESCRIPTION["inputs"][0]["settings"]))}
    if DESCRIPTION["task"] == "text_to_text":
        return {"text": translate(text_in(sample, DESCRIPTION["inputs"][0]["settings"]))}
    if DESCRIPTION["task"] == "language_model":
        return {"text": write_on(text_in(sample, DESCRIPTION["inputs"][0]["settings"]))}
    if DESCRIPTION["task"] == "token_classification":
        return tag_words(sample)
    encoders = {"text": encode_text, "table": encode_table, "image": encode_image, "latent": encode_noise}
    arrays = {}
    for item in DESCRIPTION["inputs"]:
        array = {"array": item["name"], "shape": item["arrays"][0]["shape"]}
        encode = encoders.get(item["kind"], encode_array)
        arrays.update(encode(sample, {**array, **item["settings"]}))
    outputs = model()(**with_spectrogram(arrays))
    labels = lines("labels.txt") if (FOLDER / "labels.txt").exists() else []
    result = answer(outputs["output"][0], DESCRIPTION, labels)
    for place, target in enumerate(DESCRIPTION.get("further_targets", []), start=2):
        further = answer(outputs[f"output_{place}"][0], target, target["class_names"])
        result.setdefault("further", {})[target["name"]] = further
    return result


def answer(output: np.ndarray, target: dict[str, Any], labels: list[str]) -> dict[str, Any]:
    """Return what one output of the model says of its target."""
    if target["task"] in ("regression", "count"):
        return {"value": float(output[0])}
    if target["task"] == "reconstruction":
        return {"reconstruction": output.astype(float).tolist()}
    if target["task"] == "segmentation":
        return {"classes": labels, "mask": output.argmax(axis=-1).tolist()}
    if target["task"] == "detection":
        return {"boxes": find_boxes(output, labels)}
    if target["task"] == "generation":
        return {"sample": output.astype(float).tolist()}
    if target["task"] == "forecasting":
        return {"values": output.astype(float).tolist()}
    if target["task"] == "transcription":
        return {"text": written_down(output, labels)}
    if target["task"] == "multi_label":
        chances = output if target["activation"] == "sigmoid" else 0.5 * (1 + np.tanh(output / 2))
        named = {name: float(chance) for name, chance in zip(labels, chances, strict=True)}
        return {"labels": [name for name, chance in named.items() if chance > 0.5], "probabilities": named}
    chances = probabilities(output, target["activation"])
    return {
        "label": labels[int(chances.argmax())],
        "probabilities": {name: float(chance) for name, chance in zip(labels, chances, strict=True)},
    }


def main() -> None:
    """Predict for the samples in the file that is named on the command line."""
    path = Path(sys.argv[1])
    if path.suffix == ".npy":
        samples = [{DESCRIPTION["inputs"][0]["name"]: np.load(path, allow_pickle=False)}]
    else:
        content = json.loads(path.read_text(encoding="utf-8"))
        samples = content if isinstance(content, list) else [content]
    for sample in samples:
        sys.stdout.write(json.dumps(predict(sample), ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
