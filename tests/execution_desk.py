"""Execution over a real PostgreSQL and the real paper venue, with a clock that tests move."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from bifrost.adapters.brokers.paper import PaperVenue
from bifrost.adapters.memory.clock import SetClock
from bifrost.adapters.memory.workflows import MemoryWorkflows
from bifrost.adapters.postgres.database import Database, Row
from bifrost.adapters.postgres.execution_books import PostgresDesk
from bifrost.core.bars import Bar
from bifrost.core.instruments import Instrument
from bifrost.core.money import Price
from bifrost.core.orders import OrderStatus, OrderType, Side, TimeInForce
from bifrost.events import (
    AccountOpened,
    BarClosed,
    CashDeposited,
    Event,
    InstrumentListed,
    bar_stream,
    read_event,
)
from bifrost.execution.cancelling import Canceller
from bifrost.execution.collecting import Collector
from bifrost.execution.intake import OrderRequest
from bifrost.execution.journal import Journal
from bifrost.execution.listening import Listener
from bifrost.execution.ports import Broker
from bifrost.execution.records import OrderRecord, Step
from bifrost.execution.sending import Patience, Sender
from bifrost.execution.service import OrderService
from bifrost.execution.statements import Statements
from bifrost.execution.sweeping import Sweeper

MakeDatabase = Callable[[str], Database]

ACCOUNT = "acc-1"
OWNER = "owner-1"
WALL = datetime(2026, 11, 21, 12, tzinfo=UTC)
FIRST_CLOSE = datetime(2012, 1, 3, 21, tzinfo=UTC)
AAPL = Instrument("AAPL", "XNYS", "USD", Decimal("0.01"), Decimal(1), "Apple Inc.")


class TradingDesk:
    """One process of execution: its own connections, a broker that a test may wrap."""

    def __init__(
        self,
        make_database: MakeDatabase,
        *,
        wrap: Callable[[PaperVenue], Broker] = lambda venue: venue,
        clock: SetClock | None = None,
        workflows: MemoryWorkflows | None = None,
    ) -> None:
        self.clock = clock or SetClock(WALL)
        self.workflows = workflows or MemoryWorkflows()
        self.database = make_database("execution")
        self.venue = PaperVenue(make_database("venue"))
        self.broker = wrap(self.venue)
        self.desk = desk = PostgresDesk(self.database)
        self.journal = journal = Journal(self.broker.venue, self.clock)
        self.collector = collector = Collector(desk, self.broker, journal)
        self.sender = Sender(desk, self.broker, journal, collector, Patience())
        self.canceller = Canceller(desk, self.broker, journal, collector, self.sender)
        self.sweeper = Sweeper(
            desk, journal, collector, self.sender, self.canceller, self.workflows
        )
        self.orders = OrderService(desk, journal, self.workflows)
        self.listener = Listener(self.broker.venue, desk, self.venue, self.venue, collector)
        self.statements = Statements(desk, self.broker, collector, self.workflows, self.clock)

    def open(self, account_id: str = ACCOUNT, cash: str = "1000000", owner: str = OWNER) -> None:
        """List AAPL, and open and fund an account, by events."""
        self.listener.on_instrument_listed(
            InstrumentListed(**stamp("listed-AAPL"), instrument=AAPL)
        )
        self.listener.on_account_opened(account_opened(account_id, owner))
        self.listener.on_cash_deposited(cash_deposited(account_id, cash))

    def place(self, key: str = "k-1", **changes: Any) -> OrderRecord:
        """Place an order; a market buy of 100 AAPL unless told otherwise."""
        return self.orders.place(a_request(key, **changes), "corr-1").record

    def send(self, key: str = "k-1", **changes: Any) -> OrderRecord:
        """Place an order and submit it; return it as it stands then."""
        placed = self.place(key, **changes)
        self.sender.submit(placed.order_id)
        return self.order(placed.order_id)

    def close(self, day: int, prices: str = "100 101 99 100", *, volume: int = 10**6) -> None:
        """Let the next session of AAPL close."""
        self.listener.on_bar_closed(bar_closed(day, prices, volume=volume))

    def order(self, order_id: str) -> OrderRecord:
        """Return the order as it stands."""
        with self.desk.transaction() as books:
            return books.orders.lock(order_id)

    def steps(self, order_id: str) -> list[Step]:
        """Return the order's steps."""
        with self.desk.transaction() as books:
            return books.reads.steps(order_id)

    def status(self, order_id: str) -> OrderStatus:
        """Return where the order stands."""
        return self.order(order_id).status

    def events(self, kind: type[Event] | None = None) -> list[Any]:
        """Return what was published, in order."""
        rows = self.database.fetch_all(
            "SELECT detail_type, detail FROM execution.outbox ORDER BY position"
        )
        found = [read_event(row["detail_type"], row["detail"]) for row in rows]
        return [event for event in found if kind is None or type(event) is kind]

    def rows(self, table: str) -> list[Row]:
        """Return a table of execution."""
        return self.database.fetch_all(f"SELECT * FROM execution.{table}")


def a_request(key: str = "k-1", **changes: Any) -> OrderRequest:
    """Ask for a market buy of 100 AAPL unless told otherwise."""
    values: dict[str, Any] = {
        "account_id": ACCOUNT,
        "owner": OWNER,
        "key": key,
        "instrument": "AAPL",
        "side": Side.BUY,
        "type": OrderType.MARKET,
        "quantity": Decimal(100),
        "time_in_force": TimeInForce.GTC,
    }
    return OrderRequest(**(values | changes))


def stamp(event_id: str, occurred_at: datetime = FIRST_CLOSE) -> dict[str, Any]:
    """Return what every event carries."""
    return {
        "event_id": event_id,
        "occurred_at": occurred_at,
        "recorded_at": WALL,
        "correlation_id": "corr-0",
    }


def account_opened(account_id: str = ACCOUNT, owner: str = OWNER) -> AccountOpened:
    """Return the event of an opened account."""
    opened = stamp(f"opened-{account_id}")
    return AccountOpened(**opened, account_id=account_id, owner=owner, kind="cash", currency="USD")


def cash_deposited(account_id: str = ACCOUNT, cash: str = "1000000") -> CashDeposited:
    """Return the event of a deposit."""
    return CashDeposited(
        **stamp(f"deposit-{account_id}"),
        account_id=account_id,
        transaction_id=f"transaction-{account_id}",
        amount=Decimal(cash),
        currency="USD",
    )


def bar_closed(day: int, prices: str = "100 101 99 100", *, volume: int = 10**6) -> BarClosed:
    """Return the event of AAPL's session `day` (1, 2, 3, ...): open, high, low, close."""
    first, high, low, last = (Price(Decimal(price)) for price in prices.split())
    closed_at = FIRST_CLOSE + timedelta(days=day)
    bar = Bar("AAPL", closed_at.date(), first, high, low, last, Decimal(volume), closed_at)
    return BarClosed(
        **stamp(f"bar-{day}", closed_at),
        stream=bar_stream("AAPL"),
        sequence=day,
        bar=bar,
        currency="USD",
    )
