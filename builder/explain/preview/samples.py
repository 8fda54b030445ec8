"""One sample of a project's own data: its row, what a person sees of it, and what is right."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from builder.data.prepare import Prepared
from builder.errors import shown_value, stop
from builder.explain.preview.pictures import DETAIL, pixels

LONGEST_TEXT = 4000


@dataclass(frozen=True)
class Sample:
    """A sample by its number within a part; ``row`` is that of the prepared data."""

    prepared: Prepared
    part: str
    index: int
    row: int

    @property
    def key(self) -> str:
        """What tells this sample from every other one."""
        return f"{self.prepared.folder}:{self.row}"

    def target(self, number: int = 0) -> float | None:
        """Return what is right: the class's number, or the value in the target's unit; None for many.

        Args:
            number: which of the data's targets, counted from 0.
        """
        spec = self.prepared.spec
        if spec.each_target[number].target_shape or spec.task == "generation":
            return None
        return float(self.prepared.all_targets[number][self.row])

    def to_json(self) -> dict[str, Any]:
        """Return the sample for display: kind, picture, text or table row, and its label."""
        shown = self.prepared.sample(self.row)
        if shown["kind"] == "image":
            shown = {"kind": "image", "picture": pixels(shown["array"], DETAIL.side)}
        elif shown["kind"] in ("audio", "series"):
            shown = {"kind": "table", "row": _described(shown)}
        elif shown["kind"] == "text":
            shown = {"kind": "text", "text": str(shown["text"])[:LONGEST_TEXT]}
        else:
            shown = {"kind": "table", "row": {name: _plain(value) for name, value in shown["row"].items()}}
        count = len(self.prepared.indices[self.part])
        return {"part": self.part, "index": self.index, "count": count, "label": self._label(), **shown}

    def _label(self) -> str:
        spec, target = self.prepared.spec, self.target()
        if target is None:
            return spec.source_title
        if spec.class_names:
            return spec.class_names[int(target)]
        return f"{spec.target_name} = {target:,.6g}"


def sample_of(prepared: Prepared, part: str, index: int) -> Sample:
    """Return a sample by its number within a part, counted from 0.

    Raises:
        BuilderError: ``unknown_part`` or ``unknown_sample``.
    """
    if part not in prepared.indices:
        known = ", ".join(f"'{name}'" for name in prepared.indices)
        raise stop("unknown_part", f"There is no part '{part!s:.40}' of the data, but there are {known}.")
    rows = prepared.indices[part]
    if not len(rows):
        message = f"The {part} part of the data is empty. Choose another, or raise its share in the split."
        raise stop("unknown_sample", message)
    is_number = isinstance(index, int) and not isinstance(index, bool)
    if not is_number or not 0 <= index < len(rows):
        message = (
            f"There is no sample {shown_value(index)} in the {part} part: it has {len(rows):,} samples, "
            f"numbered 0 to {len(rows) - 1:,}. Choose one of them."
        )
        raise stop("unknown_sample", message)
    return Sample(prepared, part, index, int(rows[index]))


def _described(shown: dict[str, Any]) -> dict[str, Any]:
    size = len(shown["array"])
    if shown["kind"] == "audio":
        return {"seconds": round(size / shown["rate"], 3), "samples a second": shown["rate"]}
    return {"steps": size, "channels": shown["array"].shape[1]}


def _plain(value: Any) -> Any:
    return value if value is None or isinstance(value, (str, int, float, bool)) else str(value)
