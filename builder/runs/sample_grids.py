"""The samples that a generator in training makes of the same noise, kept now and then in the run's folder."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from builder.runs.files import atomic_path

FOLDER = "samples"
_NAME = re.compile(r"step_(\d+)\.npy\Z")


@dataclass(frozen=True)
class SampleGrid:
    """The samples at one step of a run; ``read`` gives them as (samples, …) in the unit of the data."""

    step: int
    file: Path

    def read(self) -> np.ndarray:
        """Return the samples: pictures as uint8, series as float32."""
        return np.load(self.file, allow_pickle=False)


def sample_grids(run_folder: Path) -> list[SampleGrid]:
    """Return the kept samples of a run, the earliest first; none for a run of another task."""
    found = [(_NAME.match(file.name), file) for file in (run_folder / FOLDER).glob("step_*.npy")]
    return sorted(
        (SampleGrid(int(name[1]), file) for name, file in found if name), key=lambda grid: grid.step
    )


def write_grid(run_folder: Path, step: int, samples: np.ndarray) -> None:
    """Keep the samples of a step."""
    folder = run_folder / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    with atomic_path(folder / f"step_{step:09d}.npy") as temporary:
        np.save(temporary, samples, allow_pickle=False)


def forget_later_grids(run_folder: Path, step: int) -> None:
    """Delete the samples of steps after one from which the run goes on: they will come again."""
    for grid in sample_grids(run_folder):
        if grid.step > step:
            grid.file.unlink(missing_ok=True)
