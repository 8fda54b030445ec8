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
def exported(work: Path) -> Callable[[str], tuple[dict[str, Any], Path]]:
    """Return a function from a family to its export's (report, folder)."""
    made: dict[str, Any] = {}

    def get(kind: str) -> tuple[dict[str, Any], Path]:
        if kind not in made:
            folder = work / kind / "exports"
            made[kind] = (run(*small(kind), folder, EXPORTED[kind]), folder)
        return made[kind]

    return get
