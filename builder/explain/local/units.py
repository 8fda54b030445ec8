"""The parts of a sample that an explanation speaks of: patches, words, columns, stretches of time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np

from builder.data.blank import blank
from builder.data.prepare import Prepared
from builder.data.spec import DataSpec, ModelInput
from builder.data.tokenizers import UNKNOWN_TOKEN, text_of
from builder.explain.targets import some_rows

PATCHES_A_SIDE = 8
STRETCHES = 24
STRETCHES_OF_SERIES = 12
# So many rows tell which category is the most frequent.
_MOST_ROWS = 100_000
_PADDING = 0


@dataclass(frozen=True)
class Group:
    """The units of one input, in order.

    ``labels`` name them for people. ``places`` has the shape of the input's array (of a table: the columns of
    both arrays side by side) and holds for each place the number of its unit within the group, or -1 where it
    belongs to none, as padding does. ``grid`` is the rows and columns of a picture's patches.
    """

    item: ModelInput
    labels: tuple[str, ...]
    places: np.ndarray
    grid: tuple[int, int] | None = None


class Units:
    """One sample, cut into units that can be taken away.

    What stands in place of a unit: the median color of a picture, silence, the unknown word, a column's mean
    or usual category, a channel's mean.

    Args:
        spec: the data's description.
        arrays: the sample's arrays by name, each with a batch axis of 1, in the dtypes of the model.
        usual: of a table with categories what ``usual_categories`` gives.
    """

    def __init__(
        self,
        spec: DataSpec,
        arrays: Mapping[str, np.ndarray],
        usual: Mapping[str, np.ndarray] = MappingProxyType({}),
    ) -> None:
        self.arrays = {name: np.asarray(values) for name, values in arrays.items()}
        self.groups = [_group(item, self.arrays) for item in spec.inputs]
        absent = {name: row for item in spec.inputs for name, row in _absent(item, self.arrays).items()}
        self.absent = {**absent, **usual}
        self._starts = np.cumsum([0, *(len(group.labels) for group in self.groups)])

    @property
    def count(self) -> int:
        """The number of units of all inputs together."""
        return int(self._starts[-1])

    @property
    def labels(self) -> list[str]:
        """The name of every unit."""
        return [label for group in self.groups for label in group.labels]

    @property
    def differing(self) -> np.ndarray:
        """Whether each unit differs from what stands in its place where it is taken away, (count,)."""
        changed = {name: self.arrays[name][0] != row for name, row in self.absent.items()}
        return self.by_unit(changed) > 0

    def masked(self, present: np.ndarray) -> dict[str, np.ndarray]:
        """Return a batch of the sample with only some units present.

        Args:
            present: (batch, count), whether each unit is there.
        """
        found: dict[str, np.ndarray] = {}
        for number, group in enumerate(self.groups):
            own = np.asarray(present, dtype=bool)[:, self._starts[number] : self._starts[number + 1]]
            # What belongs to no unit is always there; it is looked up in a last column of its own.
            own = np.concatenate([own, np.ones((len(own), 1), bool)], axis=1)
            found |= self._masked_group(group, own[:, group.places])
        return found

    def by_unit(self, scores: Mapping[str, np.ndarray]) -> np.ndarray:
        """Return the sums of values over each unit's places, (count,).

        Args:
            scores: values by array name, without a batch axis and with the shapes of the arrays; of tokens
                one value a token.
        """
        sums = []
        for group in self.groups:
            values = np.concatenate(
                [np.asarray(scores[array.name]).reshape(-1) for array in group.item.arrays]
            )
            places = group.places.reshape(-1)
            inside = places >= 0
            sums.append(
                np.bincount(places[inside], weights=values[inside], minlength=len(group.labels)).astype(float)
            )
        return np.concatenate(sums)

    def of_groups(self, scores: np.ndarray) -> list[tuple[Group, np.ndarray]]:
        """Return every group with its own units' scores."""
        return [
            (group, np.asarray(scores[self._starts[number] : self._starts[number + 1]]))
            for number, group in enumerate(self.groups)
        ]

    def _masked_group(self, group: Group, shown: np.ndarray) -> dict[str, np.ndarray]:
        found, start = {}, 0
        for array in group.item.arrays:
            values = self.arrays[array.name][0]
            width = values.size if group.item.kind == "table" else None
            part = shown if width is None else shown[:, start : start + width]
            start += width or 0
            found[array.name] = np.where(part, values, self.absent[array.name]).astype(values.dtype)
        return found


def usual_categories(prepared: Prepared) -> dict[str, np.ndarray]:
    """Return the most frequent category of every column in the training rows, as a row by the array's name.

    Like a column's mean, it is what the model knows best. "Other" would not do: where all training rows have
    a known category, no model has learned what it means.
    """
    if "categorical" not in prepared.arrays:
        return {}
    codes = prepared.arrays["categorical"][some_rows(prepared, "train", _MOST_ROWS)]
    return {"categorical": np.array([np.bincount(column).argmax() for column in codes.T])}


def _group(item: ModelInput, arrays: Mapping[str, np.ndarray]) -> Group:
    make = {
        "image": _patches,
        "audio": _stretches_of_sound,
        "series": _stretches_of_series,
        "text": _words,
        "table": _columns,
    }
    return make[item.kind](item, arrays)


def _patches(item: ModelInput, arrays: Mapping[str, np.ndarray]) -> Group:
    height, width, channels = item.arrays[0].shape
    rows, columns = min(PATCHES_A_SIDE, height), min(PATCHES_A_SIDE, width)
    row = np.arange(height) * rows // height
    column = np.arange(width) * columns // width
    places = np.repeat((row[:, None] * columns + column[None])[..., None], channels, axis=-1)
    labels = tuple(f"row {r + 1}, column {c + 1}" for r in range(rows) for c in range(columns))
    return Group(item, labels, places, (rows, columns))


def _stretches_of_sound(item: ModelInput, arrays: Mapping[str, np.ndarray]) -> Group:
    samples = item.arrays[0].shape[0]
    count = min(STRETCHES, samples)
    places = np.arange(samples) * count // samples
    seconds = samples / item.settings["rate"] / count
    labels = tuple(f"{n * seconds:.2f} to {(n + 1) * seconds:.2f} s" for n in range(count))
    return Group(item, labels, places)


def _stretches_of_series(item: ModelInput, arrays: Mapping[str, np.ndarray]) -> Group:
    steps, channels = item.arrays[0].shape
    count = min(STRETCHES_OF_SERIES, steps)
    stretch = np.arange(steps) * count // steps
    places = stretch[:, None] * channels + np.arange(channels)[None]
    names = item.settings.get("columns") or [f"channel {number + 1}" for number in range(channels)]
    spans = [np.flatnonzero(stretch == number) for number in range(count)]
    labels = tuple(
        f"{name}, steps {span[0] + 1} to {span[-1] + 1}" for span in spans for name in names[:channels]
    )
    return Group(item, labels, places)


def _words(item: ModelInput, arrays: Mapping[str, np.ndarray]) -> Group:
    tokens = arrays[item.arrays[0].name][0]
    is_word = tokens != _PADDING
    places = np.where(is_word, np.cumsum(is_word) - 1, -1)
    return Group(item, tuple(text_of(item.settings, [int(token)]) for token in tokens[is_word]), places)


def _columns(item: ModelInput, arrays: Mapping[str, np.ndarray]) -> Group:
    names = (*item.settings["numeric_columns"], *item.settings["categorical_columns"])
    return Group(item, names, np.arange(len(names)))


def _absent(item: ModelInput, arrays: Mapping[str, np.ndarray]) -> dict[str, Any]:
    if item.kind == "image":
        picture = arrays[item.arrays[0].name][0]
        return {item.arrays[0].name: np.broadcast_to(np.median(picture, axis=(0, 1)), picture.shape)}
    if item.kind == "text":
        tokens = arrays[item.arrays[0].name][0]
        return {item.arrays[0].name: np.where(tokens == _PADDING, _PADDING, UNKNOWN_TOKEN)}
    return blank(item)
