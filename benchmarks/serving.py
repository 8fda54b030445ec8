"""The prediction server's answers a second, with and without batches: ``python benchmarks/serving.py``.

Presets' models, untrained, behind the exported server as a process of its own. "Loop" is one client that asks
for one sample after the other. The crowds ask at the same time, one sample a request, first of a server that
runs every sample by itself, then of one that gathers batches.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import io
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from builder import compiler  # noqa: E402
from builder.data.prepare import Prepared, prepare  # noqa: E402
from builder.export import run as export  # noqa: E402
from builder.export.server import slug  # noqa: E402
from builder.project import load_preset  # noqa: E402

PRESETS = ("tabular/mlp_classification", "images/cnn", "text/transformer", "text/lstm")
ALONE = ("--batch", "1", "--batch-milliseconds", "0")


def bodies(prepared: Prepared, count: int) -> list[bytes]:
    """Return requests of one test sample each."""
    rows = prepared.indices["test"][:count]
    return [json.dumps({"instances": [instance(prepared, int(row))]}).encode() for row in rows]


def instance(prepared: Prepared, row: int) -> Any:
    """Return a sample as a client sends it."""
    sample = prepared.sample(row)
    if sample["kind"] == "text":
        return {"text": sample["text"]}
    if sample["kind"] == "image":
        stream = io.BytesIO()
        pixels = np.asarray(prepared.arrays["image"][row])
        Image.fromarray(pixels.squeeze()).save(stream, "PNG")
        return {"image": {"b64": base64.b64encode(stream.getvalue()).decode()}}
    return sample["row"]


async def client(port: int, head: str, work: asyncio.Queue[bytes], seconds: list[float]) -> None:
    """Ask over one connection until nothing is left to ask."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    while not work.empty():
        body = work.get_nowait()
        begun = time.perf_counter()
        writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        answer = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        await reader.readexactly(int(answer.split("content-length:")[1].split("\r\n")[0]))
        seconds.append(time.perf_counter() - begun)
        if " 200 " not in answer.splitlines()[0]:
            raise RuntimeError(answer)
    writer.close()


async def crowd(port: int, head: str, asked: list[bytes], clients: int) -> tuple[float, float, float]:
    """Return requests a second, and the median and 95th percentile of a request in milliseconds."""
    work: asyncio.Queue[bytes] = asyncio.Queue()
    for body in asked:
        work.put_nowait(body)
    seconds: list[float] = []
    begun = time.perf_counter()
    await asyncio.gather(*(client(port, head, work, seconds) for _ in range(clients)))
    rate = len(asked) / (time.perf_counter() - begun)
    half, most = np.percentile(np.array(seconds) * 1000, [50, 95])
    return rate, float(half), float(most)


def measured(folder: Path, name: str, asked: list[bytes], clients: int, *options: str) -> str:
    """Start the server, ask it, and return its figures as cells of a table."""
    announced = folder / "announced.json"
    announced.unlink(missing_ok=True)
    command = [
        sys.executable,
        str(folder / "serve.py"),
        "--port",
        "0",
        "--announce",
        str(announced),
        *options,
    ]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        while not announced.exists():
            time.sleep(0.05)
        port = json.loads(announced.read_text())["port"]
        head = f"POST /v1/models/{name}:predict HTTP/1.1\r\nHost: localhost\r\n"
        # Every number of samples a run is set up once.
        asyncio.run(crowd(port, head, asked[:200], clients))
        rate, half, most = asyncio.run(crowd(port, head, asked, clients))
    finally:
        process.terminate()
        process.wait()
    return f"{rate:,.0f}/s, {half:.1f} / {most:.1f} ms"


def main() -> None:
    """Print one row a preset."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=1000)
    parser.add_argument("--clients", type=int, default=32)
    parser.add_argument("--presets", nargs="*", default=PRESETS)
    options = parser.parse_args()
    print(f"| preset | loop | {options.clients} clients, one by one | {options.clients} clients, batches |")
    print("| --- | --- | --- | --- |")
    for preset in options.presets:
        with tempfile.TemporaryDirectory() as scratch:
            project = load_preset(preset)
            prepared = prepare(project.data, Path(scratch) / "prepared")
            report = export(
                compiler.build(project, prepared.spec), project, prepared, Path(scratch) / "made", ("server",)
            )
            folder, name = Path(scratch) / "made" / "server", slug(project.name)
            if report["formats"][0]["problem"]:
                raise RuntimeError(report["formats"][0]["problem"])
            some = bodies(prepared, 200)
            asked = (some * (options.requests // len(some) + 1))[: options.requests]
            cells = [
                measured(folder, name, asked, 1, *ALONE),
                measured(folder, name, asked, options.clients, *ALONE),
                measured(folder, name, asked, options.clients),
            ]
        print(f"| {preset} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
