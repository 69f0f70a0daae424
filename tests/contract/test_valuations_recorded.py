"""What is recorded of a session is what would be worked out, once, and again where it changed;
what is read is the same with and without it, in whatever order bars and fills came.
"""

import itertools
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bifrost.adapters.calendars.baked import BakedSessions
from bifrost.adapters.memory.clock import SetClock
from bifrost.adapters.memory.ids import CountedIds
from bifrost.adapters.postgres.database import Database
from bifrost.adapters.postgres.portfolio_valuations import (
    PostgresSnapshotLibrary,
    PostgresSnapshots,
)
from bifrost.events import ValuationRecorded
from bifrost.portfolio.performance import Close
from bifrost.portfolio.snapshots import SESSIONS_PER_STEP, Recorded, Recorder, Tape, complete
from bifrost.portfolio.valuation import SessionValuation
from tests.builders import WALL, bar, bar_closed, closes_at, fill, fill_recorded, session
from tests.contract.backbone import all_at_once
from tests.contract.ledger_desk import LedgerDesk
from tests.postgres_server import Server

LATER = WALL + timedelta(hours=1)
NUMBERS = itertools.count(1)
IDS = CountedIds("told-")


@pytest.fixture
def desk(make_database: Callable[[str], Database]) -> LedgerDesk:
    return LedgerDesk(make_database("portfolio"))


def record(desk: LedgerDesk, at: datetime = LATER, steps: int = 500) -> Recorded:
    """Record as a sweep does."""
    library = PostgresSnapshotLibrary(desk.database)
    return Recorder(library, BakedSessions(), SetClock(at), IDS).record("test", steps=steps)


def trade(desk: LedgerDesk, account_id: str, number: int, size: str, at: str, day: int) -> None:
    one = fill(number, size, at, account_id=account_id, occurred_at=closes_at(day), commission="1")
    desk.service.hear_fill(fill_recorded(one, number))


def close(desk: LedgerDesk, day: int, price: str, sequence: int | None = None) -> None:
    desk.service.hear_bar(bar_closed(bar(day, price), sequence or day))


def read(desk: LedgerDesk, *accounts: str, limit: int = 200) -> list[SessionValuation]:
    return desk.reader.valuations(*accounts, before=session(9999), limit=limit)


def told(desk: LedgerDesk) -> list[tuple[date, int, Decimal | None]]:
    found = [one for one in desk.published() if isinstance(one, ValuationRecorded)]
    return [(one.session, one.revision, one.equity) for one in found]


def held_for_three_days(desk: LedgerDesk) -> str:
    account_id = desk.open_account()
    desk.deposit(account_id, "10000", "d-1")
    trade(desk, account_id, 1, "10", "100", day=1)
    for day in (1, 2, 3):
        close(desk, day, str(100 + day))
    return account_id


def test_each_session_is_recorded_once_and_told(desk: LedgerDesk) -> None:
    account_id = held_for_three_days(desk)
    before = read(desk, account_id)

    assert record(desk) == Recorded(accounts=1, valuations=3, is_done=True)
    assert record(desk) == Recorded(accounts=0, valuations=0, is_done=True)

    assert told(desk) == [(session(day), 1, Decimal(9999 + 10 * day)) for day in (1, 2, 3)]
    assert read(desk, account_id) == before
    assert len(desk.rows("SELECT 1 FROM portfolio.valuations")) == 3


def test_what_is_recorded_is_what_is_read(desk: LedgerDesk) -> None:
    """A row nobody would work out shows that rows are read."""
    account_id = held_for_three_days(desk)
    record(desk)
    with desk.database.transaction() as cursor:
        cursor.execute(
            "INSERT INTO portfolio.valuations SELECT account_id, session, 2, occurred_at, 7, due,"
            " market_value, unrealised_pnl, equity, net_deposits, realised_pnl, commissions,"
            " income, expenses, exchanged, unpriced, 'e', recorded_at"
            " FROM portfolio.valuations WHERE session = %s",
            (session(2),),
        )

    assert [one.valuation.cash for one in read(desk, account_id)] == [8999, 7, 8999]


def test_a_late_fill_writes_new_revisions_of_the_sessions_that_it_changes(
    desk: LedgerDesk,
) -> None:
    account_id = held_for_three_days(desk)
    record(desk)

    trade(desk, account_id, 2, "-10", "150", day=2)
    at_once = read(desk, account_id)
    found = record(desk)

    assert (found.accounts, found.valuations) == (1, 2)
    assert told(desk)[3:] == [(session(day), 2, Decimal(10498)) for day in (2, 3)]
    assert [one.valuation.equity for one in at_once] == [10498, 10498, 10009]
    assert read(desk, account_id) == at_once
    assert record(desk).valuations == 0


def test_a_corrected_price_writes_a_new_revision_of_its_session_alone(desk: LedgerDesk) -> None:
    account_id = held_for_three_days(desk)
    record(desk)

    corrected = bar_closed(bar(2, "50"), 2, recorded_at=WALL, event_id="again")
    desk.service.hear_bar(corrected)
    at_once = read(desk, account_id)

    assert record(desk).valuations == 1
    assert told(desk)[3:] == [(session(2), 2, Decimal(9499))]
    assert [one.valuation.equity for one in at_once] == [10029, 9499, 10009]
    assert read(desk, account_id) == at_once


def test_a_price_of_what_was_never_held_records_nothing_again(desk: LedgerDesk) -> None:
    held_for_three_days(desk)
    record(desk)

    desk.service.hear_bar(bar_closed(bar(2, "50", instrument="IBM"), 2))

    assert record(desk) == Recorded(0, 0, is_done=True)


def test_a_session_waits_until_its_prices_are_quiet_or_another_has_begun(desk: LedgerDesk) -> None:
    held_for_three_days(desk)
    just_now = desk.rows("SELECT max(recorded_at) AS at FROM portfolio.marks")[0]["at"]

    assert record(desk, just_now + timedelta(seconds=59)).valuations == 2
    assert record(desk, just_now + timedelta(seconds=60)).valuations == 1


def test_before_its_close_by_the_calendar_a_session_is_not_complete() -> None:
    # A half-day: XNYS closes at 13:00 in New York, 18:00 UTC.
    friday, thursday = date(2026, 11, 27), date(2026, 11, 25)
    at = datetime.fromisoformat("2026-11-27T15:00:00+00:00")
    before = Close(thursday, at - timedelta(days=2))
    tape = Tape(Close(friday, at), before, published_at=at)
    closes = datetime.fromisoformat("2026-11-27T18:00:00+00:00")

    assert complete(tape, BakedSessions(), closes - timedelta(seconds=1)) == before
    assert complete(tape, BakedSessions(), closes) == tape.newest


def test_a_long_history_is_recorded_in_steps_that_can_be_taken_up_again(desk: LedgerDesk) -> None:
    account_id = desk.open_account()
    desk.deposit(account_id, "10000", "d-1")
    trade(desk, account_id, 1, "10", "100", day=1)
    days = 2 * SESSIONS_PER_STEP + 3
    for day in range(1, days + 1):
        close(desk, day, str(100 + day))
    before = read(desk, account_id)

    found = [record(desk, steps=1) for _ in range(4)]

    assert [one.valuations for one in found] == [SESSIONS_PER_STEP, SESSIONS_PER_STEP, 3, 0]
    assert [one.is_done for one in found] == [False, False, False, True]
    assert read(desk, account_id) == before
    assert len(before) == days


def test_an_account_counts_from_its_first_entry(desk: LedgerDesk) -> None:
    first = held_for_three_days(desk)
    second = desk.open_account(key="k-2")
    desk.deposit(second, "500", "d-2")
    close(desk, 4, "104")

    record(desk)

    assert [one.session for one in read(desk, second)] == [session(4), session(3)]
    both = read(desk, first, second)
    assert [one.valuation.equity for one in both] == [10539, 10529, 10019, 10009]


def test_an_account_without_an_entry_has_no_valuation(desk: LedgerDesk) -> None:
    held_for_three_days(desk)
    empty = desk.open_account(key="k-2")

    assert record(desk).accounts == 1
    assert read(desk, empty) == []


def test_what_has_no_price_is_recorded_as_unknown_and_named(desk: LedgerDesk) -> None:
    account_id = held_for_three_days(desk)
    one = fill(2, "1", "5", account_id=account_id, instrument="NEW", occurred_at=closes_at(3))
    desk.service.hear_fill(fill_recorded(one, 2))

    record(desk)

    newest = read(desk, account_id)[0].valuation
    assert (newest.equity, newest.market_value, newest.unpriced) == (None, None, ("NEW",))
    assert told(desk)[-1] == (session(3), 1, None)


def test_eight_recordings_at_once_record_each_session_once(
    desk: LedgerDesk, make_database: Callable[[str], Database]
) -> None:
    account_id = held_for_three_days(desk)
    others = [LedgerDesk(make_database("portfolio")) for _ in range(8)]

    all_at_once([lambda one=one: record(one) for one in others])  # type: ignore[misc]

    assert record(desk).is_done
    assert [(day, revision) for day, revision, _ in told(desk)] == [
        (session(day), 1) for day in (1, 2, 3)
    ]
    assert len(read(desk, account_id)) == 3


def test_an_account_that_cannot_be_valued_keeps_no_other_from_it(
    desk: LedgerDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = held_for_three_days(desk)
    second = desk.open_account(key="k-2")
    desk.deposit(second, "500", "d-2")
    valued = PostgresSnapshots.valued

    def fail(
        self: PostgresSnapshots, account_id: str, closes: Sequence[Close]
    ) -> list[SessionValuation]:
        if account_id == broken:
            raise ValueError("no sense in it")
        return valued(self, account_id, closes)

    monkeypatch.setattr(PostgresSnapshots, "valued", fail)
    with pytest.raises(ValueError, match=f"{broken}: no sense in it"):
        record(desk)
    assert [day for day, _, _ in told(desk)] == [session(3)]

    monkeypatch.undo()
    assert record(desk) == Recorded(accounts=1, valuations=3, is_done=True)


def test_a_database_restored_from_a_dump_is_looked_through_once_more(desk: LedgerDesk) -> None:
    """Its transactions are counted anew, so what was seen of them says nothing."""
    held_for_three_days(desk)
    record(desk)
    with desk.database.transaction() as cursor:
        cursor.execute("UPDATE portfolio.valuation_progress SET heard_in = 10 ^ 12")

    assert record(desk) == Recorded(accounts=1, valuations=0, is_done=True)
    assert record(desk) == Recorded(accounts=0, valuations=0, is_done=True)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE portfolio.valuations SET cash = 0",
        "DELETE FROM portfolio.valuations",
        "TRUNCATE portfolio.valuations",
    ],
)
def test_a_recorded_valuation_cannot_be_changed(desk: LedgerDesk, statement: str) -> None:
    held_for_three_days(desk)
    record(desk)

    with pytest.raises(psycopg.errors.InsufficientPrivilege), desk.database.transaction() as cursor:
        cursor.execute(statement)


@pytest.fixture(scope="module")
def shared(postgres_server: Server) -> Iterator[LedgerDesk]:
    with postgres_server.fresh_database() as name:
        database = Database(postgres_server.address("bifrost_portfolio", name))
        yield LedgerDesk(database)
        database.close()


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["bar", "bar", "fill", "fill", "late", "correct", "deposit", "record"]),
        st.sampled_from("AB"),
        st.integers(-500, 500).filter(bool).map(Decimal),
        st.integers(1, 10**6).map(lambda n: Decimal(n).scaleb(-3)),
        st.integers(0, 3),
    ),
    min_size=3,
    max_size=16,
)
DAYS = itertools.count(1)


@given(steps=STEPS)
@settings(max_examples=40, deadline=None)
def test_recorded_or_not_the_same_is_read(
    shared: LedgerDesk, steps: list[tuple[str, str, Decimal, Decimal, int]]
) -> None:
    number, fills = next(NUMBERS), 0
    days = [next(DAYS)]
    shared.service.hear_bar(bar_closed(bar(days[0], "1", instrument=f"Z{number}"), 1))
    account_id = shared.open_account(key=f"open-{number}")
    shared.deposit(account_id, "1000000", f"first-{number}")
    for place, (kind, name, size, price, back) in enumerate(steps):
        symbol, day = f"{name}{number}", days[max(0, len(days) - 1 - back)]
        if kind == "bar":
            days.append(next(DAYS))
            one = bar_closed(bar(days[-1], str(price), instrument=symbol), days[-1])
            shared.service.hear_bar(one)
        elif kind == "correct":
            corrected = bar_closed(
                bar(day, str(price), instrument=symbol),
                day,
                recorded_at=WALL + timedelta(seconds=place),
                event_id=f"{number}-{place}",
            )
            shared.service.hear_bar(corrected)
        elif kind in ("fill", "late"):
            fills += 1
            at = closes_at(days[-1] if kind == "fill" else day)
            traded = fill(fills, size, price, account_id=account_id, instrument=symbol,
                          occurred_at=at)  # fmt: skip
            shared.service.hear_fill(fill_recorded(traded, fills))
        elif kind == "deposit":
            shared.deposit(
                account_id, str(price.quantize(Decimal("0.01")) + 1), f"{number}-{place}"
            )
        else:
            record(shared)
    found = read(shared, account_id)
    with shared.database.transaction() as cursor:
        cursor.execute(
            "DELETE FROM portfolio.valuation_progress WHERE account_id = %s", (account_id,)
        )

    worked_out = read(shared, account_id)

    assert found == worked_out
    record(shared)
    assert read(shared, account_id) == worked_out
