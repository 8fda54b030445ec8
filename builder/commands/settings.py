"""Settings given on a command line."""

from __future__ import annotations

import json
from typing import Any

from builder.errors import stop


def settings_in(text: str) -> dict[str, Any]:
    """Return the settings in a JSON object, the text of ``--set``.

    Raises:
        BuilderError: ``not_json`` where the text is no JSON, or no object.
    """
    try:
        given = json.loads(text)
    except ValueError as error:
        raise stop("not_json", f"--set is not valid JSON ({error}).") from error
    if not isinstance(given, dict):
        raise stop("not_json", f"--set must be a JSON object of settings. Got {text:.60} instead.")
    return given
