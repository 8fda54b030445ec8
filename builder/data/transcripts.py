"""Target texts as the characters that a model writes down: index 0 is the blank, which stands for none."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from builder.data.columns import is_missing
from builder.data.targets import Targets
from builder.errors import Problem, stop

BLANK = ""
LONGEST = 200
MOST_CHARACTERS = 5_000


class TranscriptReader:
    """Reads a column of texts piece by piece; the characters are known when all of it has passed.

    Args:
        name: the column's name.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.task = "transcription"
        self._texts: list[str] = []
        self._missing = 0
        self._too_long = 0

    def usable(self, cells: pd.Series, numbers: np.ndarray) -> np.ndarray:
        """Tell of each cell whether it has a text of a length that can be written down."""
        missing = is_missing(cells)
        too_long = cells.str.len().to_numpy() > LONGEST
        self._missing += int(missing.sum())
        self._too_long += int((too_long & ~missing).sum())
        return ~missing & ~too_long

    def add(self, cells: pd.Series, numbers: np.ndarray) -> None:
        """Read some usable cells."""
        self._texts += [" ".join(text.split()) for text in cells.tolist()]

    def finish(self) -> tuple[Targets, list[Problem]]:
        """Return the texts as indices of characters, (rows, longest text), 0 behind the end, and warnings.

        Raises:
            BuilderError: where no text is there, all are equal, or the characters are too many.
        """
        distinct = set(self._texts)
        if len(distinct) < 2:
            message = (
                f"The target column '{self.name}' holds {len(distinct)} different text(s); there is "
                "nothing to tell apart. Choose another target."
            )
            raise stop("one_text", message, field=self.name)
        characters = (BLANK, *sorted(set("".join(distinct))))
        if len(characters) > MOST_CHARACTERS:
            message = (
                f"The target column '{self.name}' has {len(characters):,} different characters, more than "
                f"{MOST_CHARACTERS:,}. Choose texts of one script."
            )
            raise stop("too_many_characters", message, field=self.name)
        index = {character: number for number, character in enumerate(characters)}
        values = np.zeros((len(self._texts), max(map(len, distinct))), np.int32)
        for row, text in enumerate(self._texts):
            values[row, : len(text)] = [index[character] for character in text]
        return Targets(values, np.empty(0), characters), self._problems()

    def _problems(self) -> list[Problem]:
        found = []
        if self._missing:
            message = f"{self._missing:,} row(s) have no text in '{self.name}' and were left out."
            found.append(Problem("target_missing", message, field=self.name, severity="warning"))
        if self._too_long:
            message = (
                f"{self._too_long:,} row(s) have a text of more than {LONGEST} characters in '{self.name}' "
                "and were left out. Cut such samples into shorter ones."
            )
            found.append(Problem("text_too_long", message, field=self.name, severity="warning"))
        return found


def read_transcripts(cells: pd.Series) -> Targets:
    """Return the texts of a table's target column; rows without a usable one are left out with a warning.

    Raises:
        BuilderError: as ``TranscriptReader.finish`` does.
    """
    reader = TranscriptReader(str(cells.name))
    kept = np.flatnonzero(reader.usable(cells, np.empty(0)))
    reader.add(cells.iloc[kept], np.empty(0))
    targets, problems = reader.finish()
    return replace(targets, kept=kept, problems=tuple(problems))


def text_of_indices(indices: np.ndarray, characters: tuple[str, ...]) -> str:
    """Return the text of a row of targets."""
    return "".join(characters[number] for number in indices.tolist())


def steps_needed(targets: np.ndarray) -> int:
    """Return the fewest steps in which every text can be written: a doubled character needs a blank between.

    Reference: Graves et al., Connectionist Temporal Classification (2006), section 3.1.
    """
    doubled = (targets[:, 1:] == targets[:, :-1]) & (targets[:, 1:] != 0)
    return int(((targets != 0).sum(axis=1) + doubled.sum(axis=1)).max())
