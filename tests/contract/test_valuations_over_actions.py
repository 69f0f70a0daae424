"""A split makes nobody richer and a dividend counts from its ex-date, in what is recorded of each
session, in P&L and in returns; corrected by the vendor, all of them are as if it never was.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from functools import reduce

import pytest

from bifrost.adapters.calendars.baked import BakedSessions
from bifrost.adapters.memory.clock import SetClock
from bifrost.adapters.memory.ids import CountedIds
from bifrost.adapters.postgres.database import Database
from bifrost.adapters.postgres.portfolio_performance import PostgresPerformance
from bifrost.adapters.postgres.portfolio_valuations import PostgresSnapshotLibrary
from bifrost.core.corporate_actions import SpinOff
from bifrost.core.money import EXACT
from bifrost.portfolio.performance import PnlAsked, PnlBy, PnlFound, Scope
from bifrost.portfolio.pnl import Pnl
from bifrost.portfolio.returns.books import book_series, returns_of
from bifrost.portfolio.snapshots import Recorder
from bifrost.portfolio.valuation import SessionValuation
from tests.action_builders import action, dividend, split
from tests.builders import WALL, bar, bar_closed, session
from tests.contract.acting_desk import ActingDesk

SPLIT = action(split("4", "1"), "split", ex_date=session(3))
DIVIDEND = action(dividend("1"), "dividend", ex_date=session(4), pay_date=session(6))
PRICES = {1: "400", 2: "400", 3: "100", 4: "99", 5: "99", 6: "99"}
IDS = CountedIds("told-")


@pytest.fixture
def desk(make_database: Callable[[str], Database]) -> ActingDesk:
    return ActingDesk(make_database("portfolio"))


def record(desk: ActingDesk) -> int:
    library = PostgresSnapshotLibrary(desk.database)
    clock = SetClock(WALL + timedelta(days=1))
    return Recorder(library, BakedSessions(), clock, IDS).record("test").valuations


def live(desk: ActingDesk, *days: int) -> None:
    """Sessions pass; each is recorded as it ends."""
    for day in days:
        desk.open(day)
        desk.service.hear_bar(bar_closed(bar(day, PRICES[day]), day))
        if day == 1:
            desk.trade(1, "10", "400")
        record(desk)


def read(desk: ActingDesk) -> list[SessionValuation]:
    """Read, having held it against what is worked out without any record."""
    found = desk.reader.valuations(desk.account_id, before=date.max, limit=None)
    with desk.database.transaction() as cursor:
        kept = cursor.execute("SELECT * FROM portfolio.valuation_progress").fetchone()
        cursor.execute("DELETE FROM portfolio.valuation_progress")
    assert desk.reader.valuations(desk.account_id, before=date.max, limit=None) == found
    assert kept is not None
    with desk.database.transaction() as cursor:
        cursor.execute(
            "INSERT INTO portfolio.valuation_progress VALUES (%s, %s, %s, %s, %s)",
            tuple(kept.values()),
        )
    return found[::-1]


def pnl(desk: ActingDesk, by: PnlBy) -> PnlFound:
    reader = PostgresPerformance(desk.database, "ann")
    return reader.pnl(PnlAsked(Scope((desk.account_id,)), by))


def equities(desk: ActingDesk) -> list[Decimal | None]:
    return [one.valuation.equity for one in read(desk)]


def twr(desk: ActingDesk) -> str | None:
    reader = PostgresPerformance(desk.database, "ann")
    flows = reader.flows(Scope((desk.account_id,)))
    return returns_of(book_series(read(desk), flows), is_net=True).measures["twr"]


def test_a_split_and_a_dividend_are_no_loss_on_their_day(desk: ActingDesk) -> None:
    desk.hear(SPLIT)
    desk.hear(DIVIDEND)

    live(desk, 1, 2, 3, 4, 5, 6)

    assert equities(desk) == [99_999] * 6
    assert [one.valuation.due for one in read(desk)] == [0, 0, 0, 40, 40, 0]
    assert twr(desk) == "-0.00001"


def test_actions_that_are_heard_of_late_correct_the_days_that_they_belong_to(
    desk: ActingDesk,
) -> None:
    live(desk, 1, 2, 3, 4, 5, 6)
    assert equities(desk)[-1] == 96_989

    desk.hear(SPLIT)
    desk.hear(DIVIDEND)
    at_once = equities(desk)

    assert record(desk) > 0
    assert equities(desk) == at_once
    assert at_once[-1] == 99_999
    assert record(desk) == 0


@pytest.mark.parametrize("by", list(PnlBy))
def test_pnl_is_the_worth_less_what_was_paid_in_whatever_happened(
    desk: ActingDesk, by: PnlBy
) -> None:
    spin_off = SpinOff("NEW", Decimal("0.5"), Decimal("0.2"), Decimal(10))
    desk.hear(SPLIT)
    desk.hear(DIVIDEND)
    desk.hear(action(spin_off, "spin", ex_date=session(5)))
    live(desk, 1, 2, 3, 4, 5, 6)
    desk.service.hear_bar(bar_closed(bar(6, "11", instrument="NEW"), 1))
    desk.hear(replace(SPLIT, revision=2, split=split("5", "1")))
    desk.trade(6, "-7", "99")

    found = pnl(desk, by)

    worth = desk.worth(desk.account_id)
    assert worth.equity is not None
    assert found.total.total == EXACT.subtract(worth.equity, worth.net_deposits)
    groups = reduce(Pnl.__add__, (one.pnl for one in found.groups), Pnl())
    assert groups == found.total


def test_an_action_that_never_was_leaves_no_trace(desk: ActingDesk) -> None:
    live(desk, 1, 2, 3, 4, 5, 6)
    before = equities(desk)
    whole = pnl(desk, PnlBy.POSITION)

    desk.hear(SPLIT)
    record(desk)
    desk.hear(replace(SPLIT, revision=2, withdrawn=True))
    record(desk)

    assert equities(desk) == before
    assert pnl(desk, PnlBy.POSITION) == whole
