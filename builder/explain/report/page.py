"""The HTML of a report."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from html import escape
from typing import Any

from builder.explain.marked import legend, marked_words, overlay
from builder.explain.pictures import enlarged, png_text
from builder.explain.report.collect import Found
from builder.explain.report.drawing import bars, dots, lines, steps
from builder.scores import is_share, metric_name, metric_value, number_words
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
td.number,th.number{text-align:right;font-variant-numeric:tabular-nums}
.matrix td,.matrix tr:first-child th{text-align:center;min-width:34px}.wide{overflow-x:auto}
.note{color:#5a6b73}.sample{border:1px solid #dfe5e6;border-radius:6px;padding:12px 16px;margin:14px 0}
.row{display:flex;gap:28px;flex-wrap:wrap;align-items:flex-start}
.trust{color:#0f6f66}.care{color:#8a5f00}.doubt{color:#b3401a}
svg{font:12px system-ui,sans-serif;max-width:100%;height:auto}
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
    sections.append(_section("The model", _table(("Layer", "Kind", "Output", "Parameters"), layers, {3})))
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width"><title>Report: '
        f"{title}</title><style>{_STYLE}</style></head><body><h1>{title}</h1>"
        f'<p class="note">Report of a trained model</p>{_pairs(found.facts)}{"".join(sections)}</body></html>'
    )


def _scores(evaluation: Mapping[str, Any]) -> str:
    name = TASKS[evaluation["task"]].metric
    baseline = evaluation["baseline"]
    others = [other for other, value in evaluation.items() if other != name and isinstance(value, float)]
    rows = [
        (metric_name(each), metric_value(each, evaluation[each]), metric_value(each, baseline.get(each)))
        for each in (name, *others)
    ]
    verdict = "It does better" if evaluation["learned"] else "It does no better"
    text = (
        f"On {evaluation['rows']:,} rows that were held out. {verdict} than the simplest rule: "
        f"{baseline['rule']}."
    )
    return _section(
        "How good it is",
        f"<p>{escape(text)}</p>" + _table(("Score", "Model", "Simplest rule"), rows, {1, 2}),
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
        (item["name"], *(_share(item[key]) for key in measures), f"{item[count]:,}")
        for item in evaluation["classes"]
    ]
    return _table(("Class", *measures.values(), counted), rows, range(1, len(measures) + 2))


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
        f'<div class="wide"><table class="matrix"><tr><th></th>{head}</tr>{"".join(rows)}</table></div>'
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
        "<div>ROC, with the area under each curve<br>"
        f"{lines(roc, 'false positive rate', 'true positive rate', 'guessing')}</div>"
        f"<div>Precision and recall, with the average precision<br>{lines(precision, 'recall', 'precision')}"
        "</div></div>"
    )


def _calibration(calibration: Mapping[str, Any]) -> str:
    bins = calibration["bins"]
    curve = ("this model", [item["confidence"] for item in bins], [item["accuracy"] for item in bins])
    drawn = lines([curve], "confidence", "share that is right", "as often right as confident")
    return (
        f"<p>Its confidence misses the share of right answers by {100 * calibration['expected_error']:.1f} "
        f"points on the average (expected calibration error).</p>{drawn}"
    )


def _residuals(evaluation: Mapping[str, Any]) -> str:
    truth, said = ([point[key] for point in evaluation["points"]] for key in ("true", "predicted"))
    against = dots(truth, said, "true", "predicted", diagonal=True)
    gaps = [guess - true for guess, true in zip(said, truth, strict=True)]
    left_over = dots(said, gaps, "predicted", "predicted − true", diagonal=False)
    found = f'<div class="row"><div>{against}</div><div>{left_over}</div></div>'
    bins = evaluation.get("residual_histogram")
    if not bins:
        return found
    drawn = steps(bins["edges"], bins["counts"], "predicted − true")
    return f"{found}<p>How many rows are off by how much</p>{drawn}"


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
        f"groups of at least {answer['least_rows']} rows were compared. “At least” is what is left of a "
        "group's errors when chance is allowed for, in so many groups."
    )
    heads = ("Group", "Rows", "Errors", "At least", "Clearly worse")
    return f"<p>{escape(text)}</p>" + _table(heads, rows, {1, 2, 3})


def _importance(answer: Mapping[str, Any]) -> str:
    parts, share = answer["parts"][:_MOST_BARS], is_share(answer["metric"])
    text = (
        f"{metric_name(answer['metric'])}: how much worse it gets{', in points,' if share else ''} where one "
        f"part is mixed up between the rows. The line is the deviation of {answer['repeats']} repeats."
    )
    chart = bars(
        [part["label"] for part in parts],
        [part["worse"] for part in parts],
        [part["spread"] for part in parts],
        _points if share else number_words,
    )
    return f"<p>{escape(text)}</p>{chart}"


def _rules(answer: Mapping[str, Any]) -> str:
    rules = answer["rules"]
    heads = ("If", "Answer", "Of the rows")
    rows = [
        (" and ".join(rule["conditions"]) or "always", rule["answer"], _share(rule["share"]))
        for rule in rules
    ]
    if all(rule["fidelity"] is None for rule in rules):
        text = f"Their numbers follow the model's with an R² of {answer['fidelity']:.2f}, where 1 is perfect."
        return f"<p>{escape(answer['words'])} {text}</p>" + _table(heads, rows, {1, 2})
    text = (
        f"They answer {_share(answer['fidelity'])} of the test rows as the model does; its most frequent "
        f"answer alone would do so for {_share(answer['simple'])}."
    )
    agreeing = [(*row, _share(rule["fidelity"])) for row, rule in zip(rows, rules, strict=True)]
    return f"<p>{escape(answer['words'])} {text}</p>" + _table((*heads, "Agrees"), agreeing, {2, 3})


_ANSWERS: Sequence[tuple[str, str, Callable[[Mapping[str, Any]], str]]] = (
    ("slices", "Where it errs most", _slices),
    ("importance", "What it goes by", _importance),
    ("rules", "The model as rules", _rules),
)


def _explained(item: Mapping[str, Any]) -> str:
    believed = item["faithfulness"]
    shown = "".join(_input(one, item["sample"], item["is_class"]) for one in item["inputs"])
    return (
        f'<div class="sample"><b>{escape(_question(item))}</b><p class="{believed["verdict"]}">'
        f'{escape(believed["words"])}</p><div class="row">{shown}</div>'
        f'<p class="note">{escape(_legend(item))}</p></div>'
    )


def _question(item: Mapping[str, Any]) -> str:
    if item["is_class"]:
        return f"Why {_share(item['value'])} for “{item['label']}”; right is “{item['true']}”"
    return f"Why {number_words(item['value'])} for “{item['label']}”; right is {item['true']}"


def _legend(item: Mapping[str, Any]) -> str:
    told = [legend(one["kind"], item["signed"], one["labels"]) for one in item["inputs"]]
    has_bars = any(one["kind"] not in ("image", "text") for one in item["inputs"])
    unit = " Bars are in points of the probability." if item["is_class"] and has_bars else ""
    return f"{max(told, key=len)}{unit} Method: {item['method_label']}."


def _input(item: Mapping[str, Any], sample: Mapping[str, Any], is_class: bool) -> str:
    if item["kind"] == "image":
        picture = sample.get("files", {}).get(item["name"], sample)["array"]
        pictures = (enlarged(picture, 160), overlay(picture, item["scores"], item["grid"]))
        return "".join(
            f'<img width="200" alt="{label}" src="data:image/png;base64,{png_text(pixels)}">'
            for label, pixels in zip(("The picture", "What matters in it"), pictures, strict=True)
        )
    if item["kind"] == "text":
        return marked_words(item["labels"], item["scores"])
    values = sample.get("row", {})
    order = sorted(range(len(item["scores"])), key=lambda number: -abs(item["scores"][number]))[:_MOST_BARS]
    labels = [_with_value(item["labels"][number], values) for number in order]
    words = _points if is_class else number_words
    return bars(labels, [item["scores"][number] for number in order], words=words)


def _with_value(label: str, values: Mapping[str, Any]) -> str:
    if label not in values:
        return label
    value = values[label]
    if value is None:
        return f"{label} is missing"
    return f"{label} = {number_words(value, 6) if isinstance(value, float) else value}"


def _section(heading: str, body: str) -> str:
    return f"<h2>{escape(heading)}</h2>{body}"


def _pairs(pairs: Iterable[tuple[str, str]]) -> str:
    rows = "".join(f"<tr><th>{escape(name)}</th><td>{escape(value)}</td></tr>" for name, value in pairs)
    return f"<table>{rows}</table>"


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]], numbers: Collection[int]) -> str:
    """Return a table; the columns that hold ``numbers`` are set to the right."""
    kinds = ["number" if place in numbers else "word" for place in range(len(heads))]

    def line(cells: Sequence[str], tag: str) -> str:
        told = zip(kinds, cells, strict=True)
        return "".join(f'<{tag} class="{kind}">{escape(str(cell))}</{tag}>' for kind, cell in told)

    body = "".join(f"<tr>{line(row, 'td')}</tr>" for row in rows)
    return f'<div class="wide"><table><tr>{line(heads, "th")}</tr>{body}</table></div>'


def _share(value: Any) -> str:
    return f"{value:.1%}" if isinstance(value, (int, float)) else "–"


def _points(value: float) -> str:
    # Without it, what is next to nothing would be "-0.0".
    return f"{round(100 * value, 1) + 0.0:.1f}"
