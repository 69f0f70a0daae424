"""The paper venue: an outside party that keeps its own books and fills against bars.

It knows nothing of our database, events or checks, and we learn nothing of its books but
through `Broker`; that is what makes reconciling with it worth something. Market time is the
close of the bars that it is fed.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import TYPE_CHECKING

from bifrost.adapters.postgres.database import Database
from bifrost.adapters.postgres.venue import VenueBooks
from bifrost.core.bars import Bar
from bifrost.core.errors import (
    ConflictError,
    NotFoundError,
    OutcomeUnknownError,
    UnavailableError,
)
from bifrost.core.orders import OrderStatus, OrderType
from bifrost.execution.ports import (
    ExecutionReport,
    ReportKind,
    VenueOrder,
    VenueOrderState,
)

if TYPE_CHECKING:
    from bifrost.backtest.matching import Terms
    from bifrost.core.corporate_actions import CorporateAction
    from bifrost.core.instruments import Instrument
    from bifrost.core.statements import VenueStatement, WorkingOrders

EVERY_OTHER = "*"


class PaperVenue:
    """Broker, Funding, MarketFeed and Custodian over the schema `venue`.

    Give it a Database of its own.
    """

    def __init__(self, database: Database) -> None:
        self._books = VenueBooks(database)
        self._database = database

    @property
    def venue(self) -> str:
        """Half of a fill's identity."""
        return "PAPER"

    def submit(self, order: VenueOrder) -> VenueOrderState:
        """Queue the order; it meets the bars that close after market time, the newest close."""
        with _answering("submit", order.client_order_id), self._books.writing() as books:
            text = _objection(order, books.currency_of(order.account_id))
            if text:
                books.lock()
            status = OrderStatus.REJECTED if text else OrderStatus.ACCEPTED
            if not books.add_order(order, status, text):
                raise OutcomeUnknownError(
                    f"id must be unique: {order.client_order_id} was sent before; look it up"
                )
            if text:
                books.report_end(order.client_order_id, order.account_id, ReportKind.REJECTED, text)
        return VenueOrderState(order.client_order_id, status, Decimal(0), text)

    def cancel(self, client_order_id: str) -> VenueOrderState:
        """End the order unless it has ended; answer how it stands."""
        with _answering("cancel", client_order_id), self._books.writing() as books:
            books.lock()
            account_id = books.cancel(client_order_id)
            if account_id is not None:
                books.report_end(client_order_id, account_id, ReportKind.CANCELLED, "")
        with _answering("cancel", client_order_id):
            state = self._books.state_of(client_order_id)
        if state is None:
            raise NotFoundError(f"the venue has never seen order {client_order_id}")
        return state

    def find(self, client_order_id: str) -> VenueOrderState | None:
        """Return how the order stands; None only if it never came."""
        return self._books.state_of(client_order_id)

    def reports_after(self, sequence: int, limit: int) -> list[ExecutionReport]:
        """Return what happened after `sequence`, oldest first; none becomes visible later."""
        return self._books.reports_after(sequence, limit)

    def statement(self, account_id: str) -> "VenueStatement":
        """Return the venue's books of the account, as of one instant."""
        statement = self._books.statement(account_id)
        if statement is None:
            raise NotFoundError(f"the venue has no account {account_id}")
        return statement

    def working(self, account_id: str) -> "WorkingOrders":
        """Return the account's orders that work here, as of one instant."""
        from bifrost.adapters.postgres.venue_records import VenueRecordBooks

        return VenueRecordBooks(self._database).working(account_id)

    def trades(
        self, account_id: str, *, after: int, upto: int, limit: int
    ) -> list[ExecutionReport]:
        """Return the account's trades reported after `after` and up to `upto`, oldest first."""
        from bifrost.adapters.postgres.venue_records import VenueRecordBooks

        records = VenueRecordBooks(self._database)
        return records.trades(account_id, after=after, upto=upto, limit=limit)

    def open_account(self, account_id: str, currency: str) -> None:
        """Open the account; repeating it changes nothing."""
        with self._books.writing() as books:
            books.open_account(account_id, currency)

    def transfer(
        self, *, transfer_id: str, account_id: str, amount: Decimal, currency: str
    ) -> None:
        """Move cash in or out, once per `transfer_id`.

        Cash may go below zero: the owner's withdrawal is done, and its deposit may arrive after
        it. Until then nothing can be bought.
        """
        with self._books.writing() as books:
            held_in = books.currency_of(account_id)
            if held_in is None:
                raise NotFoundError(f"the venue has no account {account_id}; open it first")
            if held_in != currency:
                raise ConflictError(f"account {account_id} holds {held_in}, not {currency}")
            books.transfer(transfer_id, account_id, amount)

    def close_bar(self, bar: Bar, currency: str) -> None:
        """Match the instrument's queue against the bar, in one transaction.

        A bar seen before, and one older than the last, changes nothing. The first one of a
        session lets the corporate actions of its day happen before it is matched.
        """
        # Imported by the first bar: a submit's cold start does not pay for matching.
        from bifrost.adapters.brokers.custody import Custody
        from bifrost.adapters.postgres.venue_session import VenueSession
        from bifrost.backtest.matching import match_session

        with self._books.writing() as books:
            books.lock()
            session = VenueSession(books.cursor)
            if not session.add_bar(bar) or not Custody(books).meet(bar):
                return
            orders, before = session.queue(bar)
            terms = session.terms_for(bar.instrument)
            matched, after = match_session(orders, bar, before, terms, currency)
            session.settle(bar, matched, after)

    def list_instrument(self, instrument: "Instrument") -> None:
        """Keep the instrument's tick and lot, by which restated orders are rounded."""
        from bifrost.adapters.brokers.custody import Custody

        with self._books.writing() as books:
            Custody(books).list_instrument(instrument)

    def hear_action(self, action: "CorporateAction") -> None:
        """Keep this revision of a corporate action, in one transaction; once heard it is known.

        It happens with the first bar of its ex-date; where that is past, now.
        """
        from bifrost.adapters.brokers.custody import Custody

        with self._books.writing() as books:
            books.lock()
            Custody(books).hear(action)

    def set_terms(self, terms: "Terms", instrument: str = EVERY_OTHER) -> None:
        """Set what an instrument trades at from the next bar on; `*` is every other one."""
        from bifrost.adapters.postgres.venue_session import VenueSession

        with self._books.writing() as books:
            VenueSession(books.cursor).set_terms(instrument, terms)


@contextmanager
def _answering(call: str, client_order_id: str) -> Iterator[None]:
    """A change that got no answer may have happened: say so instead of inviting a retry."""
    try:
        yield
    except UnavailableError as error:
        raise OutcomeUnknownError(
            f"{call} of {client_order_id} got no answer; look it up before anything else: {error}"
        ) from error


def _objection(order: VenueOrder, account_currency: str | None) -> str:
    """Return why the order cannot be taken; empty if it can."""
    if account_currency is None:
        return f"no account {order.account_id}"
    if account_currency != order.currency:
        return f"account {order.account_id} holds {account_currency}, not {order.currency}"
    if order.quantity <= 0:
        return f"quantity must be positive, was {order.quantity}"
    wanted = {
        "limit": order.type in (OrderType.LIMIT, OrderType.STOP_LIMIT),
        "stop": order.type in (OrderType.STOP, OrderType.STOP_LIMIT),
    }
    given = {"limit": order.limit_price, "stop": order.stop_price}
    wrong = [name for name, price in given.items() if wanted[name] != _is_price(price)]
    return f"a {order.type} order cannot have this {wrong[0]} price" if wrong else ""


def _is_price(price: Decimal | None) -> bool:
    return price is not None and price > 0
