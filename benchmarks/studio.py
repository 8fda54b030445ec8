"""The studio as a person feels it: first paint, edit to shapes, start of training, memory.

    python benchmarks/studio.py [--edits 200] [--blocks 100 200 1000]

Starts the app as the README does, with an empty workspace, and measures from outside: the first page in a
new headless Chromium, edits of a large model through the canvas's own route, and the processes' memory.
Then it starts the workers alone, and with them a run of a small table.
"""

from __future__ import annotations

import argparse
import os
import random
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import psutil
from playwright.sync_api import Browser, Page, Request

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]
from real_browser import chromium, served  # noqa: E402 (the tests' folder has to be named before)

TOKEN_HEADER = "x-kerablocks-token"


def main() -> None:
    """Measure everything and print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--edits", type=int, default=200)
    parser.add_argument("--blocks", type=int, nargs="+", default=[100, 200, 1000])
    parser.add_argument("--paints", type=int, default=5)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home:
        os.environ["KERABLOCKS_HOME"] = home
        with served(ROOT / "app.py", Path(home) / "app.log") as url, chromium() as browser:
            paints = [_first_paint(browser, url) for _ in range(chosen.paints)]
            token, project_id = _open_a_project(browser.new_page(), url)
            seconds = {
                blocks: _edit_seconds(url, token, project_id, blocks, chosen.edits)
                for blocks in chosen.blocks
            }
            process = _listening_on(urlsplit(url).port)
            memory = process.memory_info().rss / 1e6
            heavy = _loaded_libraries(process.pid)
        workers = _workers()
    print("| what | figure |")
    print("| --- | --- |")
    print(
        f"| first paint, median (most) of {len(paints)} "
        f"| {statistics.median(paints):.2f} s ({max(paints):.2f} s) |"
    )
    for blocks, values in seconds.items():
        p50, p95 = (1000 * sorted(values)[int(share * len(values))] for share in (0.5, 0.95))
        print(f"| edit to shapes, {blocks:,} blocks, p50 (p95) | {p50:.0f} ms ({p95:.0f} ms) |")
    print(f"| memory of the Streamlit process | {memory:.0f} MB |")
    print(f"| TensorFlow in the Streamlit process | {'yes' if heavy else 'no'} |")
    print(f"| until the workers are warm | {workers['warm']:.1f} s |")
    print(f"| their memory, shared parts counted once | {workers['bytes'] / 1e6:.0f} MB |")
    print(f"| from the start of a run to its first figure | {workers['figure']:.1f} s |")


def _workers() -> dict[str, float]:
    """Return the seconds until the workers are warm and to a run's first figure, and the workers' memory."""
    from builder.jobs import training
    from builder.jobs.engine import Engine
    from builder.project import load_preset
    from builder.runs.store import default_store

    begun = time.perf_counter()
    engine = Engine()
    engine.start()
    while not engine.ready:
        time.sleep(0.01)
    found = {"warm": time.perf_counter() - begun}
    children = psutil.Process().children(recursive=True)
    found["bytes"] = sum(child.memory_full_info().pss for child in children)
    begun = time.perf_counter()
    run = training.submit(load_preset("tabular/mlp_classification").to_json())
    while not default_store().metrics_after(run):
        time.sleep(0.01)
    found["figure"] = time.perf_counter() - begun
    training.delete_run(run)
    engine.close()
    return found


def _first_paint(browser: Browser, url: str) -> float:
    """Return the seconds until the guided path stands there, in a context without any cache."""
    page = browser.new_context().new_page()
    began = time.perf_counter()
    page.goto(url, wait_until="commit")
    page.get_by_role("heading", name="Build a neural network").wait_for()
    seconds = time.perf_counter() - began
    page.context.close()
    return seconds


def _open_a_project(page: Page, url: str) -> tuple[str, str]:
    """Make a project by the guided path; return the token and the project's id that the canvas sends."""
    seen: list[Request] = []
    page.on("request", lambda request: seen.append(request) if "/api/infer" in request.url else None)
    page.goto(url)
    page.get_by_role("button", name="Create project", exact=True).click(timeout=60_000)
    page.wait_for_url("**/model**", timeout=60_000)
    deadline = time.monotonic() + 60
    while not seen and time.monotonic() < deadline:
        page.wait_for_timeout(100)
    return seen[0].headers[TOKEN_HEADER], seen[0].post_data_json["projectId"]


def _edit_seconds(url: str, token: str, project_id: str, blocks: int, edits: int) -> list[float]:
    graph = _large_graph(blocks)
    random_source = random.Random(1)
    with httpx.Client(base_url=url, headers={TOKEN_HEADER: token}, timeout=60) as client:
        _infer(client, project_id, graph)
        seconds = []
        for _ in range(edits):
            _edit(graph, random_source)
            began = time.perf_counter()
            answer = _infer(client, project_id, graph)
            seconds.append(time.perf_counter() - began)
            shapes = [node for node in answer["nodes"].values() if node.get("shape")]
            assert len(shapes) == len(graph["nodes"]), answer["problems"]
    return seconds


def _infer(client: httpx.Client, project_id: str, graph: dict[str, Any]) -> dict[str, Any]:
    response = client.post("/api/infer", json={"projectId": project_id, "rev": 1, "graph": graph})
    response.raise_for_status()
    return dict(response.json())


def _large_graph(blocks: int) -> dict[str, Any]:
    kinds = ("conv2d.v1", "batch_normalization.v1", "activation.v1", "dropout.v1")
    nodes: list[dict[str, Any]] = [{"id": "input", "kind": "input.v1", "parameters": {}}]
    for number in range(blocks - 3):
        kind = kinds[number % len(kinds)]
        settings = {"filters": 16, "padding": "same"} if kind == "conv2d.v1" else {}
        nodes.append({"id": f"block_{number}", "kind": kind, "parameters": settings})
    nodes.append({"id": "pool", "kind": "global_average_pooling2d.v1", "parameters": {}})
    nodes.append({"id": "output", "kind": "classification_head.v1", "parameters": {}})
    names = [node["id"] for node in nodes]
    edges = [
        {"source": one, "target": other, "source_port": "output", "target_port": "input"}
        for one, other in zip(names, names[1:], strict=False)
    ]
    return {"nodes": nodes, "edges": edges}


def _edit(graph: dict[str, Any], random_source: random.Random) -> None:
    """Change one parameter to a value that was most likely never seen: nothing may come from a cache."""
    node = random_source.choice(
        [item for item in graph["nodes"] if item["kind"] in ("conv2d.v1", "dropout.v1")]
    )
    if node["kind"] == "conv2d.v1":
        node["parameters"]["filters"] = random_source.randrange(8, 512)
    else:
        node["parameters"]["rate"] = random_source.random() * 0.9


def _listening_on(port: int | None) -> psutil.Process:
    found = (item for item in psutil.net_connections("tcp") if item.status == psutil.CONN_LISTEN)
    return psutil.Process(next(item.pid for item in found if item.laddr.port == port))


def _loaded_libraries(process_id: int) -> bool:
    maps = Path(f"/proc/{process_id}/maps").read_text(encoding="utf-8")
    return "tensorflow" in maps


if __name__ == "__main__":
    main()
