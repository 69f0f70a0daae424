"""A break made by hand in orders, fills, positions or cash is found and named, keeps its age, goes
when it is gone, is told of once, and nothing else is changed by finding it.
"""

from collections.abc import Callable
from decimal import Decimal

import pytest

from bifrost.adapters.postgres.database import Database
from bifrost.core.orders import OrderStatus, OrderType, Side
from bifrost.events import FillRecorded
from bifrost.execution import reconciling
from bifrost.execution.halting import SET_BY
from bifrost.execution.switches import KillSwitch, SwitchMode
from tests.contract.compared_desk import OWNER, ComparedDesk, aged, short

D = Decimal
CASH = "UPDATE venue.accounts SET cash = cash + {}"


@pytest.fixture
def desk(make_database: Callable[[str], Database]) -> ComparedDesk:
    """One order filled, and every book has heard of it."""
    desk = ComparedDesk(make_database)
    desk.fill()
    return desk


def working(desk: ComparedDesk) -> str:
    """An order that the venue works."""
    terms = {"type": OrderType.LIMIT, "limit_price": D(95)}
    return desk.send("k-open", **terms).intent.client_order_id


def test_books_that_agree_leave_nothing_open(desk: ComparedDesk) -> None:
    assert desk.compare() == []
    (row,) = desk.rows("portfolio", "SELECT breaks FROM portfolio.reconciliations")
    assert row["breaks"] == []


@pytest.mark.parametrize(
    ("by_hand", "found"),
    [
        (CASH.format("0.01"), [("portfolio", "cash"), ("risk", "cash")]),
        (
            "UPDATE venue.positions SET quantity = quantity + 1",
            [("portfolio", "position"), ("risk", "position")],
        ),
        (
            "UPDATE venue.orders SET quantity = quantity + 5 WHERE status = 'accepted'",
            [("execution", "order")],
        ),
        (
            "UPDATE venue.reports SET price = price + 1 WHERE kind = 'trade'",
            [("execution", "fill")],
        ),
        ("UPDATE venue.reports SET kind = 'expired'", [("execution", "fill")]),
    ],
)
def test_a_break_made_by_hand_is_found_named_and_left_as_it_is(
    desk: ComparedDesk, by_hand: str, found: list[tuple[str, str]]
) -> None:
    working(desk)
    desk.at_the_venue(by_hand)
    rows = desk.everything()

    breaks = desk.compare()

    # Risk was not asked for the order that works, so it lacks it whatever was done by hand.
    named = [(one.book, one.kind) for one in breaks if one.kind != "open_order"]
    assert named == found
    assert all(one.cause and one.owner and one.subject for one in breaks)
    assert desk.everything() == rows


def test_an_order_that_the_venue_has_lost_and_one_that_is_not_ours_are_named(
    desk: ComparedDesk,
) -> None:
    name = working(desk)
    desk.at_the_venue(
        f"UPDATE venue.orders SET client_order_id = 'x-9' WHERE client_order_id = '{name}'"
    )

    found = [one for one in desk.compare() if one.book == "execution"]

    assert [(one.subject, one.cause, one.ours, one.theirs) for one in found] == [
        (name, "not_at_venue", D(100), D(0)),
        ("x-9", "not_ours", D(0), D(100)),
    ]


def test_a_break_keeps_its_first_sight_and_is_closed_by_a_comparison_that_finds_none(
    desk: ComparedDesk,
) -> None:
    desk.at_the_venue(CASH.format(5))
    (first, *_) = desk.compare()
    desk.later(90)
    desk.at_the_venue(CASH.format(1))
    (second, *_) = desk.compare()
    desk.at_the_venue(CASH.format(-6))

    assert aged(second) == aged(first)
    assert (second.last_seen - second.first_seen).total_seconds() == 90
    assert second.theirs - first.theirs == 1
    assert desk.compare() == []
    for schema in ("portfolio", "risk"):
        rows = desk.rows(schema, f"SELECT closed_at, cause, owner FROM {schema}.breaks")
        assert [(row["cause"], row["owner"]) for row in rows] == [("unexplained", schema)]
        assert all(row["closed_at"] is not None for row in rows)


def test_a_break_is_told_of_once_and_again_only_when_it_comes_again(desk: ComparedDesk) -> None:
    desk.at_the_venue("UPDATE venue.reports SET price = 99 WHERE kind = 'trade'")
    desk.at_the_venue(CASH.format(5))
    for _ in range(3):
        desk.compare()
        desk.later(1)

    first = [(one.book, one.kind, one.subject, one.cause) for one in desk.told()]
    desk.at_the_venue(CASH.format(-5))
    desk.compare()
    desk.later(1)
    desk.at_the_venue(CASH.format(5))
    desk.compare()

    assert [one[:2] for one in first] == [
        ("portfolio", "cash"),
        ("execution", "fill"),
        ("risk", "cash"),
    ]
    assert [one.book for one in desk.told()][len(first) :] == ["portfolio", "risk"]
    assert len({one.event_id for one in desk.told()}) == 5
    told = desk.told()[0]
    assert (told.ours, told.theirs, told.owner) == (D(990000), D(990005), "portfolio")


def test_what_is_new_waits_for_a_second_look_before_it_is_written_down(desk: ComparedDesk) -> None:
    desk.at_the_venue(CASH.format(5))

    looks = desk.books(desk.statement(), is_final=False)

    assert [look.is_settled for look in looks] == [True, False, False]
    assert [look.breaks for look in looks] == [(), (), ()]
    assert desk.rows("portfolio", "SELECT * FROM portfolio.breaks") == []
    assert len(desk.compare(is_final=True)) == 2
    assert all(look.is_settled for look in desk.books(desk.statement(), is_final=False))


def test_books_that_lag_for_a_moment_are_pending_which_nobody_is_told_of(
    desk: ComparedDesk,
) -> None:
    desk.send("k-2")
    desk.trading.close(2)

    assert [one.is_settled for one in desk.books(desk.statement(), is_final=False)][1:] == [
        False
    ] * 2
    left = desk.compare()
    desk.later(30)
    (still, _) = desk.compare()
    desk.deliver()

    assert short(left) == [
        ("portfolio", "pending", "fills_under_way"),
        ("risk", "pending", "fills_under_way"),
    ]
    assert {one.owner for one in left} == {"execution"}
    assert (still.last_seen - still.first_seen).total_seconds() == 30
    assert desk.compare() == []
    assert desk.told() == []


def test_a_fill_that_stays_away_is_told_of_and_stops_its_account(desk: ComparedDesk) -> None:
    desk.send("k-2")
    desk.trading.close(2)
    desk.compare()
    desk.later(59)
    desk.compare()
    assert (desk.told(), stopped(desk)) == ([], [])
    desk.later(1)
    desk.compare()
    desk.compare()

    assert [(one.book, one.kind, one.owner) for one in desk.told()] == [
        ("portfolio", "pending", "execution"),
        ("risk", "pending", "execution"),
    ]
    assert stopped(desk) == [(desk.account_id, SwitchMode.STOP_NEW, SET_BY)]


def test_a_book_to_which_fills_still_come_is_behind_and_not_stuck(desk: ComparedDesk) -> None:
    for day in (2, 3):
        desk.send(f"k-{day}")
        desk.trading.close(day)
    desk.compare()
    desk.later(59)
    early = next(one for one in desk.trading.events(FillRecorded) if one.sequence == 2)
    desk.hear(early)
    desk.compare()
    desk.later(59)
    desk.compare()
    assert (desk.told(), stopped(desk)) == ([], [])
    desk.later(1)
    desk.compare()

    assert len(desk.told()) == 2


def test_fills_are_read_page_by_page_and_not_again_once_they_have_agreed(
    desk: ComparedDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reconciling, "PAGE", 2)
    for day in range(2, 7):
        desk.fill(f"k-{day}", day)
    assert (desk.compare(), agreed(desk)) == ([], 6)

    for day in range(7, 11):
        desk.fill(f"k-{day}", day)
    desk.at_the_venue("UPDATE venue.reports SET price = 1 WHERE sequence IN (3, 9)")
    (found,) = desk.compare()

    assert (found.cause, found.detail) == ("terms_differ", "price 100 here, 1 there")
    # What comes after a difference is read until that is gone; what agreed before is not.
    assert agreed(desk) == 8
    desk.at_the_venue("UPDATE venue.reports SET price = 100 WHERE sequence = 9")
    assert (desk.compare(), agreed(desk)) == ([], 10)


def agreed(desk: ComparedDesk) -> int:
    """Up to which report of the venue the fills agree."""
    (row,) = desk.rows("execution", "SELECT agreed_report FROM execution.comparisons")
    return int(row["agreed_report"])


def stopped(desk: ComparedDesk) -> list[tuple[str, SwitchMode, str]]:
    """The switches of accounts: whose, how, and by whom."""
    found = KillSwitch(desk.trading.desk, desk.clock).show(None)
    return [(one.scope, one.mode, one.set_by) for one in found if one.scope != "desk"]


def test_a_large_break_that_stands_stops_the_account_until_a_person_lets_it_trade(
    desk: ComparedDesk,
) -> None:
    desk.at_the_venue(CASH.format("100.01"))
    desk.compare()
    assert stopped(desk) == []
    desk.later(60)
    desk.compare()

    assert stopped(desk) == [(desk.account_id, SwitchMode.STOP_NEW, SET_BY)]
    assert desk.send("k-more").status is OrderStatus.REFUSED
    assert desk.send("k-less", side=Side.SELL, quantity=D(1)).status is OrderStatus.ACCEPTED
    switch = KillSwitch(desk.trading.desk, desk.clock)
    switch.set(SwitchMode.TRADE, "the bank's own error", OWNER, desk.account_id)
    desk.later(600)
    desk.compare()
    assert stopped(desk) == [(desk.account_id, SwitchMode.TRADE, OWNER)]


def test_a_break_within_its_limit_stops_nothing(desk: ComparedDesk) -> None:
    desk.at_the_venue(CASH.format(100))
    desk.compare()
    desk.later(3600)
    desk.compare()

    assert stopped(desk) == []
