"""Failures of exports in plain words: which block, why, and what to do instead."""

from __future__ import annotations

import re
from collections.abc import Iterable

from builder.errors import BuilderError, Problem
from builder.runs.files import FULL_DISK_ERRORS

# As TFLite's converter writes; Python's own errors name tf.Tensor and the like as well.
_OPERATOR = re.compile(r"'tf\.(\w+)' op is neither a custom op nor a flex op|\berror:.*'tf\.(\w+)'")
_LAYER_PATH = re.compile(r'"([\w.\-]+(?:/[\w.\-]+)+)')
_CALL_NUMBER = re.compile(r"_\d+$")
_FULL_WORDS = ("No space left on device", "Disk quota exceeded", "File too large")
_ADVICE = (
    "Replace the block by one that TFLite can run, or export to SavedModel or .keras, which hold every model."
)


def explain(error: BaseException, label: str, node_ids: Iterable[str]) -> Problem:
    """Return the problem behind an exception that was raised while one format was made.

    Args:
        error: what was raised.
        label: the format's label.
        node_ids: ids of the project's blocks; layer names start with them.
    """
    text = str(error)
    if isinstance(error, BuilderError):
        return error.problems[0]
    if is_full_disk(error):
        return full_disk()
    if isinstance(error, MemoryError) or "OOM" in text or "ResourceExhausted" in type(error).__name__:
        return Problem("out_of_memory", f"{label}: the memory was not enough for the conversion.")
    block = block_in(text, node_ids)
    operator = _operator_in(text)
    if operator is None:
        reason = text.strip().splitlines()[0][:200] if text.strip() else type(error).__name__
        return Problem(
            "export_failed", f"{label} failed: {reason.rstrip('.')}. Try another format.", block=block
        )
    where = f"the block '{block}' needs" if block else "the model needs"
    message = f"{label} could not be made: {where} the operation {operator}, which TFLite lacks. {_ADVICE}"
    return Problem("unsupported_operation", message, block=block)


def crashed(label: str, seconds: float | None = None) -> Problem:
    """Return the problem of a format whose process ended without an answer, or took too long."""
    if seconds is not None:
        message = f"{label} was given up after {seconds:.0f} seconds. Try a smaller model or another format."
        return Problem("export_too_slow", message)
    message = (
        f"{label} could not be made: the converter itself broke down on this model. The other formats are "
        "not affected. Use one of them, for example TFLite dynamic range instead of int8."
    )
    return Problem("export_crashed", message)


def full_disk() -> Problem:
    """Return the problem of a disk without space."""
    message = (
        "The disk is full, so the export could not be written. Nothing half-made was kept. Free some space "
        "and export again."
    )
    return Problem("disk_full", message)


def is_full_disk(error: BaseException) -> bool:
    """Tell whether a full disk, a used-up quota or a limit on files is behind an exception."""
    return getattr(error, "errno", None) in FULL_DISK_ERRORS or any(
        words in str(error) for words in _FULL_WORDS
    )


def block_in(text: str, node_ids: Iterable[str]) -> str | None:
    """Return the block whose layer a converter's message names, if it names one.

    The message holds paths such as ``functional_1/encoder_attention_1/einsum``; a composite's layers
    are named ``{block id}_...``, so the longest fitting id is the block.
    """
    ids = sorted(node_ids, key=len, reverse=True)
    for path in _LAYER_PATH.findall(text):
        for piece in path.split("/"):
            for candidate in (piece, _CALL_NUMBER.sub("", piece)):
                for node_id in ids:
                    if candidate == node_id or candidate.startswith(f"{node_id}_"):
                        return node_id
    return None


def _operator_in(text: str) -> str | None:
    found = _OPERATOR.search(text)
    return None if found is None else found.group(1) or found.group(2)
