"""Execution over a real PostgreSQL and the real paper venue, with a clock that tests move."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from bifrost.adapters.brokers.paper import PaperVenue
from bifrost.adapters.memory.clock import SetClock
from bifrost.adapters.memory.workflows import MemoryWorkflows
from bifrost.adapters.postgres.database import Database, Row
from bifrost.adapters.postgres.execution_books import PostgresDesk
from bifrost.core.orders import OrderStatus, OrderType, Side, TimeInForce
from bifrost.events import BarClosed, Event, read_event
from bifrost.execution.cancelling import Canceller
from bifrost.execution.collecting import Collector
from bifrost.execution.comparing import Comparing
from bifrost.execution.intake import OrderRequest
from bifrost.execution.journal import Journal
from bifrost.execution.listening import Listener
from bifrost.execution.ports import Broker, VenueOrderState
from bifrost.execution.records import OrderRecord, Step
from bifrost.execution.sending import Patience, Sender
from bifrost.execution.service import OrderService
from bifrost.execution.statements import Statements
from bifrost.execution.sweeping import Sweeper
from tests import builders
from tests.builders import (
    ACCOUNT,
    OWNER,
    WALL,
    account_opened,
    bar,
    cash_deposited,
    instrument_listed,
)

MakeDatabase = Callable[[str], Database]


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
        self.listener = Listener(
            self.broker.venue, desk, self.venue, self.venue, self.venue, collector
        )
        self.statements = Statements(desk, self.broker, collector, self.workflows, self.clock)
        self.comparing = Comparing(desk, self.workflows, self.clock)

    def open(self, account_id: str = ACCOUNT, cash: str = "1000000", owner: str = OWNER) -> None:
        """List AAPL, and open and fund an account, by events."""
        self.listener.on_instrument_listed(instrument_listed())
        self.listener.on_account_opened(account_opened(account_id, owner))
        self.listener.on_cash_deposited(cash_deposited(cash, account_id))

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

    @property
    def kinds(self) -> list[str]:
        """Name what was published, in order."""
        return [type(event).__name__ for event in self.events()]

    def find(self, order: OrderRecord) -> VenueOrderState:
        """Return the order as the venue has it."""
        found = self.venue.find(order.intent.client_order_id)
        assert found is not None
        return found

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


def bar_closed(day: int, prices: str = "100 101 99 100", *, volume: int = 10**6) -> BarClosed:
    """AAPL's session `day` (1, 2, 3, ...) is over."""
    return builders.bar_closed(bar(day, prices, volume=volume), day)
