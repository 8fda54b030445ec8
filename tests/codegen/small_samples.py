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
# Smaller tables stay whole: their rare classes have few rows.
WHOLE_BYTES = 100_000
FILES_A_FOLDER = 8
LINKED_FILES = 60


def cut_samples(folder: Path) -> Path:
    """Write every bundled sample, cut to its first rows, and return the folder."""
    for source in sorted(sources.SAMPLES_FOLDER.glob("*/sample.json")):
        facts = json.loads(source.read_text(encoding="utf-8"))
        target = folder / source.parent.name
        target.mkdir(parents=True)
        shutil.copy(source, target)
        for name in filter(None, (facts["data"]["file"], facts["data"].get("test_file"))):
            cut = {".npz": _arrays, ".zip": _files, ".gz": _rows, ".txt": _beginning}[Path(name).suffix]
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


def _files(source: Path, target: Path) -> None:
    """Keep some files of every folder, and of a table beside them the rows that name one of these."""
    with zipfile.ZipFile(source) as archive, zipfile.ZipFile(target, "w") as cut:
        names = sorted(archive.namelist())
        tables = [name for name in names if name.endswith(".csv")]
        others = [name for name in names if "/" not in name and name not in tables]
        kept = []
        for folder in sorted({name.rpartition("/")[0] for name in names if "/" in name}):
            inside = [name for name in names if name.rpartition("/")[0] == folder]
            wanted = LINKED_FILES if tables else FILES_A_FOLDER
            kept += [inside[place] for place in np.linspace(0, len(inside) - 1, wanted).astype(int)]
        for name in dict.fromkeys([*others, *kept]):
            cut.writestr(name, archive.read(name))
        files = {Path(name).name for name in kept}
        for name in tables:
            header, *lines = archive.read(name).decode("utf-8-sig").splitlines(keepends=True)
            lines = [line for line in lines if files & {Path(cell).name for cell in line.split(",")}]
            cut.writestr(name, "".join([header, *lines]))


def _rows(source: Path, target: Path) -> None:
    if source.stat().st_size < WHOLE_BYTES:
        shutil.copy(source, target)
        return
    with gzip.open(source, "rt", encoding="utf-8", newline="") as stream:
        lines = stream.readlines()
    step = max(1, (len(lines) - 1) // ROWS)
    with gzip.open(target, "wt", encoding="utf-8", newline="") as stream:
        stream.writelines([lines[0], *lines[1::step]])
