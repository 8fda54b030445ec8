"""The exported prediction server, as a process of its own: right answers, and bad input that hurts nobody."""

import asyncio
import base64
import filecmp
import io
import json
import os
import re
import resource
import shutil
import signal
import socket
import struct
import subprocess
import sys
import venv
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from PIL import Image
from small_models import small
from waiting import until

from builder.explain.predict import predict
from builder.export.server import carried, renamed

pytestmark = pytest.mark.slow
ADDRESS = "/v1/models/small-{}:predict"


@pytest.fixture(scope="module")
def served(exported: Callable[..., Any], work: Path) -> Iterator[Callable[..., httpx.Client]]:
    """Return a function from a family, and options of the server, to a client of its running server."""
    made: dict[Any, httpx.Client] = {}
    processes = []

    def get(kind: str, *options: str) -> httpx.Client:
        if (kind, options) not in made:
            address, process = started(exported(kind, "server")[1] / "server", work, *options)
            processes.append(process)
            made[kind, options] = httpx.Client(base_url=address, timeout=60)
        return made[kind, options]

    yield get
    for client in made.values():
        client.close()
    for process in processes:
        process.terminate()
        process.wait(20)


def started(
    folder: Path, work: Path, *options: str, python: str = sys.executable, log: Path | None = None
) -> tuple[str, subprocess.Popen[bytes]]:
    """Start a server in an environment that has nothing of ours, and return its address and process."""
    announced = work / f"server-{os.urandom(4).hex()}.json"
    command = [python, str(folder / "serve.py"), "--port", "0", "--announce", str(announced), *options]
    environment = {"PATH": os.environ["PATH"]}
    log = log or announced.with_suffix(".log")
    with open(log, "wb") as sink:
        process = subprocess.Popen(command, cwd="/", env=environment, stdout=sink, stderr=sink)

    def there() -> bool:
        assert process.poll() is None, log.read_text()
        return announced.exists()

    until(there, 120)
    return f"http://127.0.0.1:{json.loads(announced.read_text())['port']}", process


def png(pixels: np.ndarray) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "PNG")
    return stream.getvalue()


def b64(data: bytes) -> dict[str, str]:
    return {"b64": base64.b64encode(data).decode()}


def digits(count: int) -> list[np.ndarray]:
    """Pictures larger than the model reads, so that the server has to scale them as the studio does."""
    _, _, prepared = small("cnn")
    pictures = np.asarray(prepared.arrays["image"][prepared.indices["test"][:count]])[..., 0]
    return [np.kron(picture, np.ones((3, 2), np.uint8)) for picture in pictures]


def rows(count: int) -> list[dict[str, Any]]:
    _, _, prepared = small("table")
    return [prepared.sample(int(row))["row"] for row in prepared.indices["test"][:count]]


def texts(count: int) -> list[dict[str, Any]]:
    _, _, prepared = small("lstm")
    return [{"text": prepared.sample(int(row))["text"]} for row in prepared.indices["test"][:count]]


def ask(client: httpx.Client, kind: str, *instances: Any) -> httpx.Response:
    return client.post(ADDRESS.format(kind), json={"instances": list(instances)})


def same(found: list[dict[str, Any]], wanted: list[dict[str, Any]]) -> None:
    assert [answer["label"] for answer in found] == [answer["label"] for answer in wanted]
    for answer, expected in zip(found, wanted, strict=True):
        assert answer["probabilities"] == pytest.approx(expected["probabilities"], abs=1e-4)


def studio(kind: str, raw: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return what the studio itself answers."""
    model, _, prepared = small(kind)
    return predict(model, prepared.spec, raw)


def test_pictures_are_answered_as_in_the_studio(served: Callable[..., httpx.Client]) -> None:
    client, pictures = served("cnn"), digits(5)
    found = ask(client, "cnn", *({"image": b64(png(picture))} for picture in pictures)).json()
    same(found["predictions"], studio("cnn", [{"image": picture} for picture in pictures]))
    bare = ask(client, "cnn", b64(png(pictures[0])), pictures[0].tolist()).json()["predictions"]
    same(bare, [found["predictions"][0]] * 2)
    form = client.post(ADDRESS.format("cnn"), files={"image": ("digit.png", png(pictures[0]), "image/png")})
    same(form.json()["predictions"], found["predictions"][:1])


def test_rows_and_texts_are_answered_as_in_the_studio(served: Callable[..., httpx.Client]) -> None:
    found = ask(served("table"), "table", *rows(20)).json()
    same(found["predictions"], studio("table", rows(20)))
    some = {"age": None, "workclass": "Nobody knows"}
    answered = ask(served("table"), "table", some).json()
    same(answered["predictions"], studio("table", [some]))
    assert "Nobody knows" in answered["warnings"][0]
    same(ask(served("lstm"), "lstm", *texts(3)).json()["predictions"], studio("lstm", texts(3)))
    text = texts(1)[0]["text"]
    assert ask(served("lstm"), "lstm", text).json() == ask(served("lstm"), "lstm", {"text": text}).json()


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_the_snippet_for_the_shell_asks_as_it_is_written(
    served: Callable[..., httpx.Client], exported: Callable[..., Any]
) -> None:
    client, clients = served("table"), exported("table", "server")[1] / "clients"
    environment = {**os.environ, "SERVER": str(client.base_url).rstrip("/")}
    done = subprocess.run(
        ["sh", str(clients / "curl.sh")], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    sample = json.loads((clients / "sample.json").read_text())
    same(json.loads(done.stdout)["predictions"], studio("table", [sample]))


def test_it_tells_its_state_and_what_it_takes(served: Callable[..., httpx.Client]) -> None:
    client = served("table")
    assert client.get("/health").json()["status"] == "ok"
    state = client.get("/v1/models/small-table").json()["model_version_status"][0]
    assert state["state"] == "AVAILABLE"
    described = client.get("/v1/models/small-table/metadata").json()
    assert described["instance"]["properties"]["age"]["type"] == ["number", "null"]
    assert client.post(ADDRESS.format("table"), json=described["example"]).status_code == 200
    operation = client.get("/openapi.json").json()["paths"][ADDRESS.format("table")]["post"]
    schema = operation["requestBody"]["content"]["application/json"]["schema"]
    assert "Private" in schema["properties"]["instances"]["items"]["properties"]["workclass"]["examples"]
    assert re.search(r'requests_total\{status="200"\} [1-9]', client.get("/metrics").text)
    assert client.get("/v1/models/another").status_code == 404


def test_its_pages_load_nothing_from_elsewhere(served: Callable[..., httpx.Client]) -> None:
    for kind in ("cnn", "table", "lstm"):
        for page in ("/", "/docs"):
            text = served(kind).get(page).text
            assert "</html>" in text
            assert not re.search(r"(src|href)=.https?:|@import|import\(", text)


def bomb() -> bytes:
    """Return a PNG file of a few bytes that would unfold to 40,000 x 40,000 pixels."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    head = struct.pack(">IIBBBBB", 40_000, 40_000, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")
    )


BAD_BODIES = {
    "nothing": (b"", 400),
    "half": (b'{"instances": [', 400),
    "nan": (b'{"instances": [{"age": NaN}]}', 400),
    "deep": (b'{"instances": ' + b"[" * 100_000, 400),
    "digits": (b'{"instances": [' + b"9" * 10_000 + b"]}", 400),
    "bytes": (b"\xff\xfe\x00", 400),
    "a list": (b"[1, 2]", 400),
    "no instances": (b'{"inputs": []}', 400),
    "none": (b'{"instances": []}', 400),
    "too many": (json.dumps({"instances": [{}] * 129}).encode(), 413),
    "huge": (b" " * 16_000_001, 413),
}
BAD_SAMPLES: dict[str, list[tuple[Any, str]]] = {
    "cnn": [
        ("no base64!", "not_base64"),
        (b64(b"no picture"), "broken_image"),
        (b64(png(np.zeros((9, 9), np.uint8))[:40]), "broken_image"),
        (b64(bomb()), "broken_image"),
        ([[1, 2], [3]], "bad_sample"),
        ([[300, -1]], "bad_sample"),
        (7, "bad_sample"),
        ({}, "bad_sample"),
        ({"picture": "x"}, "unknown_column"),
    ],
    "table": [
        ({"agee": 39}, "unknown_column"),
        ({"age": "old"}, "bad_sample"),
        ({"age": [39]}, "bad_sample"),
        ({"age": 1e999}, "bad_sample"),
        ({}, "columns_missing"),
        ([39], "bad_sample"),
        (None, "bad_sample"),
    ],
    "lstm": [("", "empty_text"), ("?!", "empty_text"), (5, "bad_sample"), ({"text": None}, "bad_sample")],
}


def test_bad_bodies_are_refused_in_words(served: Callable[..., httpx.Client]) -> None:
    client = served("table")
    for name, (body, status) in BAD_BODIES.items():
        answer = client.post(
            ADDRESS.format("table"), content=body, headers={"Content-Type": "application/json"}
        )
        assert (name, answer.status_code) == (name, status)
        assert answer.json()["code"] and "Traceback" not in answer.json()["error"]
    endless = client.post(ADDRESS.format("table"), content=(b" " * 1_000_000 for _ in range(40)))
    assert endless.status_code == 413
    wrong = client.post(ADDRESS.format("table"), content=b"x", headers={"Content-Type": "image/png"})
    assert wrong.status_code == 415
    form = {"Content-Type": "multipart/form-data; boundary=x"}
    assert client.post(ADDRESS.format("table"), content=b"--y", headers=form).status_code == 400


@pytest.mark.parametrize("kind", BAD_SAMPLES)
def test_bad_samples_are_refused_in_words(kind: str, served: Callable[..., httpx.Client]) -> None:
    for instance, code in BAD_SAMPLES[kind]:
        body = json.dumps({"instances": [instance]}).replace("Infinity", "1e999")
        answer = served(kind).post(ADDRESS.format(kind), content=body)
        assert (instance, answer.status_code, answer.json()["code"]) == (instance, 422, code)
        assert answer.json()["error"]


async def crowd(address: str, bodies: list[bytes], place: str) -> list[httpx.Response]:
    limits = httpx.Limits(max_connections=len(bodies))
    async with httpx.AsyncClient(base_url=address, limits=limits, timeout=120) as client:
        return await asyncio.gather(*(client.post(place, content=body) for body in bodies))


def test_two_hundred_clients_get_their_own_answers_whatever_others_send(
    served: Callable[..., httpx.Client],
) -> None:
    client = served("table")
    good = [json.dumps({"instances": [row]}).encode() for row in rows(150)]
    bad = [BAD_BODIES[name][0] for name in ("half", "nan", "deep", "none", "too many")] * 10
    mixed = [body for pair in zip(good, [*bad, *[b""] * 100], strict=True) for body in pair if body]
    assert len(mixed) == 200
    answers = asyncio.run(crowd(str(client.base_url), mixed, ADDRESS.format("table")))
    found = {body: answer for body, answer in zip(mixed, answers, strict=True)}
    assert {found[body].status_code for body in good} == {200}
    assert {found[body].status_code for body in bad} == {400, 413}
    same([found[body].json()["predictions"][0] for body in good], studio("table", rows(150)))
    assert client.get("/health").status_code == 200
    shared = re.search(r'batch_samples_bucket\{le="1.0"\} ([\d.]+)', client.get("/metrics").text)
    runs = re.search(r"batch_samples_count ([\d.]+)", client.get("/metrics").text)
    assert shared and runs and float(shared[1]) < float(runs[1])


def test_what_finds_no_place_is_told_to_come_again(served: Callable[..., httpx.Client]) -> None:
    client = served("lstm", "--waiting", "2")
    bodies = [json.dumps({"instances": texts(60)}).encode()] * 20
    answers = asyncio.run(crowd(str(client.base_url), bodies, ADDRESS.format("lstm")))
    statuses = [answer.status_code for answer in answers]
    assert set(statuses) == {200, 503}
    refused = answers[statuses.index(503)]
    assert refused.json()["code"] == "busy" and int(refused.headers["Retry-After"]) >= 1
    assert ask(client, "lstm", *texts(1)).status_code == 200


def test_what_takes_too_long_is_refused_and_the_next_is_answered(served: Callable[..., httpx.Client]) -> None:
    client = served("lstm", "--seconds", "0.02")
    slow = ask(client, "lstm", *texts(100))
    assert slow.status_code in (408, 503) and slow.json()["code"] in ("too_slow", "slow_body")
    assert client.get("/health").status_code == 200


def test_silent_connections_that_take_all_files_flood_no_log(
    exported: Callable[..., Any], work: Path
) -> None:
    log = work / "full.log"
    address, process = started(exported("table", "server")[1] / "server", work, log=log)
    most = len(os.listdir(f"/proc/{process.pid}/fd")) + 10
    resource.prlimit(process.pid, resource.RLIMIT_NOFILE, (most, most))
    with ExitStack() as stack:
        for _ in range(40):
            stack.enter_context(socket.create_connection(("127.0.0.1", httpx.URL(address).port or 0)))
        until(lambda: "too many are open" in log.read_text())
    assert httpx.get(f"{address}/health", timeout=60).status_code == 200
    assert log.read_text().count("too many are open") == 1 and "Traceback" not in log.read_text()
    process.terminate()
    process.wait(20)


@pytest.mark.parametrize(
    ("option", "words"),
    [
        (("--seconds", "0"), "must be a number above 0"),
        (("--body-megabytes", "nan"), "must be a number above 0"),
        (("--instances", "-1"), "must be a whole number of at least 1"),
        (("--port", "80000"), "Choose another port"),
    ],
)
def test_options_that_make_no_sense_are_refused_in_words(
    option: tuple[str, str], words: str, exported: Callable[..., Any]
) -> None:
    serve = exported("table", "server")[1] / "server" / "serve.py"
    command = [sys.executable, str(serve), *option]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode and words in done.stderr and "Traceback" not in done.stderr


@pytest.mark.parametrize("file", ["model.tflite", "description.json"])
def test_a_damaged_file_is_told_and_not_served(
    file: str, exported: Callable[..., Any], tmp_path: Path
) -> None:
    folder = tmp_path / "server"
    shutil.copytree(exported("table", "server")[1] / "server", folder)
    (folder / file).write_bytes((folder / file).read_bytes()[:100])
    command = [sys.executable, str(folder / "serve.py"), "--port", "0"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode and "is damaged" in done.stderr and "Traceback" not in done.stderr


@pytest.mark.parametrize("order", [signal.SIGTERM, signal.SIGINT])
def test_what_is_under_way_at_its_end_is_answered(
    order: signal.Signals, exported: Callable[..., Any], work: Path
) -> None:
    log = work / f"ended-{order}.log"
    address, process = started(exported("table", "server")[1] / "server", work, log=log)
    body = b'{"instances": [' + b"{}, " * 1_000_000 + b"{}]}"
    with ThreadPoolExecutor(1) as asking:
        answer = asking.submit(httpx.post, address + ADDRESS.format("table"), content=body, timeout=60)
        until(lambda: "requests_waiting 1.0" in httpx.get(f"{address}/metrics").text)
        process.send_signal(order)
        assert answer.result().status_code == 413
    process.wait(60)
    assert "Traceback" not in log.read_text()


def test_the_folder_carries_the_studios_own_files_word_for_word(exported: Callable[..., Any]) -> None:
    folder = exported("cnn", "server")[1] / "server"
    for name, file in carried().items():
        place = folder / "model_server" / Path(*name.split(".")[1:])
        own = place / "__init__.py" if file.name == "__init__.py" else place.with_suffix(".py")
        assert own.read_text() == renamed(file.read_text())
    source = "".join(file.read_text() for file in folder.rglob("*.py"))
    assert not re.search(r"(import|from) (builder|keras|streamlit|pandas)", source)
    pages = Path(carried()["builder.serving.pages"]).parent
    for page in ("try_page.html", "docs_page.html"):
        assert filecmp.cmp(folder / "model_server" / "serving" / page, pages / page, shallow=False)


def test_the_container_file_keeps_to_what_is_agreed(exported: Callable[..., Any]) -> None:
    folder = exported("table", "server")[1] / "server"
    container = (folder / "Dockerfile").read_text()
    assert "USER server" in container and "HEALTHCHECK" in container and "python:3.11-slim" in container
    pinned = (folder / "requirements.txt").read_text().splitlines()
    assert all(re.fullmatch(r"[a-z0-9-]+==[\w.]+", line) for line in pinned)
    names = {line.partition("==")[0] for line in pinned}
    assert {"fastapi", "uvicorn", "ai-edge-litert", "numpy"} <= names
    assert not names & {"keras", "tensorflow", "pandas", "streamlit"}


@pytest.mark.exhaustive
def test_it_runs_in_an_empty_environment_with_its_own_requirements(
    exported: Callable[..., Any], work: Path
) -> None:
    folder, environment = exported("table", "server")[1] / "server", work / "venv"
    venv.create(environment, with_pip=True)
    python = str(environment / "bin" / "python")
    install = [python, "-m", "pip", "install", "--quiet", "-r", str(folder / "requirements.txt")]
    subprocess.run(install, check=True, capture_output=True, timeout=500)
    address, process = started(folder, work, python=python)
    try:
        found = httpx.post(address + ADDRESS.format("table"), json={"instances": rows(3)}).json()
        same(found["predictions"], studio("table", rows(3)))
    finally:
        process.terminate()
        process.wait(20)
