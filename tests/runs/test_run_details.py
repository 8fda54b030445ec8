"""Runs carry tags, notes and owners; a deleted one can be taken back; the queue is fair."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from builder.errors import BuilderError
from builder.project import load_preset
from builder.runs.comparison import compared, run_row
from builder.runs.records import FINISHED, QUEUED, RUNNING, MetricRow
from builder.runs.store import Store

DOCUMENT = load_preset("images/cnn").to_json()
RESULT = {"best_epoch": 2, "metrics": {"val_loss": 0.3}, "last_metrics": {"val_loss": 0.5}, "test": {}}


class Clock:
    """A clock that stands still until it is told."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(tmp_path: Path, clock: Clock) -> Iterator[Store]:
    store = Store(f"sqlite:///{tmp_path / 'store.sqlite'}", clock)
    yield store
    store.close()


@pytest.fixture
def project(store: Store) -> str:
    return store.create_project(DOCUMENT)


def test_tags_and_notes_are_kept_and_found(store: Store, project: str) -> None:
    first, second = (store.create_run(project, DOCUMENT) for _ in range(2))
    assert store.tag_run(first, ["  best  of all ", "größte", "best of all"]) == ["best of all", "größte"]
    store.note_run(first, "Keep this one: 100% better")
    run = store.run(first)
    assert (run.tags, run.note) == (("best of all", "größte"), "Keep this one: 100% better")
    for words in ("BEST", "keep 100%", "größte queued", first):
        assert [run.id for run in store.list_runs(words=words)] == [first]
    assert store.list_runs(words="no such word") == []
    assert {run.id for run in store.list_runs(words="  ")} == {first, second}
    store.tag_run(first, [])
    assert store.run(first).tags == ()


@pytest.mark.parametrize("words", ["Übung", "ÜBUNG", "übung", "Ä", "ärger", "ЖЕНЯ", "ungelöst Übung"])
def test_letters_of_every_alphabet_are_found_in_either_case(store: Store, project: str, words: str) -> None:
    run_id = store.create_run(project, {**DOCUMENT, "name": "Übung 3"}, owner="Женя")
    store.create_run(project, DOCUMENT)
    store.tag_run(run_id, ["Ä"])
    store.note_run(run_id, "ÄRGER, UNGELÖST")
    assert [run.id for run in store.list_runs(words=words)] == [run_id]


@pytest.mark.parametrize("tags", [["x" * 41], [str(number) for number in range(21)]])
def test_tags_without_end_are_refused(store: Store, project: str, tags: list[str]) -> None:
    run_id = store.create_run(project, DOCUMENT)
    with pytest.raises(BuilderError, match="at most|longer than"):
        store.tag_run(run_id, tags)


def test_details_of_no_run_are_refused(store: Store) -> None:
    for change in (store.tag_run, store.note_run):
        with pytest.raises(BuilderError, match="There is no run"):
            change("nothing", "x")  # type: ignore[operator]


def test_the_trash_gives_back_for_a_day(store: Store, project: str, clock: Clock) -> None:
    run_id = store.create_run(project, DOCUMENT)
    store.trash_run(run_id)
    assert store.list_runs() == [] and store.queue() == [] and store.claim_next(5) is None
    assert [run.id for run in store.list_runs(in_trash=True)] == [run_id]
    store.restore_run(run_id)
    assert [run.id for run in store.list_runs()] == [run_id] and store.queue() == [run_id]
    store.trash_run(run_id)
    clock.now += 3600
    assert store.expired_runs(24 * 3600) == []
    clock.now += 24 * 3600
    assert store.expired_runs(24 * 3600) == [run_id]


def test_a_run_that_goes_on_is_not_put_into_the_trash(store: Store, project: str) -> None:
    run_id = store.create_run(project, DOCUMENT)
    store.transition(run_id, [QUEUED], RUNNING)
    with pytest.raises(BuilderError, match="Stop it first"):
        store.trash_run(run_id)


def test_the_queue_is_fair_between_owners(store: Store, project: str, clock: Clock) -> None:
    runs = []
    for owner in ("ada", "ada", "ada", "bob"):
        clock.now += 1
        runs.append(store.create_run(project, DOCUMENT, owner))
    # Ada came first, and then it is Bob's turn, although Ada's second run waits longer.
    assert store.claim_next(3) == runs[0]
    assert store.queue()[0] == runs[3]
    assert [store.claim_next(3), store.claim_next(3), store.claim_next(3)] == [runs[3], runs[1], None]


def test_runs_are_compared_by_best_and_last_epoch_and_by_what_differs(store: Store, project: str) -> None:
    other = {**DOCUMENT, "training": {**DOCUMENT["training"], "learning_rate": 0.5, "beta_1": 0.8}}
    ids = [store.create_run(project, document) for document in (DOCUMENT, other)]
    for run_id in ids:
        store.transition(run_id, [QUEUED], FINISHED, result=RESULT)
        rows = [MetricRow("epoch", 10 * epoch, epoch, "val_loss", 1 / epoch) for epoch in (1, 2, 2)]
        store.write_metrics(run_id, [*rows, MetricRow("step", 5, 1, "val_loss", 9.0)])
    row = run_row(store.run(ids[0]))
    assert (row["best_epoch"], row["best_val_loss"], row["last_val_loss"]) == (2, 0.3, 0.5)
    found = compared(store, ids)
    assert found["differing"] == ["learning_rate", "beta_1"]
    assert found["curves"][ids[0]] == {"val_loss": [[1, 1.0], [2, 0.5]]}
    with pytest.raises(BuilderError, match="There is no run"):
        compared(store, ["nothing"])
