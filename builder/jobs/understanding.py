"""What can be asked of a trained model as a whole, with progress, a way to end it, and answers that are kept.

Answers lie in the run's folder ``understanding``, one file a question; they hold for the model that was there
when they were made.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from builder.errors import stop
from builder.jobs.progress import Progress, progress_in, told_in
from builder.project import Project
from builder.runs.files import read_json, write_bytes, write_json
from builder.runs.records import RunRecord
from builder.runs.workspace import MODEL_FILE

if TYPE_CHECKING:
    from builder.data.prepare import Prepared

FOLDER = "understanding"
# Raise it when the same question gives another answer than before.
VERSION = 4
Tick = Callable[[float], None]


@dataclass
class Trained:
    """A run with what it was made of; the model is opened when it is first needed."""

    run: RunRecord
    project: Project
    folder: Path
    prepared: Prepared
    open_model: Callable[[], Any]
    open_evaluation: Callable[[], dict[str, Any]]

    @cached_property
    def model(self) -> Any:
        """The trained Keras model."""
        return self.open_model()

    def arrays(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        """Return the arrays of a person's own ``sample``, or of a ``row`` of the data."""
        from builder.data.encode import encode
        from builder.explain.targets import arrays_of_row
        from builder.explain.worded import check_samples

        if settings.get("sample") is not None:
            check_samples(self.prepared.spec, [settings["sample"]])
            return encode(self.prepared.spec, [settings["sample"]])
        return arrays_of_row(self.prepared, int(settings.get("row", self.prepared.indices["test"][0])))


def kept_answer(folder: Path, what: str, settings: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the kept answer to a question about a run, or None where there is none for its model.

    Args:
        folder: the run's folder.
        what: one of ``QUESTIONS``.
        settings: those of the question.
    """
    kept = read_json(_file(folder, what, settings, "json"))
    if not isinstance(kept, dict) or kept.get("model") != _model_time(folder):
        return None
    found: dict[str, Any] = kept["answer"]
    return found


def progress_of(folder: Path, what: str, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return how far a question is: ``{"share": 0 to 1, "words"}``."""
    return progress_in(_file(folder, what, settings, "progress"))


def cancel(folder: Path, what: str, settings: Mapping[str, Any]) -> None:
    """Ask for the end of the work on a question; it ends at its next step."""
    write_bytes(_file(folder, what, settings, "cancel"), b"")


def forget_cancel(folder: Path, what: str, settings: Mapping[str, Any]) -> None:
    """Take back what ``cancel`` asked for, before a question is asked again."""
    _file(folder, what, settings, "cancel").unlink(missing_ok=True)


def answer(
    trained: Trained, what: str, settings: Mapping[str, Any], on_progress: Progress | None = None
) -> dict[str, Any]:
    """Return the answer to a question about a run, kept from an earlier time or made now.

    Args:
        trained: the run.
        what: one of ``QUESTIONS``.
        settings: those of the question; left out, they are the usual ones.
        on_progress: called with the done share, 0 to 1, and words.

    Raises:
        BuilderError: ``unknown_question``, ``cancelled``, or why the question does not fit the model.
    """
    if what not in QUESTIONS:
        known = ", ".join(QUESTIONS)
        raise stop("unknown_question", f"'{what}' cannot be asked. What can be asked: {known}.")
    kept = kept_answer(trained.folder, what, settings)
    if kept is not None:
        return kept
    words, ask = QUESTIONS[what]
    progress, ended = (_file(trained.folder, what, settings, end) for end in ("progress", "cancel"))
    tell = told_in(progress, on_progress)

    def tick(share: float) -> None:
        if ended.exists():
            raise stop("cancelled", "This was ended before it was done. Start it again when you want it.")
        tell(min(1.0, share), words)

    try:
        tick(0.0)
        found = ask(trained, settings, tick)
        kept_now = {"model": _model_time(trained.folder), "settings": _plain(settings), "answer": found}
        write_json(_file(trained.folder, what, settings, "json"), kept_now)
    finally:
        progress.unlink(missing_ok=True)
        ended.unlink(missing_ok=True)
    return found


def _slices(trained: Trained, settings: Mapping[str, Any], tick: Tick) -> dict[str, Any]:
    from builder.explain.slices import slices

    return slices(trained.model, trained.prepared, settings.get("target"), tick)


def _importance(trained: Trained, settings: Mapping[str, Any], tick: Tick) -> dict[str, Any]:
    from builder.explain.whole.importance import permutation_importance

    return permutation_importance(trained.model, trained.prepared, tick=tick, **_known(settings))


def _summary(trained: Trained, settings: Mapping[str, Any], tick: Tick) -> dict[str, Any]:
    from builder.explain.whole.summary import shapley_summary

    return shapley_summary(trained.model, trained.prepared, tick=tick, **_known(settings))


def _dependence(trained: Trained, settings: Mapping[str, Any], tick: Tick) -> dict[str, Any]:
    from builder.explain.whole.dependence import partial_dependence

    return partial_dependence(trained.model, trained.prepared, tick=tick, **_known(settings))


def _rules(trained: Trained, settings: Mapping[str, Any], tick: Tick) -> dict[str, Any]:
    from builder.explain.whole.surrogate import surrogate_rules

    return surrogate_rules(trained.model, trained.prepared, tick=tick, **_known(settings))


def _weights(trained: Trained, settings: Mapping[str, Any], tick: Tick) -> dict[str, Any]:
    from builder.explain.inside.weights import weight_distributions

    return weight_distributions(trained.model)


def _filters(trained: Trained, settings: Mapping[str, Any], tick: Tick) -> dict[str, Any]:
    from builder.explain.inside.filters import first_filters

    return first_filters(trained.model)


def _attention(trained: Trained, settings: Mapping[str, Any], tick: Tick) -> dict[str, Any]:
    from builder.adversarial.model import kept_part
    from builder.explain.inside.attention import attention_maps

    return attention_maps(kept_part(trained.model), trained.prepared.spec, trained.arrays(settings))


def _activations(trained: Trained, settings: Mapping[str, Any], tick: Tick) -> dict[str, Any]:
    from builder.explain.inside.activations import activation_maps
    from builder.jobs.run_weights import run_weights

    weights, _ = run_weights(trained.run.id)
    index = int(settings.get("index", 0))
    return activation_maps(trained.project.model, trained.prepared, "test", index, weights)


def _map(trained: Trained, settings: Mapping[str, Any], tick: Tick) -> dict[str, Any]:
    from builder.explain.inside.projector import embedding_map

    return embedding_map(trained.model, trained.prepared, tick=tick, **_known(settings))


def _report(trained: Trained, settings: Mapping[str, Any], tick: Tick) -> dict[str, Any]:
    from builder.explain.report.collect import collected
    from builder.explain.report.page import page

    def ask(what: str, tick: Tick) -> dict[str, Any]:
        return answer(trained, what, {}, lambda share, words: tick(share))

    evaluation = trained.open_evaluation()
    found = collected(
        trained.run, trained.project, trained.prepared, lambda: trained.model, evaluation, ask, tick
    )
    return {"html": page(found)}


# What can be asked: words for its progress, and the function that answers.
QUESTIONS: dict[str, tuple[str, Callable[[Trained, Mapping[str, Any], Tick], dict[str, Any]]]] = {
    "slices": ("Looking for groups with many errors", _slices),
    "importance": ("Mixing up one part after the other", _importance),
    "summary": ("Explaining samples", _summary),
    "dependence": ("Moving the column", _dependence),
    "rules": ("Fitting a tree to the model's answers", _rules),
    "weights": ("Reading the weights", _weights),
    "filters": ("Reading the filters", _filters),
    "attention": ("Watching the attention", _attention),
    "activations": ("Running every block", _activations),
    "map": ("Placing the samples", _map),
    "report": ("Writing the report", _report),
}


def _known(settings: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in settings.items() if value is not None}


def _plain(settings: Mapping[str, Any]) -> dict[str, Any]:
    return json.loads(json.dumps(_known(settings), default=_digest))


def _file(folder: Path, what: str, settings: Mapping[str, Any], ending: str) -> Path:
    text = json.dumps([VERSION, _known(settings)], sort_keys=True, default=_digest)
    return folder / FOLDER / f"{what}-{hashlib.sha256(text.encode()).hexdigest()[:16]}.{ending}"


def _digest(value: Any) -> Any:
    """Return what stands for the pixels or the sound of a person's own sample."""
    return hashlib.sha256(value.tobytes()).hexdigest() if hasattr(value, "tobytes") else str(value)


def _model_time(folder: Path) -> int | None:
    file = folder / MODEL_FILE
    return file.stat().st_mtime_ns if file.exists() else None
