"""A table whose rows are moments in time, as windows of the past and what came after each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

from builder.data.columns import ColumnTally, table_facts, tally_problems
from builder.data.counting import Moments
from builder.data.files import hash_files
from builder.data.spec import SERIES_INPUT, ArraySpec, DataSpec, ModelInput
from builder.data.split_values import TimeReader, no_such_column
from builder.data.splits import split_rows
from builder.data.table_rows import settled_roles
from builder.data.table_source import TableSource
from builder.data.targets import check_varies
from builder.data.windows import SERIES_FILE, TARGET_FILE, series_windows, window_parts
from builder.data.writing import write_array
from builder.errors import Problem, stop
from builder.params import AUTO
from builder.project import NO_COLUMN, DataRecipe


def prepare_forecast(
    recipe: DataRecipe, source: TableSource, folder: Path, on_progress: Callable[[float, str], None]
) -> tuple[DataSpec, list[Problem]]:
    """Write a table's series and the parts of its windows; return the specification and warnings.

    The target's own past is the first channel, the numeric columns are the others. The parts follow each
    other in time: no window of training has a target that lies in validation or test, and means and
    variances come from the training moments alone. A generator learns the windows themselves, which have no
    target and lie wholly within a part.

    Raises:
        BuilderError: where the table cannot be used as the recipe says, or is too short for its windows.
    """
    facts = table_facts(source.frame, source.decimal_comma)
    roles = settled_roles(recipe.roles, source, facts)
    is_forecast = recipe.task == "forecasting"
    names = _channels(roles) if is_forecast else _all_channels(roles)
    values, problems = _read(source, names, _time_column(recipe, source), roles, on_progress)
    windows = _windows(recipe, len(values))
    edges = _edges(recipe, len(values))
    problems += _fill(values, names)
    past, _ = series_windows(values, values[:, 0], windows)
    last = windows["length"] + windows["horizon"] - 1
    first = windows["length"] if is_forecast else 0
    parts = window_parts(edges, first, last, len(past), windows["stride"])
    _check_parts(parts, edges, windows)
    moments = _moments(values[: edges["train"][1]])
    check_varies(names[0], values[: edges["train"][1], 0])
    on_progress(0.8, "Writing the series")
    write_array(folder / SERIES_FILE, values)
    write_array(folder / TARGET_FILE, np.ascontiguousarray(values[:, 0]))
    for part, rows in parts.items():
        write_array(folder / f"{part}.npy", rows)
    array = ArraySpec("series", (windows["length"], len(names)), "float32")
    described = {
        "means": [item.mean for item in moments],
        "variances": [item.variance or 1.0 for item in moments],
        "normalize": recipe.settings()["normalize"],
        "columns": names,
    }
    spec = DataSpec(
        task=recipe.task,
        inputs=(ModelInput(SERIES_INPUT, "series", (array,), described),),
        target_name=names[0] if is_forecast else "",
        target_mean=moments[0].mean,
        target_variance=moments[0].variance,
        target_shape=(windows["horizon"],) if is_forecast else (),
        windows=windows,
        rows={part: len(rows) for part, rows in parts.items()},
        data_hash=hash_files(source.files),
        source_title=source.title,
        reading=source.reading,
    )
    return spec, problems


def _channels(roles: Mapping[str, str]) -> list[str]:
    targets = [name for name, role in roles.items() if role == "target"]
    if len(targets) != 1:
        message = (
            f"A forecast needs exactly one target, the column whose next values are wanted; {len(targets)} "
            "are chosen. Set the columns' roles."
        )
        raise stop("target_count", message, field="roles")
    return [*targets, *(name for name, role in roles.items() if role == "numeric")]


def _all_channels(roles: Mapping[str, str]) -> list[str]:
    names = [name for name, role in roles.items() if role in ("target", "numeric")]
    if not names:
        message = (
            "A generator of series needs columns of numbers; none is chosen. Give at least one column the "
            "role numeric."
        )
        raise stop("no_inputs", message, field="roles")
    return names


def _time_column(recipe: DataRecipe, source: TableSource) -> str | None:
    name = recipe.split_settings()["time_column"]
    if name == NO_COLUMN:
        return None
    if name not in source.frame.columns:
        raise no_such_column(name, list(source.frame.columns))
    return str(name)


def _read(
    source: TableSource,
    names: list[str],
    time_column: str | None,
    roles: Mapping[str, str],
    on_progress: Callable[[float, str], None],
) -> tuple[np.ndarray, list[Problem]]:
    """Return the channels of every moment, float32 (moments, channels), in the order of time."""
    problems = list(source.problems)
    tallies = {name: ColumnTally(name, "number") for name in names}
    reader = None if time_column is None else TimeReader(source.frame[time_column])
    pieces, times, read = [], [], 0
    for chunk in source.chunks(problems):
        columns = [tallies[name].add(chunk.frame[name], chunk.lines, source.decimal_comma) for name in names]
        pieces.append(np.stack(columns, axis=1).astype(np.float32))
        if reader is not None:
            times.append(reader.read(chunk.frame[time_column]))
        read += len(chunk.frame)
        on_progress(0.6 * min(read / max(source.row_count, 1), 1.0), f"Reading the rows ({read:,})")
    values = np.concatenate(pieces) if pieces else np.empty((0, len(names)), np.float32)
    for name, tally in tallies.items():
        if not tally.numbers:
            message = (
                f"The column '{name}' holds no numbers, so it cannot be forecast from. Set it to 'ignore'."
            )
            raise stop("not_numeric", message, field=name)
    if times:
        moment = np.concatenate(times)
        known = int(np.isfinite(moment).sum())
        problems += _no_time(time_column, len(moment) - known)
        values = values[np.argsort(moment, kind="stable")[:known]]
    return values, [*problems, *tally_problems(tallies, roles)]


def _no_time(column: str | None, count: int) -> list[Problem]:
    if not count:
        return []
    message = f"{count:,} row(s) have no usable time in the column '{column}' and were left out."
    return [Problem("no_time", message, field="time_column", severity="warning")]


def _windows(recipe: DataRecipe, moments: int) -> dict[str, int]:
    settings = recipe.settings()
    stride = settings["window_stride"]
    windows = {
        "length": settings["window"],
        "horizon": settings["horizon"] if recipe.task == "forecasting" else 0,
        "stride": 1 if stride == AUTO else stride,
    }
    needed = windows["length"] + windows["horizon"]
    if moments < needed + 10:
        message = (
            f"The series has {moments:,} usable row(s), too few for windows of {windows['length']} past and "
            f"{windows['horizon']} future values. Lower the window or the horizon, or choose a longer series."
        )
        raise stop("series_too_short", message, field="window")
    return windows


def _edges(recipe: DataRecipe, moments: int) -> dict[str, tuple[int, int]]:
    settings = {**recipe.split_settings(), "method": "ordered"}
    parts = split_rows(settings, moments, None)
    return {part: (int(rows[0]), int(rows[-1]) + 1) for part, rows in parts.items()}


def _fill(values: np.ndarray, names: list[str]) -> list[Problem]:
    """Fill gaps in place: with the last known value, at the beginning with the first known one."""
    problems = []
    for channel, name in enumerate(names):
        column = values[:, channel]
        known = np.isfinite(column)
        if known.all():
            continue
        latest = np.maximum.accumulate(np.where(known, np.arange(len(column)), -1))
        latest[latest < 0] = int(np.flatnonzero(known)[0])
        values[:, channel] = column[latest]
        message = (
            f"{int((~known).sum()):,} value(s) of '{name}' are missing. Each is taken to be what was last "
            "known."
        )
        problems.append(Problem("gaps_filled", message, field=name, severity="warning"))
    return problems


def _check_parts(
    parts: Mapping[str, np.ndarray], edges: Mapping[str, tuple[int, int]], windows: Mapping[str, int]
) -> None:
    for part, rows in parts.items():
        if not len(rows):
            begin, end = edges[part]
            message = (
                f"The {part} part has {end - begin:,} moment(s), too few for a window of "
                f"{windows['length']} past and {windows['horizon']} future values. "
                "Lower them, or give the part a larger share."
            )
            raise stop("empty_part", message, field="window")


def _moments(training: np.ndarray) -> list[Moments]:
    found = []
    for channel in range(training.shape[1]):
        moments = Moments()
        moments.add(training[:, channel])
        found.append(moments)
    return found
