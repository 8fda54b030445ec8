"""A question is asked once, its answer is found again, and failures come back in words."""

from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import numpy as np

from builder.errors import stop
from builder.ui.work import RETRY_SECONDS, UNEXPECTED, Answer, Work


class Submissions:
    """Keeps the futures of submitted tasks, for the test to answer."""

    def __init__(self) -> None:
        self.futures: list[Future[Any]] = []

    def __call__(self, task: str, **arguments: Any) -> Future[Any]:
        self.futures.append(Future())
        return self.futures[-1]


def test_the_same_question_is_worked_on_once() -> None:
    submit = Submissions()
    work = Work(submit)
    assert work.ask("double", number=2).state == "working"
    assert work.ask("double", number=2).state == "working"
    assert work.unfinished("double") == [{"number": 2}]
    submit.futures[0].set_result(4)
    answer = work.ask("double", number=2)
    assert (answer.state, answer.value) == ("ready", 4)
    assert len(submit.futures) == 1
    assert work.unfinished("double") == []


def test_other_arguments_are_another_question() -> None:
    submit = Submissions()
    work = Work(submit)
    pictures = np.zeros((280, 280), np.uint8), np.zeros((280, 280), np.uint8)
    pictures[1][140, 140] = 255
    for picture in pictures:
        work.ask("predict", raw=[{"image": picture}])
    assert len(submit.futures) == 2


def test_a_forgotten_question_is_asked_anew() -> None:
    submit = Submissions()
    work = Work(submit)
    work.ask("export", run_id="a")
    submit.futures[0].set_result({})
    work.forget("export", run_id="a")
    assert work.ask("export", run_id="a").state == "working"


def test_problems_of_the_task_come_back_and_surprises_as_plain_words() -> None:
    submit = Submissions()
    work = Work(submit)
    work.ask("check")
    work.ask("profile")
    submit.futures[0].set_exception(stop("bad", "The column 'age' is empty."))
    submit.futures[1].set_exception(KeyError("internals"))
    assert work.ask("check").problems[0].message == "The column 'age' is empty."
    assert work.ask("profile").problems == (UNEXPECTED,)


def test_waiting_ends_when_its_time_is_over() -> None:
    assert Work(Submissions()).wait("infer", 0.01, graph={}).state == "working"


def test_old_answers_make_way() -> None:
    submit = Submissions()
    work = Work(submit, size=2)
    for number in range(3):
        work.ask("double", number=number)
    work.ask("double", number=0)
    assert len(submit.futures) == 4


def test_a_newer_question_of_the_same_asker_takes_the_place_of_one_that_waits() -> None:
    futures = {number: Future[Any]() for number in (1, 2, 3)}
    work = Work(lambda _, number: futures[number])
    with ThreadPoolExecutor() as pool:
        first = pool.submit(work.newest, "canvas", "preview", 30.0, number=1)
        while not work._newest:
            assert not first.done()
        other = pool.submit(work.newest, "another", "preview", 30.0, number=2)
        futures[3].set_result("new")
        assert work.newest("canvas", "preview", 30.0, number=3) == Answer("ready", "new")
        assert first.result(30) == Answer("working") and futures[1].cancelled()
        futures[2].set_result("theirs")
        assert other.result(30) == Answer("ready", "theirs")
    assert work._newest == {}


def test_what_failed_in_passing_is_asked_again_after_some_seconds() -> None:
    submit, now = Submissions(), [0.0]
    work = Work(submit, clock=lambda: now[0])
    work.ask("check")
    submit.futures[0].set_exception(stop("engine_crashed", "The engine ended."))
    assert work.ask("check").state == "failed"
    now[0] = RETRY_SECONDS / 2
    assert work.ask("check").state == "failed"
    now[0] = RETRY_SECONDS
    assert work.ask("check").state == "working"
    submit.futures[1].set_exception(stop("bad", "The column 'age' is empty."))
    now[0] = 10 * RETRY_SECONDS
    assert work.ask("check").problems[0].code == "bad"
    assert len(submit.futures) == 2, "what lies in the question itself is not asked again"


def test_a_question_about_a_file_that_has_changed_is_another_one() -> None:
    submit = Submissions()
    work = Work(submit)
    work.ask("profile", "of Monday", path="rows.csv")
    submit.futures[0].set_result("old")
    assert work.ask("profile", "of Monday", path="rows.csv").value == "old"
    assert work.ask("profile", "of Tuesday", path="rows.csv").state == "working"
