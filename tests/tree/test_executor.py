"""Who does the work: the same answers in the same order, and a lost worker is an error."""

import os
import signal
from functools import partial

import pytest

from runcheck.errors import InvalidArgumentError
from runcheck.tree.cluster import Dask
from runcheck.tree.executor import Here, Processes, Threads, WorkerLostError, cores, executor_of


def square(number: int) -> tuple[int, int]:
    """Return the square of a number and the process that computed it."""
    return number * number, os.getpid()


def die(number: int) -> int:
    """End the process that does the work, at the seventh item."""
    if number == 7:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def refuse(number: int) -> int:
    """Raise what the work may raise."""
    raise ValueError(number)


SPAWNED = partial(Processes, 2, least_items=1, method="spawn")


def test_answers_come_in_the_order_of_the_items() -> None:
    for executor in (Here(), SPAWNED()):
        assert [answer for answer, _ in executor.map(square, range(100))] == [number**2 for number in range(100)]


def test_processes_do_the_work_elsewhere_and_few_items_stay_here() -> None:
    assert os.getpid() not in {process for _, process in SPAWNED().map(square, range(20))}
    assert {process for _, process in Processes(2, least_items=21).map(square, range(20))} == {os.getpid()}
    assert {process for _, process in Processes(1, least_items=1).map(square, range(20))} == {os.getpid()}


def test_a_worker_that_is_lost_is_an_error_and_not_a_shorter_answer() -> None:
    with pytest.raises(WorkerLostError, match="memory"):
        list(SPAWNED().map(die, range(40)))


def test_what_the_work_raises_is_raised() -> None:
    with pytest.raises(ValueError, match="0"):
        list(SPAWNED().map(refuse, range(3)))


def test_threads_answer_in_order_raise_what_the_work_raises_and_begin_no_more_than_a_few_ahead() -> None:
    assert [answer for answer, _ in Threads(3).map(square, range(100))] == [number**2 for number in range(100)]
    assert {process for _, process in Threads(3).map(square, range(5))} == {os.getpid()}
    with pytest.raises(ValueError, match="0"):
        list(Threads(3).map(refuse, range(30)))
    begun: list[int] = []
    answers = Threads(2).map(begun.append, range(1000))
    next(answers)
    assert len(begun) < 20
    assert len(list(answers)) == 999
    assert sorted(begun) == list(range(1000))


def test_there_is_a_core() -> None:
    assert 1 <= cores() <= (os.cpu_count() or 1)


def test_a_text_names_an_executor() -> None:
    processes = executor_of("processes", 3)
    assert isinstance(processes, Processes)
    assert processes.count == 3
    default = executor_of("processes")
    assert isinstance(default, Processes)
    assert default.count == cores()
    threads = executor_of("threads", 3)
    assert isinstance(threads, Threads)
    assert threads.count == 3
    cluster = executor_of("dask:tcp://host:8786")
    assert isinstance(cluster, Dask)
    assert cluster.address == "tcp://host:8786"


@pytest.mark.parametrize("text", ["", "dask", "dask:", "thread", "processes:3", "Dask:host:8786"])
def test_a_text_that_names_none_is_answered_with_those_that_there_are(text: str) -> None:
    with pytest.raises(InvalidArgumentError, match="there are processes, threads, dask:ADDRESS"):
        executor_of(text)


def test_a_number_of_processes_is_not_for_a_cluster() -> None:
    with pytest.raises(InvalidArgumentError, match="--jobs"):
        executor_of("dask:host:8786", 3)
