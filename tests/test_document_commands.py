"""The shell compares, shares and keeps documents as the browser does, with honest exit codes."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from builder.__main__ import app
from builder.errors import BuilderError
from builder.project import load_preset
from builder.runs.store import default_store

PAIR = {
    "label": "Pair",
    "summary": "",
    "graph": {
        "nodes": [
            {"id": "x", "kind": "tensor_input.v1", "parameters": {}, "position": [0.0, 0.0]},
            {"id": "dense", "kind": "dense.v1", "parameters": {"units": 8}, "position": [0.0, 0.0]},
            {"id": "y", "kind": "output.v1", "parameters": {}, "position": [0.0, 0.0]},
        ],
        "edges": [
            {"source": "x", "source_port": "output", "target": "dense", "target_port": "input"},
            {"source": "dense", "source_port": "output", "target": "y", "target_port": "input"},
        ],
    },
    "exposed": [],
    "nested_model": False,
}


def builder(*arguments: str | Path, code: int = 0) -> Result:
    done = CliRunner().invoke(app, [str(argument) for argument in arguments], terminal_width=200)
    if isinstance(done.exception, BuilderError) and code == 2:
        return done
    assert done.exit_code == code, (done.output, done.exception)
    return done


def write(file: Path, **changes: Any) -> Path:
    file.write_text(json.dumps({**load_preset("images/cnn").to_json(), **changes}), encoding="utf-8")
    return file


def test_diff_tells_what_differs_and_fails_only_for_what_matters(tmp_path: Path) -> None:
    one, other = write(tmp_path / "a.json"), write(tmp_path / "b.json", training={"epochs": 99})
    assert builder("diff", one, one).output == "no difference\n"
    assert "→ 99" in builder("diff", one, other, code=1).output
    told = json.loads(builder("diff", one, other, "--json", code=1).output)
    assert not told["same"] and any(change["after"] == 99 for change in told["changes"])
    named = write(tmp_path / "c.json", name="Other name")
    assert "Other name" in builder("diff", one, named).output
    assert builder("diff", one, "images/cnn").output == "no difference\n"
    assert "removed" in builder("diff", one, "text/lstm", code=1).output
    assert "no run 'nothing'" in str(builder("diff", one, "nothing", code=2).exception)


def test_a_link_carries_a_project_from_file_to_file(tmp_path: Path) -> None:
    file = write(tmp_path / "a.json")
    link = builder("share", file, "--address", "https://studio.example").output.strip()
    assert link.startswith("https://studio.example/?shared=1.")
    builder("open-link", link, "-o", tmp_path / "b.json")
    assert builder("diff", file, tmp_path / "b.json").output == "no difference\n"
    refused = builder("open-link", link[:-20], "-o", tmp_path / "c.json", code=2)
    assert "cannot be opened" in str(refused.exception) and not (tmp_path / "c.json").exists()


def test_share_says_which_files_stay_behind(tmp_path: Path) -> None:
    data = {**load_preset("images/cnn").data.to_json(), "source": {"kind": "csv", "path": "/home/me/v.csv"}}
    done = builder("share", write(tmp_path / "a.json", data=data))
    assert "v.csv" in done.stderr and "me/v.csv" not in done.output
    builder("open-link", done.stdout.strip(), "-o", tmp_path / "b.json")
    assert json.loads((tmp_path / "b.json").read_text())["data"]["source"] == {"kind": "csv", "file": "v.csv"}


def test_history_lists_names_writes_and_restores(tmp_path: Path) -> None:
    store = default_store()
    document = load_preset("images/cnn").to_json()
    project_id = store.create_project(document)
    store.save_project(project_id, {**document, "training": {"epochs": 99}})
    first = store.versions(project_id)[-1].sequence
    assert project_id in builder("projects").output
    builder("history", project_id, "--version", str(first), "--name", "the start", "-o", tmp_path / "a.json")
    assert "the start" in builder("history", project_id).output
    assert builder("diff", tmp_path / "a.json", "images/cnn").output == "no difference\n"
    assert "restored version" in builder("restore", project_id, str(first)).output
    assert store.project(project_id).document["training"] == document["training"]
    assert "restored version" in builder("history", project_id).output
    assert "no version 999" in str(builder("restore", project_id, "999", code=2).exception)


def test_the_library_takes_blocks_from_files_and_gives_them_back(tmp_path: Path) -> None:
    file = tmp_path / "pair.json"
    file.write_text(
        json.dumps({"format": "kerablocks.block", "version": 1, "definitions": {"own.pair": PAIR}})
    )
    assert "added own.pair" in builder("library", "add", file).output
    assert "Pair" in builder("library", "list").output
    builder("library", "write", "own.pair", "-o", tmp_path / "again.json")
    assert json.loads((tmp_path / "again.json").read_text())["definitions"] == {"own.pair": PAIR}
    assert "exists already" in str(builder("library", "write", "own.pair", "-o", file, code=2).exception)
    builder("library", "remove", "own.pair")
    assert "no block 'own.pair'" in str(builder("library", "remove", "own.pair", code=2).exception)
    model = {**load_preset("images/cnn").to_json()["model"], "definitions": {"own.pair": PAIR}}
    builder("library", "add", write(tmp_path / "project.json", model=model))
    assert [block.kind for block in default_store().blocks()] == ["own.pair"]


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ([], "holds no own blocks"),
        ({"format": "kerablocks.block", "version": 2, "definitions": {"own.pair": PAIR}}, "newer Kerablocks"),
        ({"format": "kerablocks.block", "version": 1, "definitions": {}}, "holds no own blocks"),
        (
            {"format": "kerablocks.block", "version": 1, "definitions": {"dense.v1": PAIR}},
            "cannot be the kind",
        ),
        ({"format": "kerablocks.block", "version": 1, "definitions": {"own.pair": 5}}, "must be an object"),
        ({"model": {"definitions": {"own.pair": {"label": "Empty"}}}}, "has no input"),
    ],
)
def test_a_file_without_sound_own_blocks_is_refused(tmp_path: Path, document: Any, expected: str) -> None:
    file = tmp_path / "file.json"
    file.write_text(json.dumps(document))
    assert expected in str(builder("library", "add", file, code=2).exception)
    assert default_store().blocks() == []


def test_a_block_brings_the_blocks_in_it_and_one_in_itself_is_refused(tmp_path: Path) -> None:
    def holding(kind: str) -> dict[str, Any]:
        nodes = [{**node, "kind": kind} if node["id"] == "dense" else node for node in PAIR["graph"]["nodes"]]
        return {**PAIR, "label": "Outer", "graph": {**PAIR["graph"], "nodes": nodes}}

    file = tmp_path / "file.json"
    circular = {"own.pair": holding("own.outer"), "own.outer": holding("own.pair")}
    file.write_text(json.dumps({"format": "kerablocks.block", "version": 1, "definitions": circular}))
    assert "contains itself" in str(builder("library", "add", file, code=2).exception)
    alone = {"own.outer": holding("own.pair")}
    file.write_text(json.dumps({"format": "kerablocks.block", "version": 1, "definitions": alone}))
    assert "'own.pair' is needed" in str(builder("library", "add", file, code=2).exception)
    both = {"own.outer": holding("own.pair"), "own.pair": PAIR}
    file.write_text(json.dumps({"format": "kerablocks.block", "version": 1, "definitions": both}))
    builder("library", "add", file)
    builder("library", "write", "own.outer", "-o", tmp_path / "outer.json")
    assert set(json.loads((tmp_path / "outer.json").read_text())["definitions"]) == {"own.outer", "own.pair"}
