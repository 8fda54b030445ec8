"""A project in a link: whole round trip, no local path, and nothing that a stranger put in it does harm."""

import base64
import json
import zlib
from dataclasses import replace
from typing import Any

import pytest

from builder.errors import BuilderError
from builder.graph import Edge, Graph, Node
from builder.project import Project, load_preset, parse_project, preset_names
from builder.share import LARGEST_DOCUMENT, LONGEST_LINK, LONGEST_NAME, link, open_link, payload
from builder.share import without_local_paths as without_paths

CNN = load_preset("images/cnn")


def packed(raw: bytes) -> str:
    """Return a link with any content."""
    inside = base64.urlsafe_b64encode(zlib.compress(raw, 9)).decode().rstrip("=")
    return f"http://host/?shared=1.{inside}"


def document(**changes: Any) -> bytes:
    return json.dumps({**CNN.to_json(), **changes}).encode()


def refusal(text: str) -> str:
    with pytest.raises(BuilderError) as stopped:
        open_link(text)
    return str(stopped.value)


@pytest.mark.parametrize("name", preset_names())
def test_a_preset_survives_the_way_through_a_link(name: str) -> None:
    project = load_preset(name)
    made = link(project, "http://localhost:8501/")
    assert made.startswith("http://localhost:8501/?shared=1.")
    assert open_link(made).project == open_link(payload(project)).project == project
    assert len(made) < 1500


def test_the_link_can_stand_among_other_parameters_or_in_the_fragment() -> None:
    assert open_link(f"https://a.b/x/?lang=en&shared={payload(CNN)}#top").project == CNN
    assert open_link(f" https://a.b/#shared={payload(CNN)}\n").project == CNN


def test_everything_of_the_graph_is_carried() -> None:
    node = Node("dense", "dense.v1", {"units": 3}, (10.0, 20.0), frozen=True, learning_rate_factor=0.1)
    graph = Graph((Node("input", "input.v1"), node), (Edge("input", "dense"), Edge("input", "dense", "mask")))
    project = CNN.with_model(graph)
    assert open_link(payload(project)).project == project


def test_letters_of_any_language_survive() -> None:
    project = replace(CNN, name="Ziffern 数字 🙂", description='A "quoted" <b>line</b>')
    assert open_link(payload(project)).project == project


@pytest.mark.parametrize("path", ["/home/me/secret/visits.csv", r"C:\Users\me\visits.csv", "~/visits.csv"])
def test_a_local_path_never_leaves(path: str) -> None:
    project = replace(CNN, data=replace(CNN.data, source={"kind": "csv", "path": path}))
    shared = without_paths(project)
    assert shared.files == ("visits.csv",)
    assert shared.project.data.source == {"kind": "csv", "file": "visits.csv"}
    opened = open_link(payload(project)).project
    assert opened == shared.project and "me" not in str(dict(opened.data.source))


def test_the_path_of_the_first_weights_never_leaves_nor_comes() -> None:
    training = {**CNN.training, "initial_weights": "file:/home/me/secret/weights.keras"}
    shared = without_paths(replace(CNN, training=training))
    assert shared.files == ("weights.keras",)
    assert shared.project == CNN
    opened = open_link(packed(document(training=training)))
    assert "initial_weights" not in opened.project.training and opened.files == ("weights.keras",)


def test_a_path_in_a_strangers_link_is_not_taken_either() -> None:
    source = {"kind": "csv", "path": "/etc/passwd", "copy": "/etc/shadow"}
    shared = open_link(packed(document(data={**CNN.data.to_json(), "source": source})))
    assert shared.project.data.source == {"kind": "csv", "file": "passwd"}
    assert shared.files == ("passwd", "shadow")


def test_a_project_without_local_files_is_shared_as_it_is() -> None:
    assert without_paths(CNN).project is CNN and without_paths(CNN).files == ()


def test_a_project_that_is_too_large_for_a_link_says_what_to_do() -> None:
    nodes = tuple(Node(f"dense_{hash((7, k)) % 10**9}_{k}", "dense.v1", {"units": k * k}) for k in range(900))
    with pytest.raises(BuilderError, match="Download the project file") as stopped:
        payload(CNN.with_model(Graph(nodes)))
    assert stopped.value.problems[0].code == "too_large_to_share"


def test_a_model_of_200_blocks_fits() -> None:
    nodes = tuple(Node(f"conv_{k}", "conv2d.v1", {"filters": 64}, (0.0, 130.0 * k)) for k in range(200))
    edges = tuple(Edge(a.id, b.id) for a, b in zip(nodes, nodes[1:], strict=False))
    assert len(payload(CNN.with_model(Graph(nodes, edges)))) < LONGEST_LINK


def test_a_bomb_is_refused_before_it_goes_off() -> None:
    bomb = b'{"format": "kerablocks.project", "name": "' + b"a" * 200_000_000 + b'"}'
    made = packed(bomb)
    assert len(made) > 200_000 and "far too long" in refusal(made)
    smaller = packed(b" " * (LARGEST_DOCUMENT + 1) + document())
    assert len(smaller) < 10_000 and "larger than 2 MB" in refusal(smaller)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "carries no project"),
        ("http://host/?project=abc", "carries no project"),
        ("http://[host/?shared=1.abc", "not an address"),
        ("http://host/?shared=2.abc", "newer Kerablocks"),
        ("http://host/?shared=1.<script>", "characters"),
        ("http://host/?shared=1.", "characters"),
        ("http://host/?shared=1.AAAA", "missing or was changed"),
        (f"http://host/?shared={payload(CNN)[:-30]}", "missing or was changed"),
        (f"http://host/?shared={payload(CNN)[:200]}x{payload(CNN)[201:]}", "missing or was changed"),
        ("x" * 300_000, "far too long"),
    ],
)
def test_a_broken_link_is_refused_in_words(text: str, expected: str) -> None:
    said = refusal(text)
    assert expected in said and "Ask for the link again" in said


def test_something_after_the_document_is_refused() -> None:
    raw = zlib.compress(document()) + b"more"
    assert "was changed" in refusal("1." + base64.urlsafe_b64encode(raw).decode())


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b"\x00\xff", "not valid JSON"),
        (b"[" * 100_000, "not valid JSON"),
        (b"[]", "not a Kerablocks project"),
        (document(format="other"), "not a Kerablocks project"),
        (document(version=99), "newer Kerablocks"),
        (document(version=True), "must be a whole number"),
        (document(name=["x"]), "must be a text"),
        (document(data="csv"), "must be an object"),
        (document(model={"nodes": {}}), "must be a list"),
        (document(model={"nodes": [{"id": 5}]}), "needs an 'id'"),
        (document(model={"nodes": [{"id": "a", "kind": "dense.v1"}] * 5001}), "at most 5000 blocks"),
        (document(model={"nodes": [{"id": "a", "kind": "b", "position": [1e300, 0]}]}), "two numbers"),
        (document().replace(b'"epochs": ', b'"epochs": NaN, "x": '), "not valid JSON"),
        (document(name="\ud800"), "not valid JSON"),
        (document(training={"epochs": 7}).replace(b"7", b"7" * 5000), "not valid JSON"),
        (document(training={"epochs": 7}).replace(b": 7", b": 1e999"), "not valid JSON"),
    ],
)
def test_hostile_content_is_refused_in_words(raw: bytes, expected: str) -> None:
    assert expected in refusal(packed(raw))
    if expected == "not valid JSON":
        with pytest.raises(BuilderError, match="not valid JSON"):
            parse_project(raw)


def test_values_that_lie_too_deep_are_refused() -> None:
    deep: Any = 1
    for _ in range(100):
        deep = [deep]
    assert "too deep" in refusal(packed(document(training={"epochs": deep})))


def test_a_name_comes_without_what_cannot_be_seen() -> None:
    name = "Nice\u202egnp.exe\n\n\x1b[31m <script>alert(1)</script>" + "x" * 500
    shown = open_link(packed(document(name=name))).project.name
    assert shown.startswith("Nice gnp.exe [31m <script>") and len(shown) == LONGEST_NAME
    assert open_link(packed(document(name="\u200b"))).project.name == "Untitled"


def test_a_project_file_with_odd_numbers_is_refused_in_words_too() -> None:
    with pytest.raises(BuilderError, match="not valid JSON"):
        parse_project(b'{"format": "kerablocks.project", "version": 1, "name": "\\ud800"}')
    assert isinstance(parse_project(document()), Project)
