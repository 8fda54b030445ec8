"""One small trained model of each family, and one export of several, shared by the tests."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from small_models import small

from builder.export import run

# Every format once on pictures; elsewhere the formats whose making depends on the family.
EXPORTED = {
    "cnn": (
        *("keras", "saved_model", "tflite_float32", "tflite_float16", "tflite_dynamic", "tflite_int8"),
        "server",
    ),
    "lstm": ("keras", "tflite_float32", "tflite_float16", "tflite_dynamic", "tflite_int8", "server"),
    "bidirectional": ("tflite_float32", "tflite_int8"),
    "transformer": ("tflite_float32", "tflite_float16", "tflite_dynamic", "tflite_int8"),
    "table": ("saved_model", "tflite_float32", "tflite_int8", "server"),
    "regression": ("tflite_float32", "tflite_float16", "tflite_dynamic", "tflite_int8"),
    "residual": ("tflite_float32", "tflite_int8"),
}


@pytest.fixture(scope="session")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("exports")


@pytest.fixture(scope="session")
def exported(work: Path) -> Callable[..., tuple[dict[str, Any], Path]]:
    """Return a function from a family, and formats if not all, to its export's (report, folder)."""
    made: dict[tuple[str, ...], Any] = {}

    def get(*wanted: str) -> tuple[dict[str, Any], Path]:
        if wanted not in made:
            kind, *formats = wanted
            folder = work / "_".join(wanted) / "exports"
            made[wanted] = (run(*small(kind), folder, formats or EXPORTED[kind]), folder)
        return made[wanted]

    return get
