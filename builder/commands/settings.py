"""Settings and options given on a command line."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from builder.errors import shown_value, stop


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
        raise stop("not_json", f"--set must be a JSON object of settings. Got {shown_value(text)} instead.")
    return given


def refuse_idle(options: Mapping[str, bool], why: str) -> None:
    """Stop where an option was given that would do nothing.

    Args:
        options: for each option's name, whether it was given.
        why: the reason, behind "because", and what to do instead.

    Raises:
        BuilderError: ``idle_option``.
    """
    given = [name for name, is_given in options.items() if is_given]
    if given:
        raise stop("idle_option", f"{' and '.join(given)} would do nothing here, because {why}")
