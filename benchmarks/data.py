"""Preparing and reading data larger than memory: rows a second, and the most memory that the process took.

Usage: python benchmarks/data.py [--gigabytes 4] [--columns 8] [--images 50000] [--sources csv parquet images]
                                [--folder /tmp]

Every measurement runs in a process of its own. Memory is the most private memory (anonymous pages; what the
system could not take back), sampled every 50 ms. The generated files are deleted at the end.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
BATCH = 256
SIDE = 64


def write_csv(path: Path, size: int, numbers: int) -> int:
    """Write numbers, categories, a text and a class as CSV, ``size`` bytes at least; return the rows."""
    import pyarrow as pa
    from pyarrow import csv

    random = np.random.default_rng(1)
    rows, count = 0, max(1_600_000 // numbers, 1000)
    words = np.array(["red", "green", "blue", "small", "large", "old", "new", "warm", "cold", "fast"])
    with path.open("wb") as stream:
        while stream.tell() < size:
            columns = {f"x{number}": random.normal(size=count).round(4) for number in range(numbers)}
            columns["city"] = random.choice(["Köln", "Paris", "東京", "Lagos"], count)
            pieces = words[random.integers(0, len(words), (count, 6))]
            columns["note"] = [" ".join(piece) for piece in pieces]
            columns["kind"] = np.where(columns["x0"] + columns["x1"] > 0, "yes", "no")
            csv.write_csv(pa.table(columns), stream, csv.WriteOptions(include_header=rows == 0))
            rows += count
    return rows


def write_images(folder: Path, count: int) -> int:
    """Write small JPEG pictures of two classes, one folder a class."""
    from PIL import Image

    random = np.random.default_rng(1)
    for number in range(count):
        target = folder / "ab"[number % 2]
        target.mkdir(parents=True, exist_ok=True)
        pixels = random.integers(0, 255, (8, 8, 3), dtype=np.uint8)
        Image.fromarray(pixels).resize((SIDE, SIDE)).save(target / f"{number}.jpg", quality=80)
    return count


class PrivateMemory(threading.Thread):
    """Watches this process's anonymous memory: its most, and what it was as time went by."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.seen: list[float] = []

    def run(self) -> None:
        """Look every 50 ms."""
        while True:
            status = Path("/proc/self/status").read_text()
            kilobytes = next(line for line in status.splitlines() if line.startswith("RssAnon")).split()[1]
            self.seen.append(int(kilobytes) / 1e6)
            time.sleep(0.05)


def prepare_step(source: str, kind: str, cache: str) -> dict[str, float]:
    """Propose, profile and prepare a source; return seconds and memory."""
    from builder.data.prepare import prepare
    from builder.data.profile import profile, propose

    memory = PrivateMemory()
    memory.start()
    started = time.perf_counter()
    recipe = propose({"kind": kind, "path": source})
    profile(recipe)
    looked = time.perf_counter()
    prepared = prepare(recipe, Path(cache))
    done = time.perf_counter()
    Path(cache, "recipe.json").write_text(json.dumps({"folder": str(prepared.folder)}))
    quarter = len(memory.seen) // 4
    return {
        "rows": len(prepared.targets),
        "look_seconds": looked - started,
        "prepare_seconds": done - looked,
        "peak_gigabytes": max(memory.seen),
        "second_quarter": max(memory.seen[quarter : 2 * quarter]),
        "last_quarter": max(memory.seen[3 * quarter :]),
    }


def train_step(cache: str) -> dict[str, float]:
    """Train a small Keras model for one epoch over prepared data; return seconds and memory."""
    import keras

    from builder.data.pipeline import batches, epoch_order
    from builder.data.prepare import Prepared
    from builder.data.preprocessing import model_input_tensors

    memory = PrivateMemory()
    memory.start()
    prepared = Prepared.open(Path(json.loads(Path(cache, "recipe.json").read_text())["folder"]))
    rows = len(prepared.indices["train"])
    started = time.perf_counter()
    read = sum(1 for _ in batches(prepared, "train", BATCH, epoch_order(prepared, "train", 1, 0)))
    reading = time.perf_counter() - started
    made = [model_input_tensors(item) for item in prepared.spec.inputs]
    outputs = []
    for item, (_, output) in zip(prepared.spec.inputs, made, strict=True):
        if item.kind == "text":
            embedded = keras.layers.Embedding(len(item.settings["vocabulary"]), 8)(output)
            output = keras.layers.GlobalAveragePooling1D()(embedded)
        elif item.kind == "image":
            output = keras.layers.GlobalAveragePooling2D()(keras.layers.Conv2D(4, 3, strides=4)(output))
        outputs.append(output)
    joined = outputs[0] if len(outputs) == 1 else keras.layers.Concatenate()(outputs)
    answer = keras.layers.Dense(prepared.spec.class_count, activation="softmax")(joined)
    model = keras.Model({tensor.name: tensor for inputs, _ in made for tensor in inputs}, answer)
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    data = batches(prepared, "train", BATCH, epoch_order(prepared, "train", 1, 1))
    if len(prepared.spec.arrays) == 1:
        name = prepared.spec.arrays[0].name
        data = data.map(lambda x, y: ({name: x}, y))
    started = time.perf_counter()
    found = model.fit(data, verbose=0)
    seconds = time.perf_counter() - started
    quarter = len(memory.seen) // 4
    return {
        "rows": rows,
        "batches": read,
        "read_seconds": reading,
        "train_seconds": seconds,
        "accuracy": found.history["accuracy"][-1],
        "peak_gigabytes": max(memory.seen),
        "second_quarter": max(memory.seen[quarter : 2 * quarter]),
        "last_quarter": max(memory.seen[3 * quarter :]),
    }


def apart(*arguments: str) -> dict[str, float]:
    """Run a step in a process of its own and return what it measured."""
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    command = [sys.executable, __file__, "--step", *arguments]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=environment)
    return json.loads(done.stdout.strip().splitlines()[-1])


def measure(name: str, source: Path, kind: str, cache: Path, size: float) -> None:
    """Print the table's rows of one source."""
    cache.mkdir()
    made = apart("prepare", str(source), kind, str(cache))
    trained = apart("train", str(cache))
    shutil.rmtree(cache)
    print(
        f"| {name}, {size / 1e9:.1f} GB, {made['rows']:,.0f} rows | {made['look_seconds']:.1f} s | "
        f"{made['rows'] / made['prepare_seconds']:,.0f} | {made['peak_gigabytes']:.2f} GB "
        f"({made['second_quarter']:.2f}, {made['last_quarter']:.2f}) | "
        f"{trained['rows'] / trained['read_seconds']:,.0f} | "
        f"{trained['rows'] / trained['train_seconds']:,.0f} | {trained['peak_gigabytes']:.2f} GB "
        f"({trained['second_quarter']:.2f}, {trained['last_quarter']:.2f}) |",
        flush=True,
    )


def main() -> None:
    """Generate files, measure, print a table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--gigabytes", type=float, default=4.0)
    parser.add_argument("--columns", type=int, default=8, help="columns of numbers: wider rows")
    parser.add_argument("--images", type=int, default=50_000)
    parser.add_argument("--sources", nargs="+", default=["csv", "parquet", "images"])
    parser.add_argument("--folder", default=tempfile.gettempdir())
    parser.add_argument("--step", nargs="*")
    chosen = parser.parse_args()
    if chosen.step:
        step = {"prepare": prepare_step, "train": train_step}[chosen.step[0]]
        print(json.dumps(step(*chosen.step[1:])))
        return
    print(
        "| source | look | prepared rows/s | memory: most (second, last quarter) | read rows/s | "
        "trained rows/s | memory: most (second, last quarter) |\n| --- | --- | --- | --- | --- | --- | --- |"
    )
    with tempfile.TemporaryDirectory(dir=chosen.folder) as temporary:
        folder = Path(temporary)
        if {"csv", "parquet"} & set(chosen.sources):
            measure_tables(folder, int(chosen.gigabytes * 1e9), chosen.columns, chosen.sources)
        if "images" in chosen.sources:
            write_images(folder / "images", chosen.images)
            size = sum(file.stat().st_size for file in (folder / "images").rglob("*.jpg"))
            measure("Images", folder / "images", "images", folder / "cache", size)


def measure_tables(folder: Path, size: int, columns: int, sources: list[str]) -> None:
    """Measure a table as CSV, and the same one as Parquet."""
    table, parquet = folder / "large.csv", folder / "large.parquet"
    write_csv(table, size, columns)
    if "csv" in sources:
        measure("CSV", table, "csv", folder / "cache", table.stat().st_size)
    if "parquet" in sources:
        as_parquet(table, parquet)
        table.unlink()
        measure("Parquet", parquet, "parquet", folder / "cache", parquet.stat().st_size)
        parquet.unlink()
    table.unlink(missing_ok=True)


def as_parquet(table: Path, columns: Path) -> None:
    """Write a CSV file's columns as Parquet, some at a time."""
    from pyarrow import csv, parquet

    with csv.open_csv(table) as reader, parquet.ParquetWriter(columns, reader.schema) as writer:
        for batch in reader:
            writer.write_batch(batch)


if __name__ == "__main__":
    main()
