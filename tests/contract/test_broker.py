"""Promises what every venue behind the Broker port does, whichever it is.

A venue joins by a `Desk` in DESKS: how to fund an account there and how to make its market trade.
"""

from collections.abc import Callable
from decimal import Decimal
from typing import Protocol

import pytest

from bifrost.adapters.brokers.paper import PaperVenue
from bifrost.adapters.postgres.database import Database
from bifrost.core.errors import NotFoundError, OutcomeUnknownError
from bifrost.core.money import Quantity
from bifrost.core.orders import OrderStatus, Side
from bifrost.execution.ports import Broker, ReportKind
from tests.builders import ACCOUNT, bar, venue_order


class Desk(Protocol):
    """A venue, and what a test needs to do to its world."""

    @property
    def broker(self) -> Broker: ...

    def fund(self, account_id: str, cash: Decimal) -> None: ...

    def trade_at(self, price: Decimal) -> None:
        """Let AAPL trade at one price, in plenty."""


class PaperDesk:
    """The paper venue, driven by bars."""

    def __init__(self, database: Database) -> None:
        self.broker = PaperVenue(database)
        self._day = 1

    def fund(self, account_id: str, cash: Decimal) -> None:
        self.broker.open_account(account_id, "USD")
        self.broker.transfer(
            transfer_id=f"funding-{account_id}", account_id=account_id, amount=cash, currency="USD"
        )

    def trade_at(self, price: Decimal) -> None:
        self.broker.close_bar(bar(self._day, str(price)), "USD")
        self._day += 1


DESKS: dict[str, Callable[[Callable[[str], Database]], Desk]] = {
    "paper": lambda make_database: PaperDesk(make_database("venue")),
}


@pytest.fixture(params=DESKS)
def desk(request: pytest.FixtureRequest, make_database: Callable[[str], Database]) -> Desk:
    desk = DESKS[request.param](make_database)
    desk.fund(ACCOUNT, Decimal(10_000))
    return desk


def test_a_venue_has_a_name(desk: Desk) -> None:
    assert desk.broker.venue


def test_an_order_sent_once_is_accepted_and_can_be_found(desk: Desk) -> None:
    state = desk.broker.submit(venue_order())

    assert (state.status, state.filled_quantity) == (OrderStatus.ACCEPTED, 0)
    assert desk.broker.find("o-1") == state


def test_an_order_never_sent_is_not_found(desk: Desk) -> None:
    assert desk.broker.find("o-1") is None


def test_an_id_sent_again_has_an_unknown_outcome_and_leaves_the_first_order_alone(
    desk: Desk,
) -> None:
    desk.broker.submit(venue_order(limit="90"))

    with pytest.raises(OutcomeUnknownError, match="id must be unique"):
        desk.broker.submit(venue_order(limit="95", quantity=Quantity(Decimal(99))))
    assert desk.broker.statement(ACCOUNT).open_orders == {"o-1": 10}


def test_the_id_of_a_finished_order_stays_taken(desk: Desk) -> None:
    desk.broker.submit(venue_order())
    desk.trade_at(Decimal(100))

    with pytest.raises(OutcomeUnknownError, match="id must be unique"):
        desk.broker.submit(venue_order())


def test_a_fill_is_reported_once_and_moves_cash_and_position(desk: Desk) -> None:
    desk.broker.submit(venue_order())
    desk.trade_at(Decimal("100.25"))
    desk.trade_at(Decimal("100.25"))

    (report,) = desk.broker.reports_after(0, 10)
    assert report.client_order_id == "o-1"
    assert (report.kind, report.quantity, report.price) == (
        ReportKind.TRADE,
        10,
        Decimal("100.25"),
    )
    statement = desk.broker.statement(ACCOUNT)
    assert statement.cash == Decimal("8997.50") - report.commission
    assert (statement.positions, statement.open_orders) == ({"AAPL": 10}, {})
    assert statement.last_report == report.sequence


def test_a_filled_order_says_so_with_all_it_filled(desk: Desk) -> None:
    desk.broker.submit(venue_order())
    desk.trade_at(Decimal(100))

    state = desk.broker.find("o-1")
    assert state is not None
    assert (state.status, state.filled_quantity) == (OrderStatus.FILLED, 10)


def test_selling_what_was_bought_leaves_no_position(desk: Desk) -> None:
    desk.broker.submit(venue_order())
    desk.trade_at(Decimal(100))
    desk.broker.submit(venue_order("o-2", side=Side.SELL))
    desk.trade_at(Decimal(110))

    statement = desk.broker.statement(ACCOUNT)
    assert statement.positions == {}
    assert statement.cash == Decimal(10_100)


def test_a_limit_waits_for_its_price(desk: Desk) -> None:
    desk.broker.submit(venue_order(limit="95"))
    desk.trade_at(Decimal("95.01"))
    waiting = desk.broker.find("o-1")
    desk.trade_at(Decimal(95))

    assert waiting is not None
    assert waiting.status is OrderStatus.ACCEPTED
    assert [r.price for r in desk.broker.reports_after(0, 10)] == [95]


def test_a_cancelled_order_ends_with_a_report_and_never_fills(desk: Desk) -> None:
    desk.broker.submit(venue_order(limit="95"))

    assert desk.broker.cancel("o-1").status is OrderStatus.CANCELLED
    desk.trade_at(Decimal(90))
    (report,) = desk.broker.reports_after(0, 10)
    assert (report.kind, report.quantity, report.price) == (ReportKind.CANCELLED, 0, 0)
    assert desk.broker.statement(ACCOUNT).open_orders == {}


def test_a_cancel_that_came_too_late_answers_how_the_order_ended(desk: Desk) -> None:
    desk.broker.submit(venue_order())
    desk.trade_at(Decimal(100))

    assert desk.broker.cancel("o-1").status is OrderStatus.FILLED
    assert [r.kind for r in desk.broker.reports_after(0, 10)] == [ReportKind.TRADE]


def test_a_second_cancel_answers_the_same_and_reports_nothing_more(desk: Desk) -> None:
    desk.broker.submit(venue_order(limit="95"))
    first = desk.broker.cancel("o-1")

    assert desk.broker.cancel("o-1") == first
    assert len(desk.broker.reports_after(0, 10)) == 1


def test_cancelling_what_was_never_sent_is_not_found(desk: Desk) -> None:
    with pytest.raises(NotFoundError, match="o-1"):
        desk.broker.cancel("o-1")


def test_reports_come_in_order_and_in_pages_without_gap_or_repeat(desk: Desk) -> None:
    for number in range(5):
        desk.broker.submit(venue_order(f"o-{number}"))
    desk.trade_at(Decimal(100))

    pages, last = [], 0
    while page := desk.broker.reports_after(last, 2):
        pages.append([report.client_order_id for report in page])
        last = page[-1].sequence
    assert pages == [["o-0", "o-1"], ["o-2", "o-3"], ["o-4"]]


def test_execution_ids_are_unique(desk: Desk) -> None:
    for number in range(5):
        desk.broker.submit(venue_order(f"o-{number}"))
        desk.trade_at(Decimal(100))

    reports = desk.broker.reports_after(0, 10)
    assert len({report.execution_id for report in reports}) == len(reports) == 5


def test_a_rejection_is_an_answer_with_a_reason(desk: Desk) -> None:
    state = desk.broker.submit(venue_order(account_id="nobody"))

    assert state.status is OrderStatus.REJECTED
    assert state.text
    assert desk.broker.find("o-1") == state


def test_the_books_of_an_unknown_account_are_not_found(desk: Desk) -> None:
    with pytest.raises(NotFoundError, match="nobody"):
        desk.broker.statement("nobody")
