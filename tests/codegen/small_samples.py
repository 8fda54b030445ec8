"""The bundled samples, cut to a few rows, in a folder of their own."""

from __future__ import annotations

import gzip
import json
import shutil
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from builder.data import sources

ROWS = 120
PICTURES_A_CLASS = 8


def cut_samples(folder: Path) -> Path:
    """Write every bundled sample, cut to its first rows, and return the folder."""
    for source in sorted(sources.SAMPLES_FOLDER.glob("*/sample.json")):
        facts = json.loads(source.read_text(encoding="utf-8"))
        target = folder / source.parent.name
        target.mkdir(parents=True)
        shutil.copy(source, target)
        for name in filter(None, (facts["data"]["file"], facts["data"].get("test_file"))):
            cut = {".npz": _arrays, ".zip": _pictures, ".gz": _rows, ".txt": _beginning}[Path(name).suffix]
            cut(source.parent / name, target / name)
    return folder


def _beginning(source: Path, target: Path) -> None:
    target.write_text(source.read_text(encoding="utf-8")[:20_000], encoding="utf-8")


def _arrays(source: Path, target: Path) -> None:
    with np.load(source) as archive:
        cut = {name: _each_class(archive, name) for name in archive.files}
    np.savez(target, **cut)


def _each_class(archive: Any, name: str) -> np.ndarray:
    targets = archive[f"y_{name.partition('_')[2]}"]
    chosen = np.concatenate([np.flatnonzero(targets == item)[:6] for item in np.unique(targets)])
    return archive[name][np.sort(chosen)]


def _pictures(source: Path, target: Path) -> None:
    taken: dict[str, int] = {}
    with zipfile.ZipFile(source) as archive, zipfile.ZipFile(target, "w") as cut:
        for name in sorted(archive.namelist()):
            folder = name.rpartition("/")[0]
            taken[folder] = taken.get(folder, 0) + 1
            if taken[folder] <= PICTURES_A_CLASS:
                cut.writestr(name, archive.read(name))


def _rows(source: Path, target: Path) -> None:
    with gzip.open(source, "rt", encoding="utf-8", newline="") as stream:
        lines = stream.readlines()
    step = max(1, (len(lines) - 1) // ROWS)
    with gzip.open(target, "wt", encoding="utf-8", newline="") as stream:
        stream.writelines([lines[0], *lines[1::step]])
