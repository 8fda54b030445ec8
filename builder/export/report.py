"""The export report: JSON for programs, and one page that stands alone for people."""

from __future__ import annotations

import html
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from builder.runs.files import write_bytes, write_json
from builder.scores import metric_name, metric_value, milliseconds, number_words
from builder.sizes import size_words

JSON_NAME = "report.json"
HTML_NAME = "report.html"

_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 75rem; padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; }
th, td { border-bottom: 1px solid #8888; padding: .4rem .6rem; text-align: left; vertical-align: top; }
td.number, th.number { text-align: right; white-space: nowrap; }
.verified { color: #0a6b2d; } .differs { color: #8a5a00; } .failed { color: #a31515; }
@media (prefers-color-scheme: dark) {
  body { background: #14161a; color: #e8e8e8; }
  .verified { color: #6fd391; } .differs { color: #f0c060; } .failed { color: #ff9090; }
}
"""


def write_report(report: Mapping[str, Any], folder: Path) -> None:
    """Write ``report.json`` and ``report.html`` into the export's folder, each whole or not at all."""
    write_json(folder / JSON_NAME, report)
    write_bytes(folder / HTML_NAME, to_html(report).encode("utf-8"))


def read_report(folder: Path) -> dict[str, Any] | None:
    """Return the report of an export's folder, or None where nothing was exported."""
    file = folder / JSON_NAME
    return json.loads(file.read_text(encoding="utf-8")) if file.exists() else None


def model_stamp(file: Path) -> str:
    """Return what tells a trained model's file from one that was trained on later."""
    facts = file.stat()
    return f"{facts.st_size}-{facts.st_mtime_ns}"


def is_of_model(report: Mapping[str, Any], stamp: str) -> bool:
    """Tell whether an export was made from the model with a stamp; of an export without one nobody knows."""
    return report.get("model") in (None, stamp)


def is_outdated(report: Mapping[str, Any], model: Path) -> bool:
    """Tell whether the model's file holds another model than an export was made from."""
    return model.exists() and not is_of_model(report, model_stamp(model))


def to_html(report: Mapping[str, Any]) -> str:
    """Return the report as a page without outside parts."""
    metric = metric_name(report["metric"])
    heads = ["Format", "Status", "Agreement", "Largest difference", metric, f"{metric}, Keras"]
    heads += ["Size", "Latency p50", "p95", "Note"]
    classes = ["", ""] + ["number"] * 7 + [""]
    head = "".join(f'<th class="{kind}">{title}</th>' for kind, title in zip(classes, heads, strict=True))
    rows = "\n".join(_row(item, report["metric"], classes) for item in report["formats"])
    title = f"Export report: {html.escape(report['project'])}"
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title><style>{_STYLE}</style></head>
<body><h1>{title}</h1>
<p>Made {html.escape(report["created"])}. Every file was loaded by its own runtime and asked about the same
{samples_words(report)}. Agreement: {_agreement_words(report)}.</p>
<table><thead><tr>{head}</tr></thead><tbody>
{rows}
</tbody></table>
<p>Latency is that of one sample a call on one processor thread of the machine that exported; expect other
numbers elsewhere. A smaller file is not always a faster one.</p>
<p>{html.escape(", ".join(f"{name} {version}" for name, version in report["versions"].items()))}</p>
</body></html>
"""


def _row(item: Mapping[str, Any], metric: str, classes: list[str]) -> str:
    note = item["problem"]["message"] if item.get("problem") else item.get("note", "")
    cells = [
        html.escape(item["label"]),
        f'<span class="{item["status"]}">{item["status"]}</span>',
        _percent(item.get("agreement")),
        _number(item.get("largest_difference")),
        score_words(item, "metric_export", metric),
        score_words(item, "metric_keras", metric),
        size_words(item["bytes"]) if "bytes" in item else "",
        _milliseconds(item.get("latency_ms_p50")),
        _milliseconds(item.get("latency_ms_p95")),
        html.escape(note),
    ]
    body = "".join(f'<td class="{kind}">{cell}</td>' for kind, cell in zip(classes, cells, strict=True))
    return f"<tr>{body}</tr>"


def samples_words(report: Mapping[str, Any]) -> str:
    """Return in words what the files were asked about."""
    if report["task"] == "generation":
        return f"{report['samples']:,} samples of noise, compared with what the Keras model makes of them"
    return f"{report['samples']:,} samples that the model was not trained on"


def score_words(item: Mapping[str, Any], which: str, metric: str) -> str:
    """Return a score of a format's row in words, or nothing where there is none."""
    return metric_value(metric, item[which]) if item.get(which) is not None else ""


def _agreement_words(report: Mapping[str, Any]) -> str:
    if report["metric"] == "mean_absolute_error":
        return "the share of answers within 1 % of the target's standard deviation of the Keras model's"
    if report["metric"] == "mean_average_precision":
        return "the share of boxes that both this file and the Keras model find, overlapping by 80 %"
    what = "texts" if report["metric"] == "character_error_rate" else "answers"
    return f"the share of {what} that are the same as the Keras model's"


def _percent(value: float | None) -> str:
    return "" if value is None else f"{value:.1%}"


def _number(value: float | None) -> str:
    return "" if value is None else number_words(value)


def _milliseconds(value: float | None) -> str:
    return "" if value is None else milliseconds(value)
