"""The inputs that a table's linked pictures and recordings become."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache, partial
from typing import Any, Generic, TypeVar

import numpy as np
from PIL import Image

from builder.data.audio import decode_recording, to_waveform
from builder.data.files import BrokenFile
from builder.data.images import Grays, decode_image
from builder.data.linked import Links
from builder.data.pixels import to_array
from builder.data.prepare_audio import audio_input
from builder.data.prepare_files import STORED_AS, too_many_broken
from builder.data.prepare_images import image_input
from builder.data.spec import ModelInput
from builder.errors import Problem, stop

# Rows that share a file mostly follow each other.
_KEPT_FILES = 64
_ROWS_AT_ONCE = 128
Decoded = TypeVar("Decoded")


@dataclass(frozen=True)
class _NamedFiles(Generic[Decoded]):
    names: list[str]
    read: Callable[[int], Decoded]
    grays: Grays | None = None


@dataclass
class LinkedInput:
    """One column of linked files as an input of the model.

    A row without a file, or with one that cannot be read, gets a black picture or silence.
    """

    item: ModelInput
    encode: Callable[[bytes], np.ndarray]
    links: Links
    column: str
    rows: int = 0
    empty: int = 0
    broken: dict[str, str] = field(default_factory=dict)
    broken_rows: int = 0

    def __post_init__(self) -> None:
        self._array_of = lru_cache(_KEPT_FILES)(self._read)

    def pieces(self, cells: Iterable[str | None]) -> Iterator[np.ndarray]:
        """Return the arrays of some rows, in order, a few rows at a time."""
        waiting: list[np.ndarray] = []
        for cell in cells:
            waiting.append(self._row(cell))
            if len(waiting) == _ROWS_AT_ONCE:
                yield np.stack(waiting)
                waiting = []
        if waiting:
            yield np.stack(waiting)

    def problems(self) -> list[Problem]:
        """Return what is wrong with the files of the rows that were read.

        Raises:
            BuilderError: where too many of them cannot be read.
        """
        found = []
        if self.empty:
            message = (
                f"{self.empty:,} of {self.rows:,} rows have no file in the column '{self.column}'. They get "
                "a black picture or silence, so that the model can learn to do without."
            )
            found.append(Problem("linked_files_missing", message, field=self.column, severity="warning"))
        if self.broken:
            shown = ", ".join(f"{name} ({why})" for name, why in list(self.broken.items())[:5])
            message = (
                f"The files of {self.broken_rows:,} of {self.rows:,} rows in the column '{self.column}' "
                f"cannot be used: {shown}."
            )
            if too_many_broken(self.broken_rows, self.rows):
                message += " Put whole files beside the table, or empty these cells."
                raise stop("broken_linked_files", message, field=self.column)
            message += " They get a black picture or silence."
            found.append(Problem("linked_files_broken", message, field=self.column, severity="warning"))
        return found

    def _row(self, cell: str | None) -> np.ndarray:
        self.rows += 1
        if cell is None or not cell.strip():
            self.empty += 1
            return self._nothing()
        array = self._array_of(cell)
        if array is None:
            self.broken_rows += 1
            return self._nothing()
        return array

    def _read(self, cell: str) -> np.ndarray | None:
        data = self.links.read(cell)
        if data is None:
            self.broken[cell] = "there is no such file"
            return None
        try:
            return self.encode(data)
        except BrokenFile as error:
            self.broken[cell] = str(error)
            return None

    def _nothing(self) -> np.ndarray:
        return np.zeros(self.item.arrays[0].shape, STORED_AS[self.item.kind])


def linked_input(
    kind: str, column: str, cells: list[str], links: Links, settings: Mapping[str, Any]
) -> LinkedInput:
    """Return the input for a column whose files are of a kind.

    Args:
        kind: ``"image"`` or ``"audio"``.
        column: the column's name.
        cells: some cells, from whose files sizes and rates left on "auto" are taken.
        links: where the files are.
        settings: the preprocessing settings.
    """
    names = [cell for cell in dict.fromkeys(cells) if links.find(cell)]
    if kind == "image":
        decode = partial(decode_image, grays=links.grays)
        item, _ = image_input(_NamedFiles(names, _reading(names, links, decode), links.grays), settings)
        encode = _picture_encoder(item.arrays[0].shape, decode)
    else:
        item, _ = audio_input(_NamedFiles(names, _reading(names, links, decode_recording)), settings)
        encode = _sound_encoder(item.settings["rate"], item.arrays[0].shape[0])
    return LinkedInput(
        replace(item, settings={**item.settings, "file_column": column}), encode, links, column
    )


def _reading(names: list[str], links: Links, decode: Callable[[bytes], Decoded]) -> Callable[[int], Decoded]:
    return lambda row: decode(links.read(names[row]) or b"")


def _picture_encoder(
    shape: tuple[int, ...], decode: Callable[[bytes], Image.Image]
) -> Callable[[bytes], np.ndarray]:
    return lambda data: to_array(decode(data), *shape)


def _sound_encoder(rate: int, samples: int) -> Callable[[bytes], np.ndarray]:
    return lambda data: to_waveform(decode_recording(data), rate, samples)
