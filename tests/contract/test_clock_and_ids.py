"""What every clock and every source of ids promises, the wall's and a test's alike."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from bifrost.adapters.clock import SystemClock
from bifrost.adapters.ids import RandomIds
from bifrost.adapters.memory.clock import SetClock
from bifrost.adapters.memory.ids import CountedIds
from bifrost.execution.ports import Clock, IdSource

AT = datetime(2026, 11, 20, 15, tzinfo=UTC)
CLOCKS: dict[str, Callable[[], Clock]] = {"wall": SystemClock, "memory": lambda: SetClock(AT)}
IDS: dict[str, Callable[[], IdSource]] = {"random": RandomIds, "memory": CountedIds}


@pytest.fixture(params=CLOCKS)
def clock(request: pytest.FixtureRequest) -> Clock:
    return CLOCKS[request.param]()


@pytest.fixture(params=IDS)
def ids(request: pytest.FixtureRequest) -> IdSource:
    return IDS[request.param]()


def test_a_clock_says_the_time_in_utc(clock: Clock) -> None:
    assert clock.now().tzinfo is UTC


def test_a_clock_does_not_go_back(clock: Clock) -> None:
    first, second = clock.now(), clock.now()

    assert first <= second


def test_a_set_clock_stands_until_it_is_moved() -> None:
    clock = SetClock(AT)
    before = (clock.now(), clock.now())

    clock.pass_by(21.5)

    assert before == (AT, AT)
    assert clock.now() == AT + timedelta(seconds=21.5)


def test_an_id_is_never_given_twice(ids: IdSource) -> None:
    assert len({ids.new() for _ in range(1000)}) == 1000


def test_counted_ids_of_two_prefixes_do_not_meet() -> None:
    first, second = CountedIds("a-"), CountedIds("b-")

    assert [first.new(), first.new(), second.new()] == ["a-1", "a-2", "b-1"]
