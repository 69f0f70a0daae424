"""Promises what is the paper venue's own: its tape, its net under cash and positions, its locks."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import psycopg
import pytest

from bifrost.adapters.brokers.paper import PaperVenue
from bifrost.adapters.postgres.database import Cursor, Database
from bifrost.backtest.matching import Terms
from bifrost.core.bars import Bar
from bifrost.core.errors import (
    ConflictError,
    NotFoundError,
    OutcomeUnknownError,
    UnavailableError,
)
from bifrost.core.money import Price, Quantity
from bifrost.core.orders import OrderStatus, OrderType, Side, TimeInForce
from bifrost.execution.ports import ReportKind, VenueOrder

ACCOUNT = "acc-1"
FIRST_CLOSE = datetime(2012, 1, 3, 21, tzinfo=UTC)
MakeDatabase = Callable[[str], Database]


@pytest.fixture
def venue(make_database: MakeDatabase) -> PaperVenue:
    venue = PaperVenue(make_database("venue"))
    fund(venue, ACCOUNT, "10000")
    return venue


def fund(venue: PaperVenue, account_id: str, cash: str) -> None:
    venue.open_account(account_id, "USD")
    venue.transfer(
        transfer_id=f"funding-{account_id}",
        account_id=account_id,
        amount=Decimal(cash),
        currency="USD",
    )


def a_bar(
    day: int = 0, prices: str = "100 100 100 100", *, volume: int = 10**6, instrument: str = "AAPL"
) -> Bar:
    first, high, low, last = (Price(Decimal(price)) for price in prices.split())
    closed_at = FIRST_CLOSE + timedelta(days=day)
    return Bar(instrument, closed_at.date(), first, high, low, last, Decimal(volume), closed_at)


def an_order(name: str = "o-1", **changes: object) -> VenueOrder:
    values: dict[str, object] = {
        "client_order_id": name,
        "account_id": ACCOUNT,
        "instrument": "AAPL",
        "side": Side.BUY,
        "type": OrderType.MARKET,
        "quantity": Quantity(Decimal(10)),
        "time_in_force": TimeInForce.GTC,
        "currency": "USD",
    }
    return VenueOrder(**(values | changes))  # type: ignore[arg-type]


def quantity(units: int) -> Quantity:
    return Quantity(Decimal(units))


def kinds(venue: PaperVenue) -> list[ReportKind]:
    return [report.kind for report in venue.reports_after(0, 1000)]


def status(venue: PaperVenue, client_order_id: str = "o-1") -> OrderStatus:
    state = venue.find(client_order_id)
    assert state is not None
    return state.status


def test_a_market_order_fills_at_the_next_bars_open(venue: PaperVenue) -> None:
    venue.close_bar(a_bar(0, "90 95 90 95"), "USD")
    venue.submit(an_order())
    venue.close_bar(a_bar(1, "101 110 100 105"), "USD")

    (report,) = venue.reports_after(0, 10)
    assert (report.price, report.occurred_at) == (101, a_bar(1).closed_at)


def test_an_order_does_not_meet_a_bar_that_had_closed_when_it_came(venue: PaperVenue) -> None:
    venue.close_bar(a_bar(1), "USD")
    venue.submit(an_order())
    venue.close_bar(a_bar(1), "USD")
    venue.close_bar(a_bar(0), "USD")

    assert kinds(venue) == []


def test_the_same_bar_again_changes_nothing(venue: PaperVenue) -> None:
    venue.submit(an_order(quantity=quantity(2000)))
    fund(venue, "rich", "1000000")
    venue.submit(an_order("o-2", account_id="rich", quantity=quantity(2000)))
    for _ in range(3):
        venue.close_bar(a_bar(0, volume=500_000), "USD")

    assert [r.quantity for r in venue.reports_after(0, 10) if r.client_order_id == "o-2"] == [500]


def test_another_instruments_bar_leaves_an_order_alone(venue: PaperVenue) -> None:
    venue.submit(an_order())
    venue.close_bar(a_bar(0, instrument="IBM"), "USD")

    assert status(venue) is OrderStatus.ACCEPTED


def test_a_large_order_fills_over_bars_by_its_share_of_the_volume(venue: PaperVenue) -> None:
    fund(venue, "rich", "1000000")
    venue.submit(an_order(account_id="rich", quantity=quantity(1000)))
    for day in range(3):
        venue.close_bar(a_bar(day, volume=400_999), "USD")

    assert [r.quantity for r in venue.reports_after(0, 10)] == [400, 400, 200]
    assert len({r.execution_id for r in venue.reports_after(0, 10)}) == 3
    assert status(venue) is OrderStatus.FILLED


def test_a_part_filled_order_says_so_and_keeps_its_rest_open(venue: PaperVenue) -> None:
    venue.submit(an_order(quantity=quantity(50)))
    venue.close_bar(a_bar(0, volume=20_000), "USD")

    assert status(venue) is OrderStatus.PARTIALLY_FILLED
    assert venue.statement(ACCOUNT).open_orders == {"o-1": 30}


def test_a_part_filled_order_can_be_cancelled_and_keeps_its_fill(venue: PaperVenue) -> None:
    venue.submit(an_order(quantity=quantity(50)))
    venue.close_bar(a_bar(0, volume=20_000), "USD")
    state = venue.cancel("o-1")

    assert (state.status, state.filled_quantity) == (OrderStatus.CANCELLED, 20)
    assert kinds(venue) == [ReportKind.TRADE, ReportKind.CANCELLED]


def test_a_day_order_expires_after_one_session_with_what_it_filled(venue: PaperVenue) -> None:
    venue.submit(an_order(quantity=quantity(50), time_in_force=TimeInForce.DAY))
    venue.close_bar(a_bar(0, volume=20_000), "USD")
    venue.close_bar(a_bar(1), "USD")

    assert kinds(venue) == [ReportKind.TRADE, ReportKind.EXPIRED]
    state = venue.find("o-1")
    assert state is not None
    assert (state.status, state.filled_quantity) == (OrderStatus.EXPIRED, 20)


def test_a_good_till_cancelled_order_outlives_sessions(venue: PaperVenue) -> None:
    venue.submit(an_order(type=OrderType.LIMIT, limit_price=Price(Decimal(90))))
    for day in range(5):
        venue.close_bar(a_bar(day), "USD")
    venue.close_bar(a_bar(5, "100 100 90 95"), "USD")

    assert [report.price for report in venue.reports_after(0, 10)] == [90]


def test_a_triggered_stop_limit_stays_triggered_from_bar_to_bar(venue: PaperVenue) -> None:
    venue.submit(
        an_order(
            type=OrderType.STOP_LIMIT,
            stop_price=Price(Decimal(105)),
            limit_price=Price(Decimal(99)),
        )
    )
    venue.close_bar(a_bar(0, "100 106 100 104"), "USD")
    venue.close_bar(a_bar(1, "100 100 99 100"), "USD")

    assert [report.price for report in venue.reports_after(0, 10)] == [99]


def test_a_purchase_is_covered_to_the_last_cent_or_rejected(venue: PaperVenue) -> None:
    venue.submit(an_order("exact", quantity=quantity(100)))
    venue.submit(an_order("over", quantity=quantity(1)))
    venue.close_bar(a_bar(), "USD")

    assert status(venue, "exact") is OrderStatus.FILLED
    state = venue.find("over")
    assert state is not None
    assert state.status is OrderStatus.REJECTED
    assert state.text == "cash of 0.00 does not cover 100.00"
    assert venue.statement(ACCOUNT).cash == 0


def test_a_sale_beyond_the_position_is_rejected(venue: PaperVenue) -> None:
    venue.submit(an_order("buy"))
    venue.submit(an_order("sell", side=Side.SELL, quantity=quantity(11)))
    venue.close_bar(a_bar(), "USD")

    state = venue.find("sell")
    assert state is not None
    assert (state.status, state.text) == (
        OrderStatus.REJECTED,
        "a position of 10 does not cover the sale",
    )
    assert venue.statement(ACCOUNT).positions == {"AAPL": 10}


def test_orders_are_served_first_come_first(venue: PaperVenue) -> None:
    for name in ("z", "a", "m"):
        venue.submit(an_order(name, quantity=quantity(60)))
    venue.close_bar(a_bar(), "USD")

    assert [(r.client_order_id, r.kind) for r in venue.reports_after(0, 10)] == [
        ("z", ReportKind.TRADE),
        ("a", ReportKind.REJECTED),
        ("m", ReportKind.REJECTED),
    ]


def test_commission_is_charged_in_cents_and_counts_against_the_cash(venue: PaperVenue) -> None:
    venue.set_terms(Terms(Decimal("0.001"), Decimal("0.0355")))
    venue.submit(an_order(quantity=quantity(99)))
    venue.submit(an_order("o-2", quantity=quantity(1)))
    venue.close_bar(a_bar(), "USD")

    trade, rejected = venue.reports_after(0, 10)
    assert trade.commission == Decimal("3.51")
    assert rejected.kind is ReportKind.REJECTED
    assert venue.statement(ACCOUNT).cash == Decimal("96.49")


def test_an_instruments_own_terms_win_over_those_of_every_other(venue: PaperVenue) -> None:
    venue.set_terms(Terms(Decimal("0.00001"), Decimal(0)), "AAPL")
    for name in ("AAPL", "IBM"):
        venue.submit(an_order(name, instrument=name, quantity=quantity(20)))
        venue.close_bar(a_bar(instrument=name), "USD")

    assert [report.quantity for report in venue.reports_after(0, 10)] == [10, 20]


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"account_id": "nobody"}, "no account nobody"),
        ({"currency": "EUR"}, "account acc-1 holds USD, not EUR"),
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
    state = venue.submit(an_order(**changes))

    assert (state.status, state.text) == (OrderStatus.REJECTED, text)
    (report,) = venue.reports_after(0, 10)
    assert (report.kind, report.text) == (ReportKind.REJECTED, text)


def test_an_order_in_another_currency_than_the_bars_is_rejected(venue: PaperVenue) -> None:
    venue.submit(an_order())
    venue.close_bar(a_bar(), "EUR")

    state = venue.find("o-1")
    assert state is not None
    assert (state.status, state.text) == (OrderStatus.REJECTED, "it trades in EUR, not USD")


def test_a_cancel_is_reported_in_market_time(venue: PaperVenue) -> None:
    venue.close_bar(a_bar(3), "USD")
    venue.submit(an_order())
    venue.cancel("o-1")

    (report,) = venue.reports_after(0, 10)
    assert report.occurred_at == a_bar(3).closed_at


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


def test_one_id_sent_by_many_at_once_becomes_one_order(make_database: MakeDatabase) -> None:
    venues = [PaperVenue(make_database("venue")) for _ in range(8)]
    fund(venues[0], ACCOUNT, "10000")
    start = threading.Barrier(len(venues))

    def send(number: int) -> str:
        start.wait()
        try:
            return venues[number].submit(an_order(quantity=quantity(number + 1))).status
        except OutcomeUnknownError as error:
            return str(error)

    with ThreadPoolExecutor(len(venues)) as pool:
        answers = list(pool.map(send, range(len(venues))))
    assert answers.count(OrderStatus.ACCEPTED) == 1
    assert sum("id must be unique" in answer for answer in answers) == 7
    (open_quantity,) = venues[0].statement(ACCOUNT).open_orders.values()
    assert open_quantity == answers.index(OrderStatus.ACCEPTED) + 1


def test_whoever_reads_reports_while_many_are_written_misses_none(
    make_database: MakeDatabase,
) -> None:
    venues = [PaperVenue(make_database("venue")) for _ in range(4)]
    fund(venues[0], ACCOUNT, "10000")
    for number in range(120):
        venues[0].submit(an_order(f"o-{number}"))

    def cancel_every_third(writer: int) -> None:
        for number in range(writer, 120, 3):
            venues[writer].cancel(f"o-{number}")

    seen: list[str] = []
    last, are_done = 0, False
    with ThreadPoolExecutor(3) as pool:
        writers = [pool.submit(cancel_every_third, writer) for writer in range(3)]
        while not are_done:
            # Asked before the read: what came after the last writer's end is still read.
            are_done = all(writer.done() for writer in writers)
            for report in venues[3].reports_after(last, 1000):
                seen.append(report.client_order_id)
                last = report.sequence
        for writer in writers:
            writer.result()
    assert sorted(seen) == sorted(f"o-{number}" for number in range(120))


def test_a_bar_sent_by_many_at_once_is_matched_once(make_database: MakeDatabase) -> None:
    venues = [PaperVenue(make_database("venue")) for _ in range(4)]
    fund(venues[0], ACCOUNT, "10000")
    venues[0].submit(an_order(quantity=quantity(50)))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda v: v.close_bar(a_bar(volume=10_000), "USD"), venues))
    assert [report.quantity for report in venues[0].reports_after(0, 10)] == [10]


class AnswersLost(Database):
    """A database whose commit happens and whose answer does not arrive."""

    @contextmanager
    def transaction(self) -> Iterator[Cursor]:
        with super().transaction() as cursor:
            yield cursor
        raise UnavailableError("the database did not answer: connection reset")


def test_a_submit_whose_answer_is_lost_has_an_unknown_outcome_and_is_there(
    venue: PaperVenue, database_url: Callable[[str], str]
) -> None:
    lossy = AnswersLost(database_url("venue"))

    with pytest.raises(OutcomeUnknownError, match="look it up"):
        PaperVenue(lossy).submit(an_order())
    lossy.close()
    assert status(venue) is OrderStatus.ACCEPTED


def test_a_cancel_whose_answer_is_lost_has_an_unknown_outcome(
    venue: PaperVenue, database_url: Callable[[str], str]
) -> None:
    venue.submit(an_order())
    lossy = AnswersLost(database_url("venue"))

    with pytest.raises(OutcomeUnknownError, match="look it up"):
        PaperVenue(lossy).cancel("o-1")
    lossy.close()
    assert status(venue) is OrderStatus.CANCELLED


def test_a_read_without_an_answer_says_that_the_venue_is_unavailable() -> None:
    nowhere = PaperVenue(Database("postgresql://bifrost_venue@/bifrost?host=/nonexistent"))

    with pytest.raises(UnavailableError):
        nowhere.find("o-1")
    with pytest.raises(UnavailableError):
        nowhere.reports_after(0, 1)
    with pytest.raises(UnavailableError):
        nowhere.statement(ACCOUNT)


def test_another_capabilitys_role_cannot_read_the_venues_books(
    make_database: MakeDatabase,
) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        make_database("execution").fetch_all("SELECT * FROM venue.orders")
