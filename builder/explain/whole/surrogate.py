"""A small decision tree that answers like the model, as rules that can be read, and how far it does so."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from builder.data.prepare import Prepared
from builder.data.spec import DataSpec, ModelInput
from builder.data.tokenizers import UNKNOWN_TOKEN
from builder.errors import shown_value, stop
from builder.explain.answer_scores import check_explained
from builder.explain.answers import check_outputs
from builder.explain.targets import of_target, some_rows
from builder.outputs import output_activation, predict_arrays
from builder.probabilities import label_chances, probabilities
from builder.scores import number_words

DEPTH = 3
MOST_DEPTH = 6
ROWS = 5_000
_WORDS = 400
_PADDING = 0
# A leaf of fewer rows would tell of single rows, not of the model.
_LEAST_LEAF = 0.005
_CLOSE, _ROUGH = 0.9, 0.7
Tick = Callable[[float], None]


@dataclass(frozen=True)
class Feature:
    """What a tree may ask of a row: a number's name, or a yes-or-no ``statement`` with its opposite."""

    name: str
    statement: str = ""
    opposite: str = ""

    def at_most(self, value: float) -> str:
        """Return the words for "at most this value", which of a statement is its opposite."""
        return self.opposite or f"{self.name} ≤ {number_words(value, 6)}"

    def above(self, value: float) -> str:
        """Return the words for "above this value", which of a statement is the statement."""
        return self.statement or f"{self.name} > {number_words(value, 6)}"


def surrogate_rules(
    model: keras.Model,
    prepared: Prepared,
    target: str | None = None,
    depth: int = DEPTH,
    tick: Tick = lambda share: None,
) -> dict[str, Any]:
    """Return a decision tree fitted to a model's answers to training rows, as rules, and its fidelity.

    Args:
        model: a model with one output a target.
        prepared: the data.
        target: which of several targets is looked at; None is the first.
        depth: the most questions that a rule may ask, 1 to ``MOST_DEPTH``.
        tick: called with the done share, 0 to 1; what it raises ends the work.

    Returns:
        ``depth``, ``fidelity`` (on test rows: the share on which both answer alike, of numbers R²; 1 is
        perfect), ``simple`` (the fidelity of always giving the commonest answer, or the mean), ``words`` (how
        far to trust the rules), ``rows``, and ``rules``, the widest first: ``conditions``, ``answer``,
        ``share`` (of the test rows that it takes) and ``fidelity`` within these.

    Raises:
        BuilderError: ``no_columns`` for pictures, sounds and series, ``bad_depth``, ``not_explained``.

    Reference: Craven & Shavlik, Extracting Tree-Structured Representations of Trained Networks (1996).
    """
    if not 1 <= depth <= MOST_DEPTH:
        raise stop(
            "bad_depth", f"The depth must be 1 to {MOST_DEPTH}. Got {shown_value(depth)}.", field="depth"
        )
    single, data = of_target(model, prepared, target)
    check_explained(data.spec, "A tree of rules")
    training, test = some_rows(data, "train", ROWS), some_rows(data, "test", ROWS)
    features, read = _reader(data)
    wanted = _answers(single, data, training)
    tick(0.5)
    make = DecisionTreeRegressor if data.spec.predicts_numbers else DecisionTreeClassifier
    tree = make(max_depth=depth, min_samples_leaf=_LEAST_LEAF, random_state=1).fit(read(training), wanted)
    tick(0.7)
    truth, inputs = _answers(single, data, test), read(test)
    said, leaves = tree.predict(inputs), tree.apply(inputs)
    tick(1.0)
    simple = float(np.mean(wanted)) if data.spec.predicts_numbers else np.bincount(wanted).argmax()
    return {
        "depth": depth,
        "fidelity": _fidelity(truth, said, data.spec),
        "simple": _fidelity(truth, np.full(len(truth), simple), data.spec),
        "words": _trust(_fidelity(truth, said, data.spec)),
        "rows": len(test),
        "rules": _rules(tree, features, data.spec, truth, leaves),
    }


def _answers(model: keras.Model, data: Prepared, rows: np.ndarray) -> np.ndarray:
    """Return the model's own answers: class numbers, or values; of labels the likeliest one."""
    outputs = predict_arrays(model, data.arrays, rows)
    check_outputs(outputs, data.spec)
    if data.spec.predicts_numbers:
        return outputs[:, 0]
    chances = label_chances if data.spec.predicts_labels else probabilities
    return chances(outputs, output_activation(model)).argmax(axis=1)


def _reader(data: Prepared) -> tuple[list[Feature], Callable[[np.ndarray], np.ndarray]]:
    """Return what a tree may ask, and a function from rows to the numbers that answer it."""
    readers = {"table": _of_table, "text": _of_words}
    pieces = [readers[item.kind](data, item) for item in data.spec.inputs if item.kind in readers]
    if not pieces:
        message = (
            "A tree of rules asks for values of columns or for words, and this model reads neither: a pixel "
            "or a moment of sound means nothing by itself. Look at the importance and at single explanations "
            "instead."
        )
        raise stop("no_columns", message)

    def read(rows: np.ndarray) -> np.ndarray:
        return np.concatenate([own(rows) for _, own in pieces], axis=1)

    return [feature for features, _ in pieces for feature in features], read


def _of_table(data: Prepared, item: ModelInput) -> tuple[list[Feature], Callable[[np.ndarray], np.ndarray]]:
    settings = item.settings
    features = [Feature(name) for name in settings["numeric_columns"]]
    codes: list[tuple[int, int]] = []
    for place, name in enumerate(settings["categorical_columns"]):
        for number, word in enumerate(["other or missing", *settings["categories"][name]]):
            features.append(Feature(name, f"{name} is {word}", f"{name} is not {word}"))
            codes.append((place, settings["offsets"][name] + number))

    def read(rows: np.ndarray) -> np.ndarray:
        found = []
        if settings["numeric_columns"]:
            found.append(np.asarray(data.arrays["numeric"][rows], dtype=np.float64))
        if codes:
            values = np.asarray(data.arrays["categorical"][rows])
            found.append(np.stack([values[:, place] == code for place, code in codes], axis=1).astype(float))
        return np.concatenate(found, axis=1)

    return features, read


def _of_words(data: Prepared, item: ModelInput) -> tuple[list[Feature], Callable[[np.ndarray], np.ndarray]]:
    tokens, vocabulary = data.arrays[item.arrays[0].name], item.settings["vocabulary"]
    counts = np.bincount(np.asarray(tokens[data.indices["train"]]).reshape(-1), minlength=len(vocabulary))
    counts[: UNKNOWN_TOKEN + 1] = 0
    words = [number for number in np.argsort(-counts, kind="stable")[:_WORDS].tolist() if counts[number]]
    said = [vocabulary[number] for number in words]
    features = [
        Feature("length in tokens"),
        *(Feature(word, f"has “{word}”", f"has no “{word}”") for word in said),
    ]

    def read(rows: np.ndarray) -> np.ndarray:
        values = np.asarray(tokens[rows])
        has = np.stack([(values == number).any(axis=1) for number in words], axis=1)
        return np.concatenate([(values != _PADDING).sum(axis=1)[:, None], has], axis=1).astype(float)

    return features, read


def _fidelity(truth: np.ndarray, said: np.ndarray, spec: DataSpec) -> float:
    if not spec.predicts_numbers:
        return float(np.mean(truth == said))
    spread = np.square(truth - truth.mean(), dtype=np.float64).sum()
    return float(1 - np.square(truth - said, dtype=np.float64).sum() / max(spread, 1e-12))


def _trust(fidelity: float) -> str:
    if fidelity >= _CLOSE:
        return "The rules answer nearly as the model does: they can be read as what it goes by."
    if fidelity >= _ROUGH:
        return "The rules follow the model roughly: read them as a first impression, not as how it decides."
    return "The rules miss much of what the model does: do not trust them. A deeper tree may follow better."


def _rules(
    fitted: Any, features: Sequence[Feature], spec: DataSpec, truth: np.ndarray, leaves: np.ndarray
) -> list[dict[str, Any]]:
    tree = fitted.tree_
    found: list[dict[str, Any]] = []

    def walk(node: int, conditions: tuple[str, ...]) -> None:
        if tree.children_left[node] < 0:
            answer, fidelity = _leaf(fitted, node, spec, truth[leaves == node])
            share = float(np.mean(leaves == node))
            rule = {"conditions": list(conditions), "answer": answer, "share": share, "fidelity": fidelity}
            found.append(rule)
            return
        feature, edge = features[tree.feature[node]], float(tree.threshold[node])
        walk(tree.children_left[node], (*conditions, feature.at_most(edge)))
        walk(tree.children_right[node], (*conditions, feature.above(edge)))

    walk(0, ())
    return sorted(found, key=lambda rule: -rule["share"])


def _leaf(fitted: Any, node: int, spec: DataSpec, truth: np.ndarray) -> tuple[str, float | None]:
    """Return a leaf's answer in words, and the share of its rows that the model answers so."""
    value = fitted.tree_.value[node][0]
    if spec.predicts_numbers:
        return number_words(float(value[0])), None
    number = int(fitted.classes_[value.argmax()])
    return spec.class_names[number], float(np.mean(truth == number)) if len(truth) else None
