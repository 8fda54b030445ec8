"""A project's history: every kept edit, each content once, thinned with age; the library of own blocks."""

import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, event, func, select
from sqlalchemy.dialects import postgresql

from builder.errors import BuilderError
from builder.project import load_preset
from builder.runs import history
from builder.runs.store import Store
from builder.runs.tables import snapshots, versions
from builder.runs.thinning import DAY, HOUR, superfluous
from builder.runs.writing_on import writes_on


class Clock:
    """A clock that stands still until the test moves it."""

    def __init__(self) -> None:
        self.now = 1_000_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'store.sqlite'}"


@pytest.fixture
def store(url: str, clock: Clock) -> Iterator[Store]:
    store = Store(url, clock)
    yield store
    store.close()


def document(epochs: int) -> dict[str, Any]:
    return {**load_preset("images/cnn").to_json(), "training": {"epochs": epochs}}


def epochs(store: Store, project_id: str) -> list[int]:
    """Return the history as the number of epochs in each version, newest first."""
    found = store.versions(project_id)
    return [store.version(project_id, item.sequence)[1]["training"]["epochs"] for item in found]


def count(store: Store, table: Any) -> int:
    with store.engine.connect() as connection:
        return int(connection.execute(select(func.count()).select_from(table)).scalar_one())


def test_every_kept_edit_is_a_version_and_none_is_made_where_nothing_changed(store: Store) -> None:
    project_id = store.create_project(document(1))
    for number in (2, 2, 3):
        store.save_project(project_id, document(number))
    assert epochs(store, project_id) == [3, 2, 1]
    assert [item.reason for item in store.versions(project_id)] == ["edit", "edit", "created"]
    newest = store.versions(project_id)[0]
    assert store.version(project_id, newest.sequence)[1] == store.project(project_id).document


def test_a_content_that_comes_back_is_stored_once(store: Store) -> None:
    project_id = store.create_project(document(1))
    for number in (2, 1, 2, 1):
        store.save_project(project_id, document(number))
    assert epochs(store, project_id) == [1, 2, 1, 2, 1]
    assert count(store, snapshots) == 2


def noted(text: str, title: str = "Part") -> dict[str, Any]:
    """Return a document with a note and a group's title, as the canvas keeps it at a pause of the typing."""
    whole = load_preset("images/cnn").to_json()
    note = {"id": "note", "text": text, "position": [0.0, 0.0], "size": [200.0, 100.0]}
    group = {"id": "group", "title": title, "nodes": ["input"], "collapsed": False}
    return {**whole, "model": {**whole["model"], "notes": [note], "groups": [group]}}


def notes(store: Store, project_id: str) -> list[str]:
    """Return the history as the text of the note in each version, newest first."""
    found = store.versions(project_id)
    return [store.version(project_id, item.sequence)[1]["model"]["notes"][0]["text"] for item in found]


def write(store: Store, clock: Clock, project_id: str, *texts: str) -> None:
    for text in texts:
        clock.now += 1
        store.save_project(project_id, noted(text))


def test_a_text_that_is_being_written_makes_one_version(store: Store, clock: Clock) -> None:
    project_id = store.create_project(noted(""))
    write(
        store,
        clock,
        project_id,
        "The",
        "The first lair",
        "The first la",
        "The first layer is",
        "The layer is",
    )
    assert notes(store, project_id) == ["The layer is", ""]
    assert store.project(project_id).document == noted("The layer is")
    assert count(store, snapshots) == 2
    write(store, clock, project_id, "")
    assert notes(store, project_id) == [""], "what was typed and taken back was no edit"


def test_whoever_writes_for_long_gets_versions_on_the_way(store: Store, clock: Clock) -> None:
    project_id = store.create_project(noted(""))
    write(store, clock, project_id, *("word " * count for count in range(1, 62)))
    assert notes(store, project_id) == ["word " * count for count in (61, 31, 0)]


def test_writing_loses_no_text_and_no_other_edit(store: Store, clock: Clock) -> None:
    written = "What was written in one go, and taken away by a slip of the hand."
    project_id = store.create_project(noted(""))
    write(store, clock, project_id, written, "")
    assert notes(store, project_id) == ["", written, ""]
    store.save_project(project_id, noted("", title="Stem"))
    store.save_project(project_id, noted("a", title="Stem"))
    assert len(store.versions(project_id)) == 5, "another field is another edit"
    store.name_version(project_id, store.versions(project_id)[0].sequence, "mine")
    store.save_project(project_id, noted("ab", title="Stem"))
    store.create_run(project_id, noted("ab", title="Stem"))
    store.save_project(project_id, noted("abc", title="Stem"))
    store.save_project(project_id, noted("ab", title="Stem"), reason=history.RESTORED)
    assert notes(store, project_id)[:4] == ["ab", "abc", "ab", "a"]


def test_another_word_from_a_list_is_another_edit() -> None:
    assert not writes_on(*({"activation": word} for word in ("tanh", "relu", "gelu")))
    assert writes_on({}, {"note": "a"}, {"note": "ab"})
    assert not writes_on({"a": "", "b": [1]}, {"a": "x", "b": [1]}, {"a": "xy", "b": [1, 2]})


def test_a_refused_edit_leaves_no_version(store: Store) -> None:
    project_id = store.create_project(document(1))
    store.save_project(project_id, document(2), revision=1)
    with pytest.raises(BuilderError):
        store.save_project(project_id, document(3), revision=1)
    assert epochs(store, project_id) == [2, 1]


def test_a_restored_version_says_so_and_loses_nothing(store: Store) -> None:
    project_id = store.create_project(document(1))
    store.save_project(project_id, document(2))
    _, before = store.version(project_id, store.versions(project_id)[1].sequence)
    store.save_project(project_id, before, reason=history.RESTORED, note="the first version")
    assert epochs(store, project_id) == [1, 2, 1]
    newest = store.versions(project_id)[0]
    assert (newest.reason, newest.note) == ("restored", "the first version")


def test_old_versions_are_thinned_but_named_ones_and_those_of_runs_stay(store: Store, clock: Clock) -> None:
    project_id = store.create_project(document(1))
    for number in range(2, 7):
        clock.now += 60
        store.save_project(project_id, document(number))
    named, trained = store.versions(project_id)[3], store.versions(project_id)[4]
    assert store.name_version(project_id, named.sequence, "  before the change ")
    run_id = store.create_run(project_id, document(2))
    clock.now += 10 * DAY
    store.save_project(project_id, document(7))
    assert epochs(store, project_id) == [7, 6, 3, 2]
    assert count(store, snapshots) == 4
    kept = {item.sequence: item for item in store.versions(project_id)}
    assert kept[named.sequence].name == "before the change"
    assert kept[trained.sequence].run_id == run_id


def test_thinning_keeps_all_of_the_last_hour_then_one_an_hour_then_one_a_day() -> None:
    now = 1000 * DAY
    moments = [now - age for age in (9 * DAY + 60, 9 * DAY + 30, 2 * DAY + 1800, 2 * DAY + 600, 3000, 20, 10)]
    assert superfluous(enumerate(moments), now) == [0, 2]
    every_minute = [now - 30 * DAY + 60 * minute for minute in range(30 * 24 * 60)]
    kept = len(every_minute) - len(superfluous(enumerate(every_minute), now))
    assert 60 + 71 + 27 <= kept <= 60 + 73 + 28
    assert superfluous([(1, now - 365 * DAY)], now) == [], "the newest is never thinned"
    assert HOUR < DAY


def test_a_run_of_another_document_marks_no_version(store: Store) -> None:
    project_id = store.create_project(document(1))
    store.create_run(project_id, document(99))
    assert [item.run_id for item in store.versions(project_id)] == [None]


def test_a_deleted_run_lets_its_version_go_and_a_deleted_project_takes_its_history_along(
    store: Store,
) -> None:
    project_id = store.create_project(document(1))
    run_id = store.create_run(project_id, document(1))
    assert store.versions(project_id)[0].run_id == run_id
    store.delete_run(run_id)
    assert store.versions(project_id)[0].run_id is None
    store.delete_project(project_id)
    assert count(store, versions) == count(store, snapshots) == 0


def test_an_older_database_gets_its_present_as_the_first_version(store: Store, url: str) -> None:
    project_id = store.create_project(document(5))
    with store.engine.begin() as connection:
        connection.execute(delete(versions))
        connection.execute(delete(snapshots))
    with ThreadPoolExecutor(4) as pool:
        opened = list(pool.map(lambda _: Store(url), range(4)))
    assert epochs(store, project_id) == [5]
    store.save_project(project_id, document(6))
    assert epochs(store, project_id) == [6, 5]
    for other in opened:
        other.close()


def test_writers_at_the_same_moment_lose_no_version(store: Store, url: str) -> None:
    project_id = store.create_project(document(0))
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda number: store.save_project(project_id, document(number)), range(1, 25)))
    assert sorted(epochs(store, project_id)) == list(range(25))
    assert epochs(store, project_id)[0] == store.project(project_id).document["training"]["epochs"]


def test_a_version_is_small_and_unknown_ones_are_told(store: Store) -> None:
    project_id = store.create_project(document(1))
    with store.engine.connect() as connection:
        content = connection.execute(select(snapshots.c.content)).scalar_one()
    assert len(content) < 1000 < len(zlib.decompress(content))
    with pytest.raises(BuilderError, match="no version 77"):
        store.version(project_id, 77)
    other = store.create_project(document(2))
    with pytest.raises(BuilderError, match="no version"):
        store.version(other, store.versions(project_id)[0].sequence)
    assert not store.name_version(other, store.versions(project_id)[0].sequence, "mine")


def test_every_statement_of_the_history_compiles_for_postgresql(store: Store, clock: Clock) -> None:
    compiled: list[str] = []

    @event.listens_for(store.engine, "before_execute")
    def compile_too(_connection: Any, statement: Any, *_: Any) -> None:
        compiled.append(str(statement.compile(dialect=postgresql.dialect())))

    project_id = store.create_project(document(1))
    clock.now += 100 * DAY
    store.save_project(project_id, document(2))
    clock.now += 60
    store.save_project(project_id, document(3))
    clock.now += 100 * DAY
    store.save_project(project_id, document(4))
    store.create_run(project_id, document(4))
    store.name_version(project_id, store.versions(project_id)[0].sequence, "n")
    history.begin(store.engine)
    store.save_block("own.pair", "Pair", {})
    store.remove_block("own.pair")
    assert any("DELETE FROM snapshots" in text for text in compiled)


def test_the_library_keeps_replaces_and_gives_back_own_blocks(store: Store) -> None:
    pair = {"label": "Pair", "graph": {"nodes": [], "edges": []}}
    store.save_block("own.pair", "Pair", pair)
    store.save_block("own.ant", "Ant", {**pair, "label": "Ant"})
    store.save_block("own.pair", "Pair of blocks", {**pair, "summary": "Two"})
    assert [(block.kind, block.label) for block in store.blocks()] == [
        ("own.ant", "Ant"),
        ("own.pair", "Pair of blocks"),
    ]
    removed = store.remove_block("own.pair")
    assert removed.definition["summary"] == "Two"
    with pytest.raises(BuilderError, match=r"no block 'own\.pair'.*own\.ant"):
        store.remove_block("own.pair")
    store.save_block(removed.kind, removed.label, removed.definition)
    assert len(store.blocks()) == 2
