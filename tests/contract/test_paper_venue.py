"""Promises what is the paper venue's own: its tape, and its net under cash and positions."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from bifrost.adapters.brokers.paper import PaperVenue
from bifrost.backtest.matching import Terms
from bifrost.core.errors import ConflictError, NotFoundError
from bifrost.core.money import Price
from bifrost.core.orders import OrderStatus, OrderType, Side, TimeInForce
from bifrost.execution.ports import ReportKind
from tests.builders import ACCOUNT, bar, quantity, venue_order
from tests.contract.paper_desk import MakeDatabase, fund, funded_venue, status


@pytest.fixture
def venue(make_database: MakeDatabase) -> PaperVenue:
    return funded_venue(make_database)


def kinds(venue: PaperVenue) -> list[ReportKind]:
    return [report.kind for report in venue.reports_after(0, 1000)]


def test_a_market_order_fills_at_the_next_bars_open(venue: PaperVenue) -> None:
    venue.close_bar(bar(0, "90 95 90 95"), "USD")
    venue.submit(venue_order())
    venue.close_bar(bar(1, "101 110 100 105"), "USD")

    (report,) = venue.reports_after(0, 10)
    assert (report.price, report.occurred_at) == (101, bar(1).closed_at)


def test_an_order_does_not_meet_a_bar_that_had_closed_when_it_came(venue: PaperVenue) -> None:
    venue.close_bar(bar(1), "USD")
    venue.submit(venue_order())
    venue.close_bar(bar(1), "USD")
    venue.close_bar(bar(0), "USD")

    assert kinds(venue) == []


def test_an_order_does_not_meet_a_lagging_bar_that_closed_before_market_time(
    venue: PaperVenue,
) -> None:
    venue.close_bar(bar(0), "USD")
    venue.close_bar(bar(2, instrument="IBM"), "USD")
    venue.submit(venue_order())
    for day in (1, 2):
        venue.close_bar(bar(day), "USD")
    before = kinds(venue)
    venue.close_bar(bar(3), "USD")

    assert before == []
    assert kinds(venue) == [ReportKind.TRADE]


def test_the_same_bar_again_changes_nothing(venue: PaperVenue) -> None:
    venue.submit(venue_order(quantity=quantity(2000)))
    fund(venue, "rich", "1000000")
    venue.submit(venue_order("o-2", account_id="rich", quantity=quantity(2000)))
    for _ in range(3):
        venue.close_bar(bar(0, volume=500_000), "USD")

    assert [r.quantity for r in venue.reports_after(0, 10) if r.client_order_id == "o-2"] == [500]


def test_another_instruments_bar_leaves_an_order_alone(venue: PaperVenue) -> None:
    venue.submit(venue_order())
    venue.close_bar(bar(0, instrument="IBM"), "USD")

    assert status(venue) is OrderStatus.ACCEPTED


def test_a_large_order_fills_over_bars_by_its_share_of_the_volume(venue: PaperVenue) -> None:
    fund(venue, "rich", "1000000")
    venue.submit(venue_order(account_id="rich", quantity=quantity(1000)))
    for day in range(3):
        venue.close_bar(bar(day, volume=400_999), "USD")

    assert [r.quantity for r in venue.reports_after(0, 10)] == [400, 400, 200]
    assert len({r.execution_id for r in venue.reports_after(0, 10)}) == 3
    assert status(venue) is OrderStatus.FILLED


def test_a_part_filled_order_says_so_and_keeps_its_rest_open(venue: PaperVenue) -> None:
    venue.submit(venue_order(quantity=quantity(50)))
    venue.close_bar(bar(0, volume=20_000), "USD")

    assert status(venue) is OrderStatus.PARTIALLY_FILLED
    assert venue.statement(ACCOUNT).open_orders == {"o-1": 30}


def test_a_part_filled_order_can_be_cancelled_and_keeps_its_fill(venue: PaperVenue) -> None:
    venue.submit(venue_order(quantity=quantity(50)))
    venue.close_bar(bar(0, volume=20_000), "USD")
    state = venue.cancel("o-1")

    assert (state.status, state.filled_quantity) == (OrderStatus.CANCELLED, 20)
    assert kinds(venue) == [ReportKind.TRADE, ReportKind.CANCELLED]


def test_a_day_order_expires_after_one_session_with_what_it_filled(venue: PaperVenue) -> None:
    venue.submit(venue_order(quantity=quantity(50), time_in_force=TimeInForce.DAY))
    venue.close_bar(bar(0, volume=20_000), "USD")
    venue.close_bar(bar(1), "USD")

    assert kinds(venue) == [ReportKind.TRADE, ReportKind.EXPIRED]
    state = venue.find("o-1")
    assert state is not None
    assert (state.status, state.filled_quantity) == (OrderStatus.EXPIRED, 20)


def test_a_day_order_that_had_no_bar_of_its_session_expires_at_its_instruments_next(
    venue: PaperVenue,
) -> None:
    venue.close_bar(bar(0), "USD")
    venue.submit(venue_order(time_in_force=TimeInForce.DAY))
    for day in range(1, 20):
        venue.close_bar(bar(day, instrument="IBM"), "USD")
    venue.close_bar(bar(20), "USD")

    (report,) = venue.reports_after(0, 10)
    assert (report.kind, report.occurred_at) == (ReportKind.EXPIRED, bar(20).closed_at)
    assert status(venue) is OrderStatus.EXPIRED


def test_a_day_order_accepted_before_any_bar_is_good_for_the_first_session_heard(
    venue: PaperVenue,
) -> None:
    venue.submit(venue_order("late", time_in_force=TimeInForce.DAY))
    venue.submit(venue_order("first", instrument="IBM", time_in_force=TimeInForce.DAY))
    venue.close_bar(bar(0, instrument="IBM"), "USD")
    venue.close_bar(bar(1), "USD")

    assert kinds(venue) == [ReportKind.TRADE, ReportKind.EXPIRED]
    assert status(venue, "late") is OrderStatus.EXPIRED


@pytest.mark.parametrize("others", [(1,), (1, 2), (1, 2, 3)])
def test_a_day_order_meets_the_bar_of_its_session_however_late_it_comes(
    venue: PaperVenue, others: tuple[int, ...]
) -> None:
    for name in ("AAPL", "IBM"):
        venue.close_bar(bar(0, instrument=name), "USD")
    venue.submit(venue_order(time_in_force=TimeInForce.DAY))
    for day in others:
        venue.close_bar(bar(day, instrument="IBM"), "USD")
    venue.close_bar(bar(1), "USD")

    assert kinds(venue) == [ReportKind.TRADE]


def test_an_earlier_close_of_the_session_of_acceptance_ends_no_day_order(
    venue: PaperVenue,
) -> None:
    early, late = bar(0, instrument="IBM"), bar(0, instrument="MSFT")
    venue.close_bar(replace(early, closed_at=early.closed_at - timedelta(hours=3)), "USD")
    venue.submit(venue_order(time_in_force=TimeInForce.DAY))
    venue.close_bar(late, "USD")
    venue.close_bar(bar(1), "USD")

    assert kinds(venue) == [ReportKind.TRADE]


def test_a_good_till_cancelled_order_fills_after_sessions_without_a_bar_of_its_own(
    venue: PaperVenue,
) -> None:
    venue.close_bar(bar(0), "USD")
    venue.submit(venue_order())
    venue.close_bar(bar(1, instrument="IBM"), "USD")
    venue.close_bar(bar(2), "USD")

    assert kinds(venue) == [ReportKind.TRADE]


def test_a_good_till_cancelled_order_outlives_sessions(venue: PaperVenue) -> None:
    venue.submit(venue_order(type=OrderType.LIMIT, limit_price=Price(Decimal(90))))
    for day in range(5):
        venue.close_bar(bar(day), "USD")
    venue.close_bar(bar(5, "100 100 90 95"), "USD")

    assert [report.price for report in venue.reports_after(0, 10)] == [90]


def test_a_triggered_stop_limit_stays_triggered_from_bar_to_bar(venue: PaperVenue) -> None:
    venue.submit(
        venue_order(
            type=OrderType.STOP_LIMIT,
            stop_price=Price(Decimal(105)),
            limit_price=Price(Decimal(99)),
        )
    )
    venue.close_bar(bar(0, "100 106 100 104"), "USD")
    venue.close_bar(bar(1, "100 100 99 100"), "USD")

    assert [report.price for report in venue.reports_after(0, 10)] == [99]


def test_a_purchase_is_covered_to_the_last_cent_or_rejected(venue: PaperVenue) -> None:
    venue.submit(venue_order("exact", quantity=quantity(100)))
    venue.submit(venue_order("over", quantity=quantity(1)))
    venue.close_bar(bar(), "USD")

    assert status(venue, "exact") is OrderStatus.FILLED
    state = venue.find("over")
    assert state is not None
    assert state.status is OrderStatus.REJECTED
    assert state.text == "cash of 0.00 does not cover 100.00"
    assert venue.statement(ACCOUNT).cash == 0


def test_a_sale_beyond_the_position_is_rejected(venue: PaperVenue) -> None:
    venue.submit(venue_order("buy"))
    venue.submit(venue_order("sell", side=Side.SELL, quantity=quantity(11)))
    venue.close_bar(bar(), "USD")

    state = venue.find("sell")
    assert state is not None
    assert (state.status, state.text) == (
        OrderStatus.REJECTED,
        "a position of 10 does not cover the sale",
    )
    assert venue.statement(ACCOUNT).positions == {"AAPL": 10}


def test_orders_are_served_first_come_first(venue: PaperVenue) -> None:
    for name in ("z", "a", "m"):
        venue.submit(venue_order(name, quantity=quantity(60)))
    venue.close_bar(bar(), "USD")

    assert [(r.client_order_id, r.kind) for r in venue.reports_after(0, 10)] == [
        ("z", ReportKind.TRADE),
        ("a", ReportKind.REJECTED),
        ("m", ReportKind.REJECTED),
    ]


def test_commission_is_charged_in_cents_and_counts_against_the_cash(venue: PaperVenue) -> None:
    venue.set_terms(Terms(Decimal("0.001"), Decimal("0.0355")))
    venue.submit(venue_order(quantity=quantity(99)))
    venue.submit(venue_order("o-2", quantity=quantity(1)))
    venue.close_bar(bar(), "USD")

    trade, rejected = venue.reports_after(0, 10)
    assert trade.commission == Decimal("3.51")
    assert rejected.kind is ReportKind.REJECTED
    assert venue.statement(ACCOUNT).cash == Decimal("96.49")


def test_an_instruments_own_terms_win_over_those_of_every_other(venue: PaperVenue) -> None:
    venue.set_terms(Terms(Decimal("0.00001"), Decimal(0)), "AAPL")
    for name in ("AAPL", "IBM"):
        venue.submit(venue_order(name, instrument=name, quantity=quantity(20)))
    for name in ("AAPL", "IBM"):
        venue.close_bar(bar(instrument=name), "USD")

    assert [report.quantity for report in venue.reports_after(0, 10)] == [10, 20]


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"account_id": "nobody"}, "no account nobody"),
        ({"currency": "EUR"}, "account account-1 holds USD, not EUR"),
        ({"quantity": quantity(0)}, "quantity must be positive, was 0"),
        ({"type": OrderType.LIMIT}, "a limit order cannot have this limit price"),
        (
            {"type": OrderType.STOP, "stop_price": Price(Decimal(-1))},
            "a stop order cannot have this stop price",
        ),
        ({"limit_price": Price(Decimal(1))}, "a market order cannot have this limit price"),
    ],
)
def test_an_order_the_venue_cannot_take_is_rejected_with_a_report(
    venue: PaperVenue, changes: dict[str, object], text: str
) -> None:
    state = venue.submit(venue_order(**changes))

    assert (state.status, state.text) == (OrderStatus.REJECTED, text)
    (report,) = venue.reports_after(0, 10)
    assert (report.kind, report.text) == (ReportKind.REJECTED, text)


def test_an_order_in_another_currency_than_the_bars_is_rejected(venue: PaperVenue) -> None:
    venue.submit(venue_order())
    venue.close_bar(bar(), "EUR")

    state = venue.find("o-1")
    assert state is not None
    assert (state.status, state.text) == (OrderStatus.REJECTED, "it trades in EUR, not USD")


def test_a_cancel_is_reported_in_market_time(venue: PaperVenue) -> None:
    venue.close_bar(bar(3), "USD")
    venue.submit(venue_order())
    venue.cancel("o-1")

    (report,) = venue.reports_after(0, 10)
    assert report.occurred_at == bar(3).closed_at


def test_a_transfer_moves_cash_once(venue: PaperVenue) -> None:
    for _ in range(3):
        venue.transfer(
            transfer_id="t-1", account_id=ACCOUNT, amount=Decimal("-250.10"), currency="USD"
        )

    assert venue.statement(ACCOUNT).cash == Decimal("9749.90")


def test_opening_an_account_again_keeps_its_cash(venue: PaperVenue) -> None:
    venue.open_account(ACCOUNT, "USD")

    assert venue.statement(ACCOUNT).cash == 10_000


def test_a_transfer_to_an_account_not_open_yet_can_be_repeated_after_opening(
    venue: PaperVenue,
) -> None:
    def send() -> None:
        venue.transfer(transfer_id="t-1", account_id="new", amount=Decimal(5), currency="USD")

    with pytest.raises(NotFoundError, match="open it first"):
        send()
    venue.open_account("new", "USD")
    send()

    assert venue.statement("new").cash == 5


def test_a_transfer_in_another_currency_is_a_conflict(venue: PaperVenue) -> None:
    with pytest.raises(ConflictError, match="holds USD, not EUR"):
        venue.transfer(transfer_id="t-1", account_id=ACCOUNT, amount=Decimal(5), currency="EUR")
