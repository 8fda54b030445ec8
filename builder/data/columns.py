"""Columns of text cells: what is missing, what is a number, and which role each column gets."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from builder.data.number_marks import SIGNS
from builder.data.splits import check_rows
from builder.data.table_codes import MISSING, NO_NUMBER
from builder.errors import Problem, stop
from builder.tasks import READ_AS, TASKS

# A column with a few cells that are no numbers is a column of numbers with mistakes.
NUMERIC_SHARE = 0.8
INPUT_ROLES = ("numeric", "categorical", "text", "image", "audio")
_OF_NUMBERS = ("regression", "count")
TARGET_NAMES = ("target", "label", "class", "y", "outcome", "category", "labels", "classes")
_TEXT_WORDS = 5
_CELLS_LOOKED_AT = 2_000
_CATEGORIES_OF_AN_ID = 100
_MANY_ANSWERS = 50
_CLASSES_OF_A_NUMBER = 20
_NUMBER = re.compile(r"[+-]?(\d+([.,]\d*)?|[.,]\d+)([eE][+-]?\d+)?\Z")
_SIGN = rf"\s?({'|'.join(map(re.escape, SIGNS))})\s?"
_DIGITS = r"[+-]?\d[\d.,' ]*"
_WITH_SIGN = rf"{_SIGN}{_DIGITS}|[+-]?{_SIGN}\d[\d.,' ]*|{_DIGITS}{_SIGN}"
_SHOWN = 5
_CELL_SHOWN = 40
_ID_NAME = re.compile(r"(.*[_\s-])?(id|index|uuid|guid)\Z|unnamed.*|column_0\Z", re.IGNORECASE)


@dataclass(frozen=True)
class ColumnFacts:
    """What was found out about a column: its type, its numbers if it has any, and counts.

    ``type`` is ``"number"``, ``"text"`` or ``"category"``; ``numbers`` is float64 with NaN where a
    cell is missing or is no number; ``strays`` marks the cells that are neither; ``words`` is the mean
    number of words in the first cells.
    """

    name: str
    type: str
    missing: np.ndarray
    numbers: np.ndarray
    strays: np.ndarray
    distinct: int
    words: float

    @property
    def is_mixed(self) -> bool:
        """Whether the column holds both numbers and words."""
        return bool(self.strays.any()) and bool(np.isfinite(self.numbers).any())


def looks_like_number(cell: str) -> bool:
    """Tell whether a cell reads as one number; a decimal comma is allowed."""
    return bool(_NUMBER.match(cell))


def is_missing(cells: pd.Series) -> np.ndarray:
    """Return True for the cells that stand for nothing: empty, ``?``, ``NA``, ``nan``, ``null`` …"""
    return cells.str.lower().isin(MISSING).to_numpy(dtype=bool)


def present_cells(cells: pd.Series) -> pd.Series:
    """Return the cells that stand for something."""
    return cells[~is_missing(cells)]


def to_numbers(cells: pd.Series, decimal_comma: bool = False) -> np.ndarray:
    """Return the cells as float64; NaN where a cell is no finite number that float32 can hold."""
    values = _all_numbers(cells)
    if values is not None:
        return np.where(np.abs(values) < np.finfo(np.float32).max, values, np.nan)
    places, words = pd.factorize(cells)
    if len(words) < len(cells) / 4:
        # Words repeat; each is looked at once.
        return to_numbers(pd.Series(words, dtype="str"), decimal_comma)[places]
    return parsed_numbers(cells, decimal_comma)


def parsed_numbers(cells, decimal_comma=False):  # type: ignore[no-untyped-def]
    """Return the cells as float64; NaN where a cell is no finite number that float32 can hold."""
    values = pd.to_numeric(cells, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
    if decimal_comma and np.isnan(values).any():
        with_point = cells.str.replace(",", ".", n=1, regex=False)
        with_comma = pd.to_numeric(with_point, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
        values = np.where(np.isnan(values), with_comma, values)
    return np.where(np.abs(values) < np.finfo(np.float32).max, values, np.nan)


def _all_numbers(cells: pd.Series) -> np.ndarray | None:
    """Return the cells as float64 where Arrow reads every one as a number or as empty, else None.

    Most columns are like this, and Arrow is several times faster than pandas.
    """
    text = pa.array(cells, type=pa.string(), from_pandas=True)
    try:
        numbers = pc.if_else(pc.equal(text, ""), None, text).cast(pa.float64())
    except pa.ArrowInvalid:
        return None
    return numbers.to_numpy(zero_copy_only=False)


@dataclass
class ColumnTally:
    """What is counted of a column while its cells pass by; ``type`` is the one that was found out before."""

    name: str
    type: str
    missing: int = 0
    present: int = 0
    strays: int = 0
    numbers: int = 0
    stray_lines: tuple[int, ...] = ()
    stray_cells: tuple[str, ...] = ()

    def add(self, cells: pd.Series, lines: np.ndarray, decimal_comma: bool) -> np.ndarray:
        """Count some cells and return their numbers, float64, NaN where a cell holds none."""
        missing = is_missing(cells)
        numbers = np.where(missing, np.nan, to_numbers(cells, decimal_comma))
        self.count(cells, missing, numbers, ~missing & np.isnan(numbers), lines)
        return numbers

    def count(
        self,
        cells: pd.Series,
        missing: np.ndarray,
        numbers: np.ndarray,
        strays: np.ndarray,
        lines: np.ndarray,
    ) -> None:
        """Count cells that were looked at already."""
        self.missing += int(missing.sum())
        self.present += int((~missing).sum())
        self.strays += int(strays.sum())
        self.numbers += int(np.isfinite(numbers).sum())
        if len(self.stray_lines) < 3:
            self.stray_lines = (*self.stray_lines, *lines[strays][:3].tolist())[:3]
            self.stray_cells = (*self.stray_cells, *cells[strays].head(3))[:3]

    @property
    def examples(self) -> str:
        """Some cells that are no usable numbers, and why not where that cannot be seen from them."""
        shown = ", ".join(f"'{cell[:_CELL_SHOWN]}'" for cell in dict.fromkeys(self.stray_cells))
        numbers = pd.to_numeric(pd.Series(self.stray_cells, dtype="str"), errors="coerce")
        largest = np.finfo(np.float32).max
        return f"such as {shown}" + (f" (numbers are used up to {largest:.2g})" if numbers.any() else "")


def column_facts(cells: pd.Series, decimal_comma: bool = False) -> ColumnFacts:
    """Return what can be found out about a column of text cells."""
    missing = is_missing(cells)
    numbers = np.where(missing, np.nan, to_numbers(cells, decimal_comma))
    strays = ~missing & np.isnan(numbers)
    present = int((~missing).sum())
    kept = cells[~missing]
    words = float((kept.head(_CELLS_LOOKED_AT).str.count(r"\s+") + 1).mean()) if present else 0.0
    distinct = int(kept.nunique())
    are_few = strays.sum() <= (1 - NUMERIC_SHARE) * present
    if present and (are_few or (strays.sum() < present and cells[strays].str.lower().isin(NO_NUMBER).all())):
        kind = "number"
    elif words >= _TEXT_WORDS and distinct > min(20, present / 2):
        kind = "text"
    else:
        kind = "category"
    return ColumnFacts(str(cells.name), kind, missing, numbers, strays, distinct, words)


def table_facts(frame: pd.DataFrame, decimal_comma: bool = False) -> dict[str, ColumnFacts]:
    """Return the facts about every column of a table."""
    return {name: column_facts(frame[name], decimal_comma) for name in frame.columns}


def propose_roles(
    facts: Mapping[str, ColumnFacts], fixed: Mapping[str, str], task: str | None = None
) -> dict[str, str]:
    """Return a role for every column; those in ``fixed`` stay as they are.

    The target is the column named like one (target, label, class, …), else the last that varies; where a
    task is wished for, one of those that suit it, if any does. Columns that only number or name the rows, or
    that never change, are ignored. The column with the longest texts becomes the text input; other texts are
    ignored.
    """
    fixed = {name: role for name, role in fixed.items() if name in facts}
    chosen = next((name for name, role in fixed.items() if role == "target"), None)
    target = chosen or _target_of(_suiting(facts, task) or facts)
    texts = [item for item in facts.values() if item.type == "text" and item.name != target]
    longest = max(texts, key=lambda item: item.words).name if texts else None
    roles = {}
    for name, item in facts.items():
        if name in fixed:
            roles[name] = fixed[name]
        elif name == target:
            roles[name] = "target"
        else:
            roles[name] = _role_of(item, longest)
    return roles


def propose_task(target: ColumnFacts, has_text: bool = False) -> str:
    """Return ``"regression"`` for a target of many different numbers, else ``"classification"``.

    Where a text stands beside a target of which nearly every row has its own, it is ``"text_to_text"``.
    """
    numbers = target.numbers[np.isfinite(target.numbers)]
    if target.type != "number" or not len(numbers):
        present = int((~target.missing).sum())
        if has_text and target.distinct > max(_MANY_ANSWERS, present / 2):
            return "text_to_text"
        return "classification"
    has_fractions = bool((numbers != np.round(numbers)).any())
    limit = _CLASSES_OF_A_NUMBER // 2 if has_fractions else _CLASSES_OF_A_NUMBER
    return "regression" if target.distinct > limit else "classification"


def column_problems(
    frame: pd.DataFrame, facts: Mapping[str, ColumnFacts], roles: Mapping[str, str], lines: np.ndarray
) -> list[Problem]:
    """Return warnings about columns in use that mix numbers and words."""
    tallies = {}
    for name, item in facts.items():
        tallies[name] = ColumnTally(name, item.type)
        tallies[name].count(frame[name], item.missing, item.numbers, item.strays, lines)
    return tally_problems(tallies, roles)


def tally_problems(tallies: Mapping[str, ColumnTally], roles: Mapping[str, str]) -> list[Problem]:
    """Return warnings about columns in use that mix numbers and words."""
    problems = []
    for name, item in tallies.items():
        is_mixed = item.strays and item.numbers
        if roles.get(name, "ignore") in ("ignore", "text", "image", "audio") or not is_mixed:
            continue
        if item.type == "number" and roles[name] not in ("categorical", "class_target"):
            problems.append(_strays_warning(item))
        elif item.type == "category" and item.numbers >= 0.2 * item.present:
            message = (
                f"The column '{name}' mixes numbers and words ({item.strays:,} of "
                f"{item.present:,} values are no numbers, {item.examples}). Its values are taken as words."
            )
            problems.append(Problem("mixed_types", message, field=name, severity="warning"))
    return problems


def sign_problems(frame: pd.DataFrame, roles: Mapping[str, str]) -> list[Problem]:
    """Return a warning about columns of numbers that stay words, with signs such as $10 beside €5."""
    found = []
    for name, role in roles.items():
        if role not in ("categorical", "target", "class_target"):
            continue
        cells = frame[name].head(_CELLS_LOOKED_AT)
        present = present_cells(cells)
        if len(present) and present.str.fullmatch(_WITH_SIGN).mean() >= NUMERIC_SHARE:
            found.append(f"'{name}' (such as {present.iloc[min(1, len(present) - 1)][:20]})")
    if not found:
        return []
    message = (
        f"The numbers in {', '.join(found[:_SHOWN])}{' …' if len(found) > _SHOWN else ''} have signs or "
        "units beside them and cannot be read as they are written, so they are taken as words. Save them in "
        "one unit and without signs to have them as numbers."
    )
    return [Problem("numbers_with_signs", message, field="source", severity="warning")]


def constant_problems(frame: pd.DataFrame, facts: Mapping[str, ColumnFacts]) -> list[Problem]:
    """Return warnings about columns that say the same in every row."""
    problems = []
    for name, item in facts.items():
        if item.distinct != 1 or item.missing.any():
            continue
        value = str(frame[name].iloc[0])[:40]
        message = (
            f"The column '{name}' is '{value}' in every row, so nothing can be learned "
            "from it, and there is nothing to tell apart in it. Bring rows with other values."
        )
        problems.append(Problem("one_value", message, field=name, severity="warning"))
    if len(problems) <= _SHOWN:
        return problems
    shown = ", ".join(f"'{problem.field}'" for problem in problems[:_SHOWN])
    message = (
        f"{len(problems):,} columns say the same in every row: {shown} …. Nothing can be learned from them. "
        "Leave them out, or bring rows with other values."
    )
    return [Problem("one_value", message, field="source", severity="warning")]


def check_column(name: str, columns: Sequence[str]) -> None:
    """Check that data have a column.

    Raises:
        BuilderError: ``unknown_column``, with the columns that there are.
    """
    if name in columns:
        return
    known = (
        f"The columns are: {', '.join(columns)}."
        if columns
        else "These data are no table and have no columns. Leave the column out."
    )
    raise stop("unknown_column", f"There is no column '{name}'. {known}")


def check_roles(roles: Mapping[str, str], facts: Mapping[str, ColumnFacts], task: str) -> None:
    """Check that the chosen roles fit the table's columns.

    Raises:
        BuilderError: for too few rows, an unknown column, no or several targets, no input column, several
            text columns, or words in a column whose role is numeric.
    """
    check_rows(max((len(item.missing) for item in facts.values()), default=0))
    unknown = [name for name in roles if name not in facts]
    if unknown:
        message = (
            f"The table has no column '{unknown[0]}'. Its columns are: {', '.join(list(facts)[:20])}. "
            "Choose the "
            "roles of the columns again."
        )
        raise stop("unknown_column", message, field=unknown[0])
    _check_counts(roles, TASKS[task].predicts == "labels")
    for name, role in roles.items():
        if role in ("numeric", "number_target") or (role == "target" and _is_number_target(roles, task)):
            _check_numeric(facts[name], role)


def _is_number_target(roles: Mapping[str, str], task: str) -> bool:
    # Several columns of labels are 0 and 1 each.
    several = list(roles.values()).count("target") > 1
    read_as = TASKS[READ_AS.get(task, task)].predicts
    return read_as == "numbers" or (TASKS[task].predicts == "labels" and several)


def _check_counts(roles: Mapping[str, str], may_be_several: bool) -> None:
    targets = [name for name, role in roles.items() if role == "target"]
    if not targets or (len(targets) > 1 and not may_be_several):
        found = f"{len(targets)} are chosen: {', '.join(targets)}" if targets else "none is chosen"
        message = (
            f"Exactly one column must be the target, the one to predict; {found}. Set the columns' roles."
        )
        raise stop("target_count", message, field=targets[1] if targets else "roles")
    texts = [name for name, role in roles.items() if role == "text"]
    if len(texts) > 1:
        message = (
            f"One column at most can be the text input; {len(texts)} are chosen: {', '.join(texts)}. Set the "
            "others to 'ignore', or join them into one column of the file."
        )
        raise stop("several_texts", message, field=texts[1])
    for kind in ("image", "audio"):
        files = [name for name, role in roles.items() if role == kind]
        if len(files) > 1:
            message = (
                f"One column at most can name the {kind} files; {len(files)} are chosen: {', '.join(files)}. "
                "Set the others to 'ignore'."
            )
            raise stop("several_file_columns", message, field=files[1])
    if not any(role in INPUT_ROLES for role in roles.values()):
        message = (
            "No column is left to learn from. Give at least one column besides the target the role numeric, "
            "categorical or text."
        )
        raise stop("no_inputs", message, field="roles")


def _check_numeric(item: ColumnFacts, role: str) -> None:
    present = int((~item.missing).sum())
    if item.type == "number" or not present:
        return
    example = "a word" if not item.strays.any() else "words"
    what = "The column" if role == "numeric" else "The target column"
    advice = {
        "target": "Choose the task classification (one of several kinds)",
        "number_target": "Predict it as a kind instead of a number",
    }.get(role, "Give it the role categorical or ignore")
    message = (
        f"{what} '{item.name}' holds {example}, not numbers: {int(item.strays.sum()):,} of {present:,} "
        "values "
        f"cannot be read as numbers. {advice}, or choose another column."
    )
    raise stop("not_numeric", message, field=item.name)


def _strays_warning(item: ColumnTally) -> Problem:
    where = ", ".join(str(line) for line in item.stray_lines)
    message = (
        f"The column '{item.name}' holds numbers, but {item.strays:,} value(s) are no usable numbers "
        f"(line {where}), {item.examples}. They are taken as missing."
    )
    return Problem("mixed_types", message, field=item.name, severity="warning")


def _suiting(facts: Mapping[str, ColumnFacts], task: str | None) -> dict[str, ColumnFacts]:
    """Return the columns that vary and can be what a task predicts."""
    varying = {name: item for name, item in facts.items() if item.distinct > 1}
    if task in _OF_NUMBERS:
        return {name: item for name, item in varying.items() if item.type == "number" and not _is_id(item)}
    if task == "classification":
        kinds = {name: item for name, item in varying.items() if item.type != "text" and not _is_id(item)}
        return {name: item for name, item in kinds.items() if propose_task(item) == task}
    return {}


def _target_of(facts: Mapping[str, ColumnFacts]) -> str:
    # A line that ends with a separator makes an empty last column.
    names = [name for name, item in facts.items() if item.distinct > 1] or list(facts)
    by_lower = {name.lower(): name for name in reversed(names)}
    return next((by_lower[word] for word in TARGET_NAMES if word in by_lower), names[-1])


def _role_of(item: ColumnFacts, longest_text: str | None) -> str:
    if item.distinct < 2 or _is_id(item):
        return "ignore"
    if item.type == "number":
        return "numeric"
    if item.type == "text":
        return "text" if item.name == longest_text else "ignore"
    return "categorical"


def _is_id(item: ColumnFacts) -> bool:
    """A column names the rows where nearly every row has its own value and it says so or counts up."""
    present = int((~item.missing).sum())
    if item.type == "number":
        is_unique = item.distinct == present
        counts_up = present > 2 and bool((np.diff(item.numbers[~item.missing]) == 1).all())
        return is_unique and (bool(_ID_NAME.match(item.name)) or counts_up)
    return item.type == "category" and item.distinct > max(_CATEGORIES_OF_AN_ID, present / 2)
