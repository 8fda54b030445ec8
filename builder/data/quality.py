"""What is doubtful in prepared data: rows in two parts, labels, columns that give the answer away, outliers.

Every finding is a sentence and the rows it is about, so that a person can look at them and decide.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from builder.data.labels import label_words
from builder.data.prepare import Prepared
from builder.data.some_rows import spread
from builder.data.spec import DataSpec, ModelInput
from builder.data.splits import PARTS
from builder.data.wordless import without_known_words

# Looking closer than this takes longer than it tells.
ROWS_COMPARED = 200_000
ROWS_LEARNED_FROM = 4_000
ROWS_SHOWN = 20
_RARE = 10
_FAR = 8.0
_SURE, _DOUBTED = 0.9, 0.05
_GIVEN_AWAY = 0.98
_SIDE = 12


@dataclass(frozen=True)
class Finding:
    """Something doubtful: ``kind``, a sentence, how many rows it is about, and some of them."""

    kind: str
    message: str
    count: int
    rows: tuple[int, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the finding as JSON-ready data."""
        return {"kind": self.kind, "message": self.message, "count": self.count, "rows": list(self.rows)}


def quality(prepared: Prepared) -> list[Finding]:
    """Return what is doubtful in prepared data; large data are looked at in part.

    Labels are doubted where a logistic regression, trained on other rows (5 folds), is sure of another
    class; a column gives the answer away where it alone predicts nearly every row (decision tree, 3 folds).
    """
    part_of = np.full(len(prepared.targets), -1)
    for number, part in enumerate(PARTS):
        part_of[prepared.indices[part]] = number
    known = np.flatnonzero(part_of >= 0)
    rows = known[spread(len(known), ROWS_COMPARED)]
    findings = _repeated(prepared, rows, part_of)
    findings += _wordless(prepared, rows)
    findings += _outliers(prepared, rows)
    if prepared.spec.target_shape:
        # The others look at one answer a row.
        return findings
    findings += _imbalance(prepared)
    trained = np.asarray(prepared.indices["train"])
    learned = trained[spread(len(trained), ROWS_LEARNED_FROM)]
    findings += _given_away(prepared, learned)
    return findings + _doubted_labels(prepared, learned)


def shown(prepared: Prepared, finding: Finding) -> list[dict[str, Any]]:
    """Return a finding's rows as JSON-ready data: row, part, target and, of texts and tables, values."""
    part_of: dict[int, str] = {}
    for part in PARTS:
        chosen = np.isin(finding.rows, prepared.indices[part])
        part_of |= {row: part for row, held in zip(finding.rows, chosen, strict=True) if held}
    return [_shown_row(prepared, row, part_of.get(row, "none")) for row in finding.rows]


def _shown_row(prepared: Prepared, row: int, part: str) -> dict[str, Any]:
    sample = prepared.sample(row)
    answer = _answer(prepared.targets[row], prepared.spec)
    values = {"text": sample["text"][:400]} if sample["kind"] == "text" else sample.get("row", {})
    return {"row": row, "part": part, "kind": sample["kind"], "target": answer, "values": values}


def _answer(target: Any, spec: DataSpec) -> str | float:
    names = spec.class_names
    if spec.predicts_labels:
        return label_words(target, names)
    if spec.target_shape:
        return "of many places"
    return names[int(target)] if names else float(target)


def _repeated(prepared: Prepared, rows: np.ndarray, part_of: np.ndarray) -> list[Finding]:
    seen: dict[int, list[int]] = {}
    arrays = list(prepared.arrays.values())
    for row in rows.tolist():
        seen.setdefault(hash(b"".join(array[row].tobytes() for array in arrays)), []).append(row)
    crossing, contradicting = [], []
    for equal in seen.values():
        if len(equal) < 2:
            continue
        held = [row for row in equal if part_of[row] != 0]
        if held and len(held) < len(equal):
            crossing += held
        is_one = not prepared.spec.target_shape and prepared.spec.class_names
        if is_one and len({int(prepared.targets[row]) for row in equal}) > 1:
            contradicting += equal
    findings = []
    if crossing:
        message = (
            f"{len(crossing):,} row(s) of the validation and test parts also stand in the training part, "
            "so the scores are too good. Remove the copies, or split by a group that keeps them together."
        )
        findings.append(_finding("duplicates", message, crossing))
    if contradicting:
        message = (
            f"{len(contradicting):,} row(s) are equal to another row of a different class. One of them must "
            "be wrong, or the columns do not tell the classes apart."
        )
        findings.append(_finding("contradictions", message, contradicting))
    return findings


def _wordless(prepared: Prepared, rows: np.ndarray) -> list[Finding]:
    item = next((item for item in prepared.spec.inputs if item.kind == "text"), None)
    if item is None:
        return []
    tokens = prepared.arrays[item.arrays[0].name]
    pieces = np.array_split(rows, max(len(rows) // ROWS_LEARNED_FROM, 1))
    found = [row for piece in pieces for row in piece[without_known_words(tokens[piece])].tolist()]
    if not found:
        return []
    message = (
        f"{len(found):,} row(s) have a text without a word that the model knows: it is empty, or its words "
        "are too rare. Nothing can be learned from it; write these texts, leave the rows out, or let the "
        "model know more words."
    )
    return [_finding("words", message, found)]


def _imbalance(prepared: Prepared) -> list[Finding]:
    names = prepared.spec.class_names
    if not names:
        return []
    counts = np.bincount(prepared.targets[prepared.indices["train"]], minlength=len(names))
    rare, common = int(counts.argmin()), int(counts.argmax())
    if counts[rare] * _RARE > counts[common]:
        return []
    message = (
        f"The class '{names[rare]}' has {counts[rare]:,} training rows, '{names[common]}' {counts[common]:,}."
        " A model may ignore the rare one: weigh it more or show it more often, and look at each class's own "
        "score."
    )
    rows = prepared.indices["train"][prepared.targets[prepared.indices["train"]] == rare]
    return [_finding("imbalance", message, rows.tolist())]


def _outliers(prepared: Prepared, rows: np.ndarray) -> list[Finding]:
    item = next((item for item in prepared.spec.inputs if "numeric" in prepared.arrays), None)
    if item is None:
        return []
    names = next(i.settings["numeric_columns"] for i in prepared.spec.inputs if i.kind == "table")
    values = prepared.arrays["numeric"][rows]
    low, middle, high = np.percentile(values, [25, 50, 75], axis=0)
    spread = np.where(high > low, high - low, np.inf)
    far = np.abs(values - middle) / spread > _FAR
    findings = []
    for column in np.flatnonzero(far.any(axis=0)).tolist():
        found = rows[far[:, column]]
        if len(found) > 0.01 * len(rows):
            # So many are no outliers, but a long tail.
            continue
        worst = values[far[:, column], column]
        message = (
            f"{len(found):,} value(s) of '{names[column]}' are far from all others (such as "
            f"{worst[np.abs(worst - middle[column]).argmax()]:,.6g}, where half of them lie between "
            f"{low[column]:,.6g} and {high[column]:,.6g}). Check whether they are mistakes."
        )
        findings.append(_finding("outliers", message, found.tolist()))
    return findings


def _given_away(prepared: Prepared, rows: np.ndarray) -> list[Finding]:
    table = next((item for item in prepared.spec.inputs if item.kind == "table"), None)
    if table is None:
        return []
    settings = table.settings
    names = [*settings["numeric_columns"], *settings["categorical_columns"]]
    arrays = [prepared.arrays[array.name][rows] for array in table.arrays]
    columns = np.concatenate(arrays, axis=1)
    findings = []
    for place, name in enumerate(names):
        score, guess = _alone(
            columns[:, [place]], np.asarray(prepared.targets[rows]), prepared.spec.class_names
        )
        if score >= _GIVEN_AWAY and guess < 0.95:
            what = "of the rows' classes" if prepared.spec.class_names else "of the target's variance"
            message = (
                f"The column '{name}' alone predicts {score:.1%} {what}. Perhaps it was written down after "
                "the answer was known; a model then learns nothing of use. If so, leave it out."
            )
            findings.append(Finding("leakage", message, len(rows)))
    return findings


def _alone(column: np.ndarray, targets: np.ndarray, class_names: tuple[str, ...]) -> tuple[float, float]:
    """Return how well a column alone predicts the targets, and how well guessing does."""
    from sklearn.model_selection import KFold, cross_val_score
    from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

    folds = KFold(3, shuffle=True, random_state=1)
    if not class_names:
        tree = DecisionTreeRegressor(min_samples_leaf=5, random_state=1)
        return float(cross_val_score(tree, column, targets, cv=folds, scoring="r2").mean()), 0.0
    tree = DecisionTreeClassifier(max_leaf_nodes=4 * len(class_names), random_state=1)
    score = float(cross_val_score(tree, column, targets, cv=folds).mean())
    return score, float(np.bincount(targets).max() / len(targets))


def _doubted_labels(prepared: Prepared, rows: np.ndarray) -> list[Finding]:
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import KFold, cross_val_predict

    names = prepared.spec.class_names
    if not names or len(names) > 50:
        return []
    # Rows of the rarest classes may not be among those looked at.
    present, targets, counts = np.unique(prepared.targets[rows], return_inverse=True, return_counts=True)
    if counts.min() < 10:
        return []
    features = _features(prepared, rows)
    folds = KFold(5, shuffle=True, random_state=1)
    model = LogisticRegression(max_iter=200, C=0.5)
    chances = cross_val_predict(model, features, targets, cv=folds, method="predict_proba")
    if (chances.argmax(axis=1) == targets).mean() < max(0.7, counts.max() / len(targets) + 0.05):
        # What it says of single rows means something only where it is mostly right.
        return []
    own = chances[np.arange(len(rows)), targets]
    doubted = np.flatnonzero((own < _DOUBTED) & (chances.max(axis=1) > _SURE))
    if not len(doubted):
        return []
    doubted = doubted[np.argsort(own[doubted])]
    first = doubted[0]
    message = (
        f"{len(doubted):,} training row(s) look as if they had the wrong class: what tells the others apart "
        f"says another one (the first is '{names[present[targets[first]]]}' and looks like "
        f"'{names[present[chances[first].argmax()]]}'). Look at them, and correct those that are wrong."
    )
    return [_finding("labels", message, rows[doubted].tolist())]


def _features(prepared: Prepared, rows: np.ndarray) -> np.ndarray:
    from sklearn.preprocessing import StandardScaler

    pieces = [_input_features(item, prepared, rows) for item in prepared.spec.inputs]
    return StandardScaler().fit_transform(np.concatenate(pieces, axis=1))


def _input_features(item: ModelInput, prepared: Prepared, rows: np.ndarray) -> np.ndarray:
    arrays: Mapping[str, np.ndarray] = prepared.arrays
    if item.kind == "text":
        return _word_counts(arrays["tokens"][rows], len(item.settings["vocabulary"]))
    if item.kind == "table":
        found = [arrays[array.name][rows] for array in item.arrays if array.name == "numeric"]
        for place in range(len(item.settings["categorical_columns"])):
            codes = arrays["categorical"][rows, place]
            values = np.unique(codes)[:30]
            found.append((codes[:, np.newaxis] == values).astype(np.float32))
        return np.concatenate(found, axis=1)
    values = arrays[item.arrays[0].name][rows].astype(np.float32)
    if item.kind == "image":
        steps = [max(size // _SIDE, 1) for size in values.shape[1:3]]
        values = values[:, :: steps[0], :: steps[1]]
    elif item.kind == "audio":
        pieces = np.array_split(np.abs(np.fft.rfft(values, axis=1)), 64, axis=1)
        return np.log1p(np.stack([piece.mean(axis=1) for piece in pieces], axis=1))
    return values.reshape(len(rows), -1)[:, :2000]


def _word_counts(tokens: np.ndarray, vocabulary: int) -> np.ndarray:
    counts = np.zeros((len(tokens), min(vocabulary, 500)), dtype=np.float32)
    for row, ids in enumerate(tokens):
        known = ids[(ids > 1) & (ids < counts.shape[1])]
        np.add.at(counts[row], known, 1)
    return np.log1p(counts)


def _finding(kind: str, message: str, rows: list[int]) -> Finding:
    return Finding(kind, message, len(rows), tuple(int(row) for row in rows[:ROWS_SHOWN]))
