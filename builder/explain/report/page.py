"""The HTML of a report."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from html import escape
from typing import Any

from builder.explain.marked import marked_words, overlay
from builder.explain.pictures import enlarged, png_text
from builder.explain.report.collect import Found
from builder.explain.report.drawing import bars, dots, lines, steps
from builder.tasks import TASKS

_MOST_BARS = 15
_MOST_CELLS = 20
_OF_A_CLASS = {
    "iou": "IoU",
    "average_precision": "Average precision",
    "precision": "Precision",
    "recall": "Recall",
    "f1": "F1",
}
# What there is so many of in a class, where it is not rows.
_COUNTED = {"segmentation": ("pixels", "Test pixels"), "detection": ("support", "Test boxes")}
_STYLE = """
body{font:15px/1.5 system-ui,sans-serif;max-width:980px;margin:32px auto;padding:0 20px;color:#1c2529}
h1{margin-bottom:0}h2{margin-top:44px;border-bottom:2px solid #14857b;padding-bottom:4px}
table{border-collapse:collapse;margin:12px 0}
td,th{padding:3px 10px;border-bottom:1px solid #dfe5e6;text-align:left}
td.number,th.number{text-align:right}.matrix td{text-align:center;min-width:34px}
.note{color:#5a6b73}.sample{border:1px solid #dfe5e6;border-radius:6px;padding:12px 16px;margin:14px 0}
.row{display:flex;gap:28px;flex-wrap:wrap;align-items:flex-start}
.trust{color:#14857b}.care{color:#9a6a00}.doubt{color:#b3401a}svg{font:12px system-ui,sans-serif}
svg text{fill:#33434a}img{image-rendering:pixelated;max-width:320px}
"""


def page(found: Found) -> str:
    """Return a report as a whole HTML document, which reads no other file and runs no script."""
    title = escape(found.name)
    sections = [_scores(found.evaluation), *_behavior(found.evaluation)]
    for what, heading, tell in _ANSWERS:
        answer = found.answers.get(what)
        body = f'<p class="note">{escape(answer)}</p>' if isinstance(answer, str) else tell(answer or {})
        sections.append(_section(heading, body))
    if found.explained:
        told = "".join(_explained(item) for item in found.explained)
        sections.append(_section("Single answers explained", told))
    sections.append(_section("The data", _pairs(found.data)))
    layers = [(name, kind, shape, f"{count:,}") for name, kind, shape, count in found.layers]
    sections.append(_section("The model", _table(("Layer", "Kind", "Output", "Parameters"), layers)))
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width"><title>Report: '
        f"{title}</title><style>{_STYLE}</style></head><body><h1>{title}</h1>"
        f'<p class="note">Report of a trained model</p>{_pairs(found.facts)}{"".join(sections)}</body></html>'
    )


def _scores(evaluation: Mapping[str, Any]) -> str:
    name = TASKS[evaluation["task"]].metric
    baseline = evaluation["baseline"]
    rows = [(_words(name), _figure(evaluation[name]), _figure(baseline.get(name)))]
    for other, value in evaluation.items():
        if other != name and isinstance(value, float):
            rows.append((_words(other), _figure(value), _figure(baseline.get(other))))
    verdict = "It does better" if evaluation["learned"] else "It does no better"
    text = (
        f"On {evaluation['rows']:,} rows that were held out. {verdict} than the simplest rule: "
        f"{baseline['rule']}."
    )
    return _section(
        "How good it is", f"<p>{escape(text)}</p>" + _table(("Score", "Model", "Simplest rule"), rows)
    )


def _behavior(evaluation: Mapping[str, Any]) -> list[str]:
    found = []
    names = evaluation.get("class_names", [])
    if "confusion_matrix" in evaluation and len(names) <= _MOST_CELLS:
        matrix = _matrix(evaluation["confusion_matrix"], names)
        found.append(_section("What is taken for what", matrix))
    if evaluation.get("classes"):
        found.append(_section("Class by class", _classes(evaluation)))
    if evaluation.get("curves"):
        found.append(_section("Curves", _curves(evaluation["curves"])))
    if "calibration" in evaluation:
        found.append(_section("How far to trust its confidence", _calibration(evaluation["calibration"])))
    if evaluation.get("points"):
        found.append(_section("How far off", _residuals(evaluation)))
    return found


def _classes(evaluation: Mapping[str, Any]) -> str:
    count, counted = _COUNTED.get(evaluation["task"], ("support", "Test rows"))
    measures = {key: head for key, head in _OF_A_CLASS.items() if key in evaluation["classes"][0]}
    rows = [
        (item["name"], *(_figure(item[key]) for key in measures), f"{item[count]:,}")
        for item in evaluation["classes"]
    ]
    return _table(("Class", *measures.values(), counted), rows)


def _matrix(matrix: Sequence[Sequence[int]], names: Sequence[str]) -> str:
    head = "".join(f"<th>{escape(name)}</th>" for name in names)
    rows = []
    for name, counts in zip(names, matrix, strict=True):
        cells = []
        for count in counts:
            share = count / max(sum(counts), 1)
            ink = "#fff" if share > 0.55 else "#1c2529"
            cells.append(f'<td style="background:rgba(20,133,123,{share:.2f});color:{ink}">{count:,}</td>')
        rows.append(f"<tr><th>{escape(name)}</th>{''.join(cells)}</tr>")
    return (
        '<p class="note">Row: the true class. Column: what the model said.</p>'
        f'<table class="matrix"><tr><th></th>{head}</tr>{"".join(rows)}</table>'
    )


def _curves(curves: Sequence[Mapping[str, Any]]) -> str:
    roc = [
        (
            f"{item['name']}: {item['roc_auc']:.3f}",
            item["roc"]["false_positive_rate"],
            item["roc"]["true_positive_rate"],
        )
        for item in curves
    ]
    precision = [
        (
            f"{item['name']}: {item['average_precision']:.3f}",
            item["precision_recall"]["recall"],
            item["precision_recall"]["precision"],
        )
        for item in curves
    ]
    return (
        '<div class="row">'
        f"<div>ROC, with the area<br>{lines(roc, 'false positive rate', 'true positive rate')}</div>"
        f"<div>Precision and recall, with the average precision<br>{lines(precision, 'recall', 'precision')}"
        "</div></div>"
    )


def _calibration(calibration: Mapping[str, Any]) -> str:
    bins = calibration["bins"]
    curve = ("model", [item["confidence"] for item in bins], [item["accuracy"] for item in bins])
    return (
        f"<p>Its confidence misses the share of right answers by {calibration['expected_error']:.1%} on the "
        f"average (expected calibration error).</p>{lines([curve], 'confidence', 'share that is right')}"
    )


def _residuals(evaluation: Mapping[str, Any]) -> str:
    truth, said = ([point[key] for point in evaluation["points"]] for key in ("true", "predicted"))
    against = dots(truth, said, "true", "predicted", diagonal=True)
    gaps = [guess - true for guess, true in zip(said, truth, strict=True)]
    left_over = dots(said, gaps, "predicted", "predicted − true", diagonal=False)
    found = f'<div class="row"><div>{against}</div><div>{left_over}</div></div>'
    bins = evaluation.get("residual_histogram")
    return found + (steps(bins["edges"], bins["counts"]) if bins else "")


def _slices(answer: Mapping[str, Any]) -> str:
    rows = [
        (
            " and ".join(item["conditions"]),
            f"{item['support']:,}",
            f"{item['error_rate']:.1%}",
            f"{item['lowest']:.1%}",
            "yes" if item["clear"] else "no",
        )
        for item in answer["slices"]
    ]
    text = (
        f"On the whole {answer['error_rate']:.1%} of the rows are {answer['bad']}. {answer['tested']:,} "
        f"groups of "
        f"at least {answer['least_rows']} rows were compared; the bounds allow for so many."
    )
    heads = ("Group", "Rows", "Errors", "At least", "Clearly worse")
    return f"<p>{escape(text)}</p>" + _table(heads, rows)


def _importance(answer: Mapping[str, Any]) -> str:
    parts = answer["parts"][:_MOST_BARS]
    text = (
        f"How much worse {_words(answer['metric']).lower()} gets where one part is mixed up between the "
        "rows; the "
        f"line is the deviation of {answer['repeats']} repeats."
    )
    chart = bars(
        [part["label"] for part in parts],
        [part["worse"] for part in parts],
        [part["spread"] for part in parts],
    )
    return f"<p>{escape(text)}</p>{chart}"


def _rules(answer: Mapping[str, Any]) -> str:
    rows = [
        (
            " and ".join(rule["conditions"]) or "always",
            rule["answer"],
            f"{rule['share']:.1%}",
            _figure(rule["fidelity"]),
        )
        for rule in answer["rules"]
    ]
    text = f"{answer['words']} Fidelity: {answer['fidelity']:.3f}; without any rule {answer['simple']:.3f}."
    return f"<p>{escape(text)}</p>" + _table(("If", "Answer", "Of the rows", "Agrees"), rows)


_ANSWERS: Sequence[tuple[str, str, Callable[[Mapping[str, Any]], str]]] = (
    ("slices", "Where it errs most", _slices),
    ("importance", "What it goes by", _importance),
    ("rules", "The model as rules", _rules),
)


def _explained(item: Mapping[str, Any]) -> str:
    value = f"{item['value']:.1%}" if item["is_class"] else f"{item['value']:,.5g}"
    believed = item["faithfulness"]
    head = f"Why {value} for “{item['label']}”; right is “{item['true']}” ({item['method_label']})"
    shown = "".join(_input(one, item["sample"], item["signed"]) for one in item["inputs"])
    return (
        f'<div class="sample"><b>{escape(head)}</b><p class="{believed["verdict"]}">'
        f'{escape(believed["words"])}</p><div class="row">{shown}</div></div>'
    )


def _input(item: Mapping[str, Any], sample: Mapping[str, Any], signed: bool) -> str:
    if item["kind"] == "image":
        picture = sample.get("files", {}).get(item["name"], sample)["array"]
        legend = "Green speaks for it, orange against it." if signed else "Green matters."
        pictures = (enlarged(picture, 160), overlay(picture, item["scores"], item["grid"]))
        shown = "".join(
            f'<img width="200" alt="{label}" src="data:image/png;base64,{png_text(pixels)}">'
            for label, pixels in zip(("The picture", legend), pictures, strict=True)
        )
        return f'<div class="row">{shown}<span class="note">{legend}</span></div>'
    if item["kind"] == "text":
        return marked_words(item["labels"], item["scores"])
    values = sample.get("row", {})
    order = sorted(range(len(item["scores"])), key=lambda number: -abs(item["scores"][number]))[:_MOST_BARS]
    labels = [_with_value(item["labels"][number], values) for number in order]
    return bars(labels, [item["scores"][number] for number in order])


def _with_value(label: str, values: Mapping[str, Any]) -> str:
    return f"{label} = {values[label]}" if label in values else label


def _section(heading: str, body: str) -> str:
    return f"<h2>{escape(heading)}</h2>{body}"


def _pairs(pairs: Iterable[tuple[str, str]]) -> str:
    rows = "".join(f"<tr><th>{escape(name)}</th><td>{escape(value)}</td></tr>" for name, value in pairs)
    return f"<table>{rows}</table>"


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    head = "".join(f"<th>{escape(name)}</th>" for name in heads)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(str(value))}</td>" for value in row) + "</tr>" for row in rows
    )
    return f"<table><tr>{head}</tr>{body}</table>"


def _figure(value: Any) -> str:
    return f"{value:,.4g}" if isinstance(value, (int, float)) else "–"


def _words(name: str) -> str:
    return name.replace("_", " ").capitalize()
