"""Cases of which most run only when everything is asked for."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

import pytest


def mostly_rare(cases: Iterable[Any], always: Collection[Any]) -> list[Any]:
    """Return cases, of which all but some run in the exhaustive run alone."""
    return [case if case in always else _rare(case) for case in cases]


def with_rare(cases: Iterable[Any], rare: Collection[Any]) -> list[Any]:
    """Return cases, of which some run in the exhaustive run alone."""
    return [_rare(case) if case in rare else case for case in cases]


def _rare(case: Any) -> Any:
    return pytest.param(case, marks=pytest.mark.exhaustive)
