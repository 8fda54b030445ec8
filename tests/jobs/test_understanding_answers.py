"""Answers about a trained model are kept for that model, can be ended, and say how far they are."""

import os
from pathlib import Path
from typing import Any

import pytest

from builder.errors import BuilderError
from builder.jobs import understanding
from builder.jobs.understanding import Trained, answer, cancel, kept_answer, progress_of


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Let one question be answered here; return what was asked."""
    seen: list[Any] = []

    def ask(trained: Trained, settings: Any, tick: Any) -> dict[str, Any]:
        seen.append(dict(settings))
        tick(0.5)
        return {"value": len(seen)}

    monkeypatch.setitem(understanding.QUESTIONS, "slices", ("Looking", ask))
    return seen


@pytest.fixture
def trained(tmp_path: Path) -> Trained:
    (tmp_path / understanding.MODEL_FILE).write_bytes(b"a model")
    nothing: Any = None
    return Trained(nothing, nothing, tmp_path, nothing, lambda: nothing, dict)


def test_an_answer_is_made_once_for_a_model_and_its_settings(trained: Trained, asked: list[Any]) -> None:
    told: list[tuple[float, str]] = []
    first = answer(trained, "slices", {"target": None}, lambda share, words: told.append((share, words)))
    assert first == answer(trained, "slices", {}) == kept_answer(trained.folder, "slices", {}) == {"value": 1}
    assert told == [(0.0, "Looking"), (0.5, "Looking")]
    assert answer(trained, "slices", {"target": "price"}) == {"value": 2}
    (trained.folder / understanding.MODEL_FILE).write_bytes(b"trained on")
    os.utime(trained.folder / understanding.MODEL_FILE, ns=(1, 1))
    assert kept_answer(trained.folder, "slices", {}) is None
    assert answer(trained, "slices", {}) == {"value": 3}


def test_work_ends_when_it_is_cancelled_and_can_be_asked_again(
    trained: Trained, monkeypatch: pytest.MonkeyPatch
) -> None:
    def endless(trained: Trained, settings: Any, tick: Any) -> dict[str, Any]:
        tick(0.25)
        assert progress_of(trained.folder, "map", {}) == {"share": 0.25, "words": "Placing"}
        cancel(trained.folder, "map", {})
        tick(0.5)
        raise AssertionError("it went on")

    monkeypatch.setitem(understanding.QUESTIONS, "map", ("Placing", endless))
    with pytest.raises(BuilderError, match="ended before it was done"):
        answer(trained, "map", {})
    assert progress_of(trained.folder, "map", {})["share"] == 0
    assert kept_answer(trained.folder, "map", {}) is None
    monkeypatch.setitem(understanding.QUESTIONS, "map", ("Placing", lambda *given: {"points": []}))
    assert answer(trained, "map", {}) == {"points": []}


def test_what_cannot_be_asked_is_refused_with_what_can(trained: Trained) -> None:
    with pytest.raises(BuilderError, match="'magic' cannot be asked. What can be asked: slices, importance"):
        answer(trained, "magic", {})
