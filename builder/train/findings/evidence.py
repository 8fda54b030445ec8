"""What the finders look at, and what they say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True)
class Finding:
    """One thing that goes wrong.

    ``code`` is a stable name; ``title`` and ``words`` are for people, the second with the numbers behind it.
    ``change`` is ``{"label", "training": {setting: value}, "edits": [graph edits]}``; an edit's ``id`` is a
    layer's name until the worker puts the block's in its place.
    """

    code: str
    title: str
    words: str
    change: dict[str, Any]
    layer: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the finding as JSON-ready data."""
        return asdict(self)


@dataclass(frozen=True)
class Evidence:
    """The curves and tensors of a run so far.

    ``epochs`` holds the values of each epoch, ``samples`` those of ``builder.train.tensor_samples``;
    ``class_shares`` is how often each class stands in the training data, where a sample is of one;
    ``chance_loss`` is the loss of guessing without looking at the input, None where that is not known.
    """

    settings: Mapping[str, Any]
    epochs: Sequence[Mapping[str, float]]
    samples: Sequence[Mapping[str, Any]] = field(default_factory=tuple)
    class_shares: Sequence[float] = ()
    chance_loss: float | None = None

    def curve(self, name: str) -> list[float]:
        """Return a value over the epochs; empty where it is not reported."""
        return [epoch[name] for epoch in self.epochs if name in epoch]

    def share_learned(self, loss: float) -> float:
        """Return how much of the way from where the training loss began to 0 lies behind a loss; at most 1.

        It began at its first epoch, or at guessing where the first epoch had come below that already.
        """
        began = max(self.curve("loss")[0], self.chance_loss or 0.0, 1e-12)
        return 1 - loss / began

    def training_change(self, label: str, **values: Any) -> dict[str, Any]:
        """Return the change of training settings."""
        return {"label": label, "training": values, "edits": []}

    def other_rate(self, factor: float, **more: Any) -> dict[str, Any]:
        """Return the change to another learning rate, by a factor, and of other settings."""
        before = self.settings["learning_rate"]
        after = float(f"{min(before * factor, 10.0):.2g}")
        verb = "Raise" if factor > 1 else "Lower"
        others = "".join(f" and set {name} to {value:g}" for name, value in more.items())
        label = f"{verb} the learning rate from {before:g} to {after:g}{others}"
        return self.training_change(label, learning_rate=after, **more)


def relative_fall(curve: Sequence[float]) -> float:
    """Return by which share of its start a curve has fallen."""
    return (curve[0] - curve[-1]) / max(abs(curve[0]), 1e-12)
