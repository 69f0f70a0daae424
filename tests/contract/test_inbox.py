"""However often and in whatever order events arrive, each is applied once and in its order."""

import itertools
import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bifrost.adapters.postgres.database import Database
from bifrost.adapters.postgres.inbox import Inbox
from bifrost.core.errors import UnavailableError
from bifrost.events import BarClosed
from tests.contract.backbone import (
    WorkFailedError,
    all_at_once,
    bar_closed,
    deposit,
    die_after,
    fail_after,
)

MakeDatabase = Callable[[str], Database]
INBOX = Inbox("risk")
NEW_STREAMS = (f"S{number}" for number in itertools.count())


@pytest.fixture
def database(make_database: MakeDatabase) -> Database:
    return make_database("risk")


def hear(database: Database, event: BarClosed) -> list[int]:
    """Deliver one event; return the sequences that may now be applied."""
    with database.transaction() as cursor:
        return [ready.sequence for ready in INBOX.in_order(cursor, event)]


def applied(database: Database, *sequences: int, instrument: str = "AAPL") -> list[int]:
    return [n for given in sequences for n in hear(database, bar_closed(given, instrument))]


def test_an_event_is_new_once(database: Database) -> None:
    with database.transaction() as cursor:
        assert INBOX.once(cursor, deposit(1))
        assert not INBOX.once(cursor, deposit(1))
        assert INBOX.once(cursor, deposit(2))


def test_what_was_heard_is_remembered_and_what_was_not_is_not(database: Database) -> None:
    with database.transaction() as cursor:
        INBOX.once(cursor, deposit(1))

    with database.transaction() as cursor:
        assert INBOX.seen(cursor, "deposit-1")
        assert not INBOX.seen(cursor, "deposit-2")


def test_an_event_whose_work_failed_is_new_again(database: Database) -> None:
    with pytest.raises(WorkFailedError):
        fail_after(database, lambda cursor: INBOX.once(cursor, deposit(1)))

    with database.transaction() as cursor:
        assert INBOX.once(cursor, deposit(1))


def test_two_listeners_keep_two_inboxes(make_database: MakeDatabase) -> None:
    for schema in ("risk", "portfolio"):
        with make_database(schema).transaction() as cursor:
            assert Inbox(schema).once(cursor, deposit(1))


def test_of_eight_deliveries_at_once_one_is_new(make_database: MakeDatabase) -> None:
    def deliver(database: Database) -> bool:
        with database.transaction() as cursor:
            return INBOX.once(cursor, deposit(1))

    databases = [make_database("risk") for _ in range(8)]
    answers = all_at_once([lambda d=each: deliver(d) for each in databases])  # type: ignore[misc]

    assert sorted(answers) == [False] * 7 + [True]


def test_events_in_order_go_straight_through(database: Database) -> None:
    assert [hear(database, bar_closed(n)) for n in (1, 2, 3)] == [[1], [2], [3]]


def test_another_event_at_a_place_that_is_past_fails_and_leaves_no_gap(database: Database) -> None:
    applied(database, 1, 2)

    with pytest.raises(ValueError, match="is past 1"):
        hear(database, replace(bar_closed(1), event_id="another"))
    assert applied(database, 3) == [3]


def test_an_early_event_waits_for_the_ones_before_it(database: Database) -> None:
    answers = [hear(database, bar_closed(n)) for n in (3, 2, 5, 1, 4)]

    assert answers == [[], [], [], [1, 2, 3], [4, 5]]


def test_an_event_that_waited_comes_back_as_it_was_sent(database: Database) -> None:
    hear(database, bar_closed(2))

    with database.transaction() as cursor:
        assert INBOX.in_order(cursor, bar_closed(1)) == [bar_closed(1), bar_closed(2)]


@pytest.mark.parametrize("again", [1, 2, 3])
def test_a_duplicate_is_forgotten_whether_applied_or_waiting(
    database: Database, again: int
) -> None:
    applied(database, 1, 3)
    with database.transaction() as cursor:
        known = INBOX.seen(cursor, bar_closed(again).event_id)

    assert hear(database, bar_closed(again)) == ([] if known else [2, 3])


def test_streams_do_not_wait_for_each_other(database: Database) -> None:
    assert applied(database, 2, 3, instrument="AAPL") == []
    assert applied(database, 1, 2, instrument="MSFT") == [1, 2]


def test_more_than_nine_events_are_applied_by_number_not_by_text(database: Database) -> None:
    assert applied(database, *range(12, 0, -1)) == list(range(1, 13))


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(deliveries=st.permutations(sorted([*range(1, 9)] * 3)))
def test_any_shuffle_of_triple_deliveries_is_applied_once_in_order(
    database: Database, deliveries: list[int]
) -> None:
    assert applied(database, *deliveries, instrument=next(NEW_STREAMS)) == list(range(1, 9))


def test_a_failed_listener_gets_the_whole_run_again(database: Database) -> None:
    applied(database, 2)

    with pytest.raises(WorkFailedError):
        fail_after(database, lambda cursor: INBOX.in_order(cursor, bar_closed(1)))

    assert hear(database, bar_closed(1)) == [1, 2]


def test_a_listener_that_died_before_its_commit_gets_the_run_again(
    make_database: MakeDatabase,
) -> None:
    dying = make_database("risk")

    with pytest.raises(UnavailableError):
        die_after(dying, lambda cursor: INBOX.in_order(cursor, bar_closed(1)))

    assert hear(make_database("risk"), bar_closed(1)) == [1]


def test_deliveries_at_once_from_many_consumers_are_applied_in_one_order(
    make_database: MakeDatabase,
) -> None:
    """Each worker appends what it may apply to one log, inside the transaction that locks it."""
    databases = [make_database("risk") for _ in range(6)]
    log: list[int] = []

    def deliver(worker: int, sequence: int) -> None:
        with databases[worker].transaction() as cursor:
            ready = INBOX.in_order(cursor, bar_closed(sequence))
            log.extend(event.sequence for event in ready)

    def work(worker: int) -> None:
        mine = list(range(1, 31))
        random.Random(worker).shuffle(mine)  # noqa: S311 - a seeded shuffle
        for sequence in mine:
            deliver(worker, sequence)

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(work, range(6)))

    assert log == list(range(1, 31))
    assert databases[0].fetch_all("SELECT 1 FROM risk.early_events") == []


def take_next(database: Database, stream: str) -> int | None:
    with database.transaction() as cursor:
        taken = INBOX.take_next(cursor, stream, BarClosed)
    return taken.sequence if taken else None


def test_what_is_put_back_comes_again_one_by_one_or_with_the_next(database: Database) -> None:
    stream = bar_closed(1).stream
    applied(database, 2, 3)
    with database.transaction() as cursor:
        ready = INBOX.in_order(cursor, bar_closed(1))
        INBOX.put_back(cursor, ready[1:])

    assert [hear(database, bar_closed(n)) for n in (1, 2, 3)] == [[], [], []]
    assert take_next(database, stream) == 2
    assert hear(database, bar_closed(4)) == [3, 4]
    assert take_next(database, stream) is None


def test_what_is_held_is_taken_in_its_turn_and_only_once(database: Database) -> None:
    stream = bar_closed(1).stream
    for number in (2, 1, 2):
        with database.transaction() as cursor:
            INBOX.hold(cursor, bar_closed(number))

    assert [take_next(database, stream) for _ in range(3)] == [1, 2, None]
    with database.transaction() as cursor, pytest.raises(ValueError, match="is past 1"):
        INBOX.hold(cursor, replace(bar_closed(1), event_id="another"))
