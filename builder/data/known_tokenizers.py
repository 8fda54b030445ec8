"""The tokenizer of an earlier run, so that a model that was trained on its words can go on with them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from builder.data.tokenizers import Texts, fit_tokenizer
from builder.errors import stop
from builder.runs.workspace import default_workspace

NO_RUN, RUN = "none", "run:"
_KEPT = ("tokenizer", "vocabulary", "tokenizer_file")


def tokenizer_for(settings: Mapping[str, Any], texts: Texts, marks: Sequence[str] = ()) -> dict[str, Any]:
    """Return the settings of the tokenizer that the preprocessing asks for: a run's, or one of these texts.

    Args:
        settings: the preprocessing settings, defaults filled in.
        texts: returns the training texts from the beginning, some at a time, whenever it is called.
        marks: names of tokens that stand for no text, see ``fit_tokenizer``.

    Raises:
        BuilderError: where the run has no tokenizer, or one without the marks.
    """
    if settings["vocabulary_from"] == NO_RUN:
        return fit_tokenizer(settings["tokenizer"], texts, settings["vocabulary_size"], marks)
    found = _of_run(settings["vocabulary_from"])
    if found["vocabulary"][2 : 2 + len(marks)] != list(marks):
        message = (
            f"The words should come from '{settings['vocabulary_from']}', but the words of that run lack the "
            f"marks {', '.join(marks)} that this task needs. Choose a run of the same task, or 'none' to "
            "learn the words from these data."
        )
        raise stop("bad_vocabulary", message, field="vocabulary_from")
    return found


def _of_run(named: str) -> dict[str, Any]:
    if not named.startswith(RUN):
        message = (
            f"The words should come from '{named:.60}', which is neither 'none' nor 'run:' with a run's id. "
            "Choose one of these."
        )
        raise stop("bad_vocabulary", message, field="vocabulary_from")
    run_id = named.removeprefix(RUN)
    try:
        text = default_workspace().run_file(run_id, "spec.json").read_text(encoding="utf-8")
        inputs = json.loads(text)["inputs"]
    except (OSError, ValueError, KeyError):
        inputs = []
    found = next((item["settings"] for item in inputs if item["kind"] == "text"), None)
    if found is None:
        message = (
            f"The words should come from the run {run_id}, but it has left no vocabulary here. Choose "
            "another run, or 'none' to learn the words from these data."
        )
        raise stop("no_vocabulary", message, field="vocabulary_from")
    return {name: found[name] for name in _KEPT if name in found}
