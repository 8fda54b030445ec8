"""The kept answer of a measurement: in the export's folder for its files, in the run's for the frontier."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from builder.export.quantization import Quantization
from builder.runs.files import read_json, write_json

TRUTH_FILE = "truth.json"
VARIANTS_FILE = "variants.json"
# Of the layers inside of blocks, so many of the worst are shown.
MOST_INSIDE = 12


def read_truth(exports: Path) -> dict[str, Any] | None:
    """Return what was measured of the files in an export's folder, or None where nothing was."""
    found = read_json(exports / TRUTH_FILE)
    return found if isinstance(found, dict) else None


def read_variants(run_folder: Path, model: str | None = None) -> list[dict[str, Any]]:
    """Return every variant of a run that was measured, with its choices; newest last.

    Args:
        run_folder: the run's folder.
        model: the stamp of the trained model; variants of an earlier one are left out. None takes all.
    """
    found = read_json(run_folder / VARIANTS_FILE)
    known = found if isinstance(found, list) else []
    return [item for item in known if model in (None, item["model"])]


def keep(truth: Mapping[str, Any], exports: Path, run_folder: Path, stamp: str) -> None:
    """Write a measurement beside the files, and its variants to those of the run."""
    write_json(exports / TRUTH_FILE, truth)
    (exports / "bundle.zip").unlink(missing_ok=True)
    new = [_variant(item, truth, stamp) for item in truth["variants"] if not item["problem"]]
    keys = {_key(item) for item in new}
    kept = [item for item in read_variants(run_folder, stamp) if _key(item) not in keys]
    write_json(run_folder / VARIANTS_FILE, [*kept, *new])


def _variant(item: Mapping[str, Any], truth: Mapping[str, Any], stamp: str) -> dict[str, Any]:
    chosen = truth["quantization"] if item["quantized"] else Quantization().to_json()
    speed = item.get("speed")
    return {
        "model": stamp,
        "format": item["format"],
        "label": item["label"],
        "quantization": chosen,
        "metric": truth["metric"],
        "larger_is_better": truth["larger_is_better"],
        "samples": truth["samples"],
        "score": item["score"],
        "agreement": item.get("agreement"),
        "bytes": item["bytes"],
        "latency_ms": speed["one"]["p50"] if speed else item.get("latency_ms"),
        "memory_bytes": speed["memory_bytes"] if speed else None,
        "arena_bytes": (item.get("micro") or {}).get("arena_bytes"),
    }


def _key(item: Mapping[str, Any]) -> tuple[Any, ...]:
    chosen = item["quantization"]
    return item["format"], tuple(chosen["keep_float"]), chosen["calibration_samples"]
