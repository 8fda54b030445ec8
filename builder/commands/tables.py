"""Answers of the engine as tables and lines for a terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from rich.table import Table

from builder.commands.output import compact_table
from builder.export.report import samples_words
from builder.scores import metric_words, number_words
from builder.sizes import size_words

_COLUMNS = ("output", "weights", "FLOPs", "share", "activations")


def analysis_table(figures: Mapping[str, Any]) -> Table:
    """Return the blocks of an analysis as a table, the totals in its last row."""
    table = Table("block")
    table.columns[0].no_wrap = True
    for column in _COLUMNS:
        table.add_column(column, justify="left" if column == "output" else "right")
    totals = figures["totals"]
    for block in figures["blocks"]:
        table.add_row(block["id"], _shapes(block["shapes"]), *_counts(block, totals["flops"]))
    table.add_section()
    table.add_row("all", "", *_counts(totals, totals["flops"]))
    return table


def analysis_lines(figures: Mapping[str, Any]) -> Iterator[str]:
    """Yield what an analysis says of the whole model."""
    totals = figures["totals"]
    training, tflite = totals["training"], totals["tflite"]
    activations = totals["activation_bytes"] * totals["batch_size"]
    yield f"weights: {totals['parameters']:,}, {totals['trainable']:,} of them trained"
    yield f"activations of a batch of {totals['batch_size']}: {size_words(activations)}"
    parts = {"weights": "weights", "gradients": "gradients", "optimizer": totals["optimizer"]}
    shares = ", ".join(f"{label} {size_words(training[name])}" for name, label in parts.items())
    kept = size_words(training["activations"])
    yield f"training memory, estimated: {size_words(training['total'])} ({shares}, kept for gradients {kept})"
    sizes = ", ".join(f"{name} {size_words(value)}" for name, value in tflite.items())
    yield f"TFLite file, estimated: {sizes}"
    field = figures["receptive_field"]
    if field is not None:
        seen, whole = (" x ".join(str(size) for size in field[name]) for name in ("size", "picture"))
        yield f"receptive field after the last convolution, '{field['block']}': {seen} of {whole} pixels"
    if figures["guessed"]:
        yield f"operations guessed for: {', '.join(figures['guessed'])}"


def preflight_table(answer: Mapping[str, Any]) -> Table:
    """Return the formats of a preflight as a table."""
    table = Table("format", "size", "problem")
    for item in answer["formats"]:
        size = "" if item["bytes"] is None else size_words(item["bytes"])
        table.add_row(item["label"], size, item["problem"]["message"] if item["problem"] else "")
    return table


def preflight_lines(answer: Mapping[str, Any]) -> Iterator[str]:
    """Yield what a preflight says of blocks and of training."""
    for block, verdict in answer["blocks"].items():
        if verdict["words"]:
            yield f"{block}: {verdict['words']}"
    training = answer["training"]
    if training is None:
        yield f"training was not measured: {answer['training_problem']['message']}"
        return
    low, high = (time_words(training[name]) for name in ("low_seconds", "high_seconds"))
    yield (
        f"an epoch: about {time_words(training['epoch_seconds'])} ({low} to {high}), from "
        f"{training['steps']} measured steps; an epoch has {training['steps_per_epoch']}, and the first "
        f"takes {time_words(training['first_seconds'])}; on {training['device']}"
    )
    yield f"memory of the process: at most {size_words(training['peak_bytes'])}"
    if not training["finite"]:
        yield "the loss was no number any more within these steps: lower the learning rate"


def verification_table(report: Mapping[str, Any]) -> Table:
    """Return the files of an export as a table that fits into a terminal of 80 columns."""
    numbers = ("agreement", "difference", "score", "size", "ms")
    table = compact_table("format", "status", numbers=numbers)
    table.columns[1].no_wrap = True
    for item in report["formats"]:
        table.add_row(
            item["label"],
            item["status"],
            _number(item.get("agreement"), "{:.2%}".format),
            _number(item.get("largest_difference"), _short),
            _number(item.get("metric_export"), number_words),
            _number(item.get("bytes"), size_words),
            _number(item.get("latency_ms_p50"), _short),
        )
    return table


def verification_lines(report: Mapping[str, Any]) -> Iterator[str]:
    """Yield what is to be known of an export's files beside their numbers."""
    for item in report["formats"]:
        words = item["problem"]["message"] if item["problem"] else item["note"]
        if words:
            yield f"{item['label']}: {words}"
    yield f"score: {metric_words(report['metric'])} on {samples_words(report)}"


def truth_table(found: Mapping[str, Any]) -> Table:
    """Return what a run's files are worth as a table that fits into a terminal of 80 columns."""
    numbers = ("score", "change", "agreement", "difference", "size", "arena")
    table = compact_table("format", numbers=numbers)
    for item in found["variants"]:
        table.add_row(
            item["label"],
            _number(item.get("score"), number_words),
            _number(item.get("change"), _signed),
            _number(item.get("agreement"), "{:.1%}".format),
            _number(item.get("largest_difference"), _short),
            size_words(item["bytes"]),
            _number((item.get("micro") or {}).get("arena_bytes"), size_words),
        )
    return table


def speed_words(speed: Mapping[str, Any], threads: int) -> str:
    """Return how fast a file answers on one thread and on several, and the memory that it takes."""
    one, every = (
        f"{_short(found['p50'])} ms (p95 {_short(found['p95'])})" for found in (speed["one"], speed["all"])
    )
    memory = size_words(speed["memory_bytes"])
    return f"{one} on 1 thread, {every} on {threads}; {memory} of memory"


def score_words(scores: Mapping[str, Any]) -> str:
    """Return a run's scores in a line, such as "loss 0.31, accuracy 0.912"; what is no number is left out."""
    return ", ".join(
        f"{name} {number_words(value)}" for name, value in scores.items() if isinstance(value, (int, float))
    )


def count_words(count: float) -> str:
    """Return a number in words, such as "4.48 M"."""
    for unit in ("", " K", " M", " G"):
        if count < 1000:
            return f"{count:.0f}" if not unit else f"{count:.3g}{unit}"
        count /= 1000
    return f"{count:.3g} T"


def time_words(seconds: float) -> str:
    """Return a time in words, such as "3.2 s" or "4 min"."""
    if seconds < 0.1:
        return f"{1000 * seconds:.0f} ms"
    if seconds < 100:
        return f"{seconds:.1f} s"
    return f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"


def _signed(value: float) -> str:
    return f"{'+' if value >= 0 else ''}{number_words(value)}"


def _short(value: float) -> str:
    return number_words(value, 2)


def _number(value: float | None, words: Callable[[float], str]) -> str:
    return "" if value is None else words(value)


def _counts(row: Mapping[str, Any], flops: int) -> tuple[str, ...]:
    return (
        f"{row['parameters']:,}",
        count_words(row["flops"]),
        _share(row["flops"], flops),
        size_words(row["activation_bytes"]),
    )


def _shapes(shapes: Mapping[str, Any]) -> str:
    return "; ".join(
        " x ".join("?" if size is None else str(size) for size in item[1:]) for item in shapes.values()
    )


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.1%}" if whole else ""
