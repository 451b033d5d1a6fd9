"""Contenders in turn, and their ratios."""

from benchmarks.measure import Sample
from benchmarks.paired import LEAST_ROUNDS, Contender, Series, difference, ratio, run_in_turn


def test_contenders_run_in_turn_after_a_first_time_that_does_not_count() -> None:
    calls: list[str] = []
    contenders = {
        "a": Contender(lambda: calls.append("a"), before=lambda: calls.append("before")),
        "b": Contender(lambda: calls.append("b"), 7),
    }
    found = run_in_turn(contenders, rounds=2, seconds=60)
    assert calls == ["before", "a", "b"] * 3
    assert [len(series.samples) for series in found.values()] == [2, 2]
    assert found["b"].count == 7


def test_rounds_end_when_the_time_is_over_but_not_before_there_are_enough() -> None:
    (series,) = run_in_turn({"a": Contender(lambda: None)}, rounds=100, seconds=0).values()
    assert len(series.samples) == LEAST_ROUNDS


def series(*walls: float, cpu: float = 1.0, largest: int = 0, together: int = 0) -> Series:
    return Series([Sample(wall, cpu, largest) for wall in walls], together)


def test_a_ratio_is_of_one_round() -> None:
    quiet, disturbed = 1.0, 10.0  # of the second round, for both
    assert ratio(series(quiet, disturbed, quiet), series(2 * quiet, 2 * disturbed, 2 * quiet)) == 0.5
    # The medians of each alone would give 4 / 2; the rounds give 4, 1 and 2.
    assert ratio(series(4, 2, 8), series(1, 2, 4)) == 2
    assert ratio(series(4, 5, 6), series(1, 5, 4)) == 1.5
    assert difference(series(4, 5, 6), series(1, 5, 4)) == 2


def test_the_ratio_on_the_cores_is_apart_from_that_of_the_clock() -> None:
    assert ratio(series(1, 1, cpu=3.0).on_the_cores, series(9, 9, cpu=2.0).on_the_cores) == 1.5


def test_the_memory_is_the_larger_of_what_was_sampled_and_what_the_system_counted() -> None:
    assert series(1, largest=5, together=3).memory == 5
    assert series(1, largest=0, together=3).memory == 3
