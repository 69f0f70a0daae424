"""What was committed is published at least once and in its order; what was not never is."""

import time
from collections.abc import Callable

import pytest

from bifrost.adapters.memory.bus import Entry, MemoryBus
from bifrost.adapters.postgres.database import Database
from bifrost.adapters.postgres.outbox import BATCH, Outbox, Relay
from bifrost.adapters.postgres.recovery import unsend_unheard
from bifrost.core.codec import to_json
from bifrost.core.errors import UnavailableError
from bifrost.events import Event
from tests.contract.backbone import WorkFailedError, all_at_once, deposit, fail_after

MakeDatabase = Callable[[str], Database]


class FailingBus(MemoryBus):
    """Takes what it is given, then fails the calls it was told to: the answer is lost."""

    def __init__(self, *failing: int) -> None:
        super().__init__()
        self._failing = failing

    def put(self, entries: list[Entry]) -> frozenset[int]:
        super().put(entries)
        if len(self.calls) in self._failing:
            raise UnavailableError("the bus did not answer")
        return frozenset()


@pytest.fixture
def database(make_database: MakeDatabase) -> Database:
    return make_database("portfolio")


@pytest.fixture
def bus() -> MemoryBus:
    return MemoryBus()


def write(database: Database, *events: Event) -> None:
    with database.transaction() as cursor:
        Outbox("portfolio").add(cursor, *events)


def flush_until_sent(relay: Relay) -> None:
    """Flush as the schedule does: a dead sender's rows are skipped until the server misses it."""
    for _ in range(200):
        if relay.flush():
            return
        time.sleep(0.05)
    raise AssertionError("the dead sender's events were never sent")


def numbers(bus: MemoryBus) -> list[int]:
    return [int(event.event_id.removeprefix("deposit-")) for event in bus.events]


def test_an_event_arrives_as_it_was_written(database: Database, bus: MemoryBus) -> None:
    write(database, deposit(1, "0.10"))

    assert Relay(database, "portfolio", bus).flush() == 1
    assert bus.events == [deposit(1, "0.10")]
    assert bus.calls[0][0][0] == "bifrost.portfolio"


def test_an_event_of_a_transaction_that_failed_never_happened(
    database: Database, bus: MemoryBus
) -> None:
    with pytest.raises(WorkFailedError):
        fail_after(database, lambda cursor: Outbox("portfolio").add(cursor, deposit(1)))

    assert Relay(database, "portfolio", bus).flush() == 0
    assert bus.calls == []


def test_a_published_event_is_not_published_again(database: Database, bus: MemoryBus) -> None:
    relay = Relay(database, "portfolio", bus)
    write(database, deposit(1))

    assert (relay.flush(), relay.flush(), len(bus.events)) == (1, 0, 1)


def test_the_same_event_cannot_be_written_twice(database: Database) -> None:
    write(database, deposit(1))

    with pytest.raises(Exception, match="duplicate key"):
        write(database, deposit(1))


def test_events_leave_in_the_order_they_were_written(database: Database, bus: MemoryBus) -> None:
    for number in range(1, 2 * BATCH + 4):
        write(database, deposit(number))

    assert Relay(database, "portfolio", bus).flush() == 2 * BATCH + 3
    assert numbers(bus) == list(range(1, 2 * BATCH + 4))


def test_no_call_carries_more_than_the_bus_takes(database: Database, bus: MemoryBus) -> None:
    write(database, *(deposit(number) for number in range(BATCH + 1)))

    Relay(database, "portfolio", bus).flush()

    assert [len(call) for call in bus.calls] == [BATCH, 1]


def test_a_lost_answer_sends_the_batch_again_and_loses_nothing(database: Database) -> None:
    bus = FailingBus(2)
    relay = Relay(database, "portfolio", bus)
    write(database, *(deposit(number) for number in range(25)))

    with pytest.raises(UnavailableError):
        relay.flush()
    relay.flush()

    # The second batch went twice, nothing else did, and every event is there.
    assert numbers(bus) == [*range(20), *range(10, 25)]


def test_a_crash_between_send_and_mark_sends_again(
    make_database: MakeDatabase, bus: MemoryBus
) -> None:
    crashing = make_database("portfolio")
    write(crashing, deposit(1))

    class DyingBus(MemoryBus):
        def put(self, entries: list[Entry]) -> frozenset[int]:
            bus.put(entries)
            # The process dies here: its connection closes, its transaction with it.
            crashing.close()
            return frozenset()

    with pytest.raises(UnavailableError):
        Relay(crashing, "portfolio", DyingBus()).flush()
    flush_until_sent(Relay(make_database("portfolio"), "portfolio", bus))

    assert numbers(bus) == [1, 1]


def test_two_relays_share_the_work_and_publish_nothing_twice(
    make_database: MakeDatabase, bus: MemoryBus
) -> None:
    database = make_database("portfolio")
    for start in range(0, 200, 20):
        write(database, *(deposit(number) for number in range(start, start + 20)))

    relays = [Relay(make_database("portfolio"), "portfolio", bus) for _ in range(4)]
    sent = all_at_once([relay.flush for relay in relays])

    assert sum(sent) == 200
    assert sorted(numbers(bus)) == list(range(200))


def test_a_relay_waits_for_no_other_and_takes_none_of_its_events(
    make_database: MakeDatabase, bus: MemoryBus
) -> None:
    write(make_database("portfolio"), *(deposit(number) for number in range(BATCH + 2)))
    other = Relay(make_database("portfolio"), "portfolio", bus)

    class SlowBus(MemoryBus):
        def put(self, entries: list[Entry]) -> frozenset[int]:
            super().put(entries)
            if len(self.calls) == 1:
                other.flush()
            return frozenset()

    slow = SlowBus()
    Relay(make_database("portfolio"), "portfolio", slow).flush()

    assert (numbers(slow), numbers(bus)) == (list(range(BATCH)), [BATCH, BATCH + 1])


def test_writers_at_the_same_time_lose_no_event(
    make_database: MakeDatabase, bus: MemoryBus
) -> None:
    databases = [make_database("portfolio") for _ in range(8)]

    def write_ten(worker: int) -> None:
        for number in range(10):
            write(databases[worker], deposit(worker * 10 + number))

    all_at_once([lambda w=worker: write_ten(w) for worker in range(8)])  # type: ignore[misc]
    Relay(databases[0], "portfolio", bus).flush()

    assert sorted(numbers(bus)) == list(range(80))


def test_text_that_json_must_escape_survives(database: Database, bus: MemoryBus) -> None:
    event = deposit(1)
    odd = type(event)(**{**_fields(event), "account_id": 'quote " back \\ line \n Zürich 東京'})
    write(database, odd)

    Relay(database, "portfolio", bus).flush()

    assert bus.events == [odd]


def test_an_event_that_a_listener_never_heard_is_sent_again(
    make_database: MakeDatabase, database_url: Callable[[str], str], bus: MemoryBus
) -> None:
    portfolio, risk = make_database("portfolio"), make_database("risk")
    write(portfolio, deposit(1), deposit(2))
    relay = Relay(portfolio, "portfolio", bus)
    relay.flush()
    with risk.transaction() as cursor:
        cursor.execute("INSERT INTO risk.inbox (event_id) VALUES ('deposit-1')")

    owner = Database(database_url("portfolio").replace("bifrost_portfolio", "postgres"))
    counts = unsend_unheard(owner, ["portfolio"], {"risk": ["CashDeposited.v1"]})
    owner.close()
    relay.flush()

    assert counts == {"portfolio": 1}
    assert numbers(bus) == [1, 2, 2]


def test_what_no_listener_hears_is_not_sent_again(
    make_database: MakeDatabase, database_url: Callable[[str], str], bus: MemoryBus
) -> None:
    portfolio = make_database("portfolio")
    write(portfolio, deposit(1))
    Relay(portfolio, "portfolio", bus).flush()

    owner = Database(database_url("portfolio").replace("bifrost_portfolio", "postgres"))
    counts = unsend_unheard(owner, ["portfolio"], {"risk": ["FillRecorded.v1"]})
    owner.close()

    assert counts == {}


def test_what_the_bus_keeps_from_its_listener_is_not_missing(
    make_database: MakeDatabase, database_url: Callable[[str], str], bus: MemoryBus
) -> None:
    portfolio = make_database("portfolio")
    write(portfolio, deposit(1), deposit(2))
    Relay(portfolio, "portfolio", bus).flush()

    owner = Database(database_url("portfolio").replace("bifrost_portfolio", "postgres"))
    kind, listeners = "CashDeposited.v1", {"risk": ["CashDeposited.v1"]}
    some = {"risk": [(kind, "event_id", ["deposit-2", "deposit-9"])]}
    counts = unsend_unheard(owner, ["portfolio"], listeners, some)
    owner.close()
    Relay(portfolio, "portfolio", bus).flush()

    assert counts == {"portfolio": 1}
    assert numbers(bus) == [1, 2, 2]


def _fields(event: Event) -> dict[str, object]:
    return {name: getattr(event, name) for name in to_json(event)}


def test_an_event_that_the_bus_refuses_stops_no_other(database: Database) -> None:
    class PickyBus(MemoryBus):
        def put(self, entries: list[Entry]) -> frozenset[int]:
            kept = [entry for entry in entries if '"deposit-3"' not in entry[2]]
            super().put(kept)
            return frozenset(n for n, entry in enumerate(entries) if entry not in kept)

    bus = PickyBus()
    write(database, *[deposit(n) for n in range(2 * BATCH)])
    relay = Relay(database, "portfolio", bus)

    sent = (relay.flush(), relay.flush())

    assert sent == (2 * BATCH - 1, 0)
    assert sorted(numbers(bus)) == [n for n in range(2 * BATCH) if n != 3]


def test_a_flush_whose_time_is_over_leaves_the_rest_for_the_next(database: Database) -> None:
    bus = MemoryBus()
    write(database, *[deposit(n) for n in range(3 * BATCH)])
    relay = Relay(database, "portfolio", bus)

    assert (relay.flush(0), relay.flush()) == (BATCH, 2 * BATCH)
