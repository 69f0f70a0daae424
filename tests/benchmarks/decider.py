"""What decides orders in the benchmarks: the real services over a real PostgreSQL of its own.

One decision is what stands between a received order and the call to the venue: risk checks and
reserves, compliance decides and logs, execution passes the last gate and commits the intent.
The venue here answers at once and keeps nothing: its time is not ours. A decision ends where the
venue is called; what it answers is written down afterwards, and measured apart.
"""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from bifrost.adapters.clock import SystemClock
from bifrost.adapters.postgres.compliance import PostgresDockets
from bifrost.adapters.postgres.execution_books import PostgresDesk
from bifrost.adapters.postgres.risk import PostgresOrderGates
from bifrost.adapters.postgres.risk_facts import PostgresFacts
from bifrost.compliance import service as compliance
from bifrost.core.bars import Bar
from bifrost.core.corporate_actions import CorporateAction
from bifrost.core.instruments import Instrument
from bifrost.core.money import Price, Quantity
from bifrost.core.orders import OrderStatus, OrderType, Side, TimeInForce
from bifrost.events import AccountOpened, BarClosed, CashDeposited, InstrumentListed, bar_stream
from bifrost.execution.collecting import Collector
from bifrost.execution.intake import OrderRequest
from bifrost.execution.journal import Journal
from bifrost.execution.listening import Listener
from bifrost.execution.ports import ExecutionReport, VenueOrder, VenueOrderState
from bifrost.execution.records import OrderRecord
from bifrost.execution.sending import Sender
from bifrost.execution.service import OrderService
from bifrost.risk import service as risk
from tests.benchmarks.server import Addresses

AT = datetime(2012, 1, 3, 21, tzinfo=UTC)
OWNER = "bench"


class CalledError(BaseException):
    """The decision has ended. Not an Exception: a venue's failure would be written down."""


class QuietVenue:
    """Accepts everything at once, or ends the decision where it is called."""

    venue = "quiet"

    def __init__(self) -> None:
        self.answers = False

    def submit(self, order: VenueOrder) -> VenueOrderState:
        """Accept."""
        if not self.answers:
            raise CalledError
        return VenueOrderState(order.client_order_id, OrderStatus.ACCEPTED, Decimal(0))

    def find(self, client_order_id: str) -> VenueOrderState | None:
        """Know nothing."""
        return None

    def cancel(self, client_order_id: str) -> VenueOrderState:
        """Never called here."""
        raise AssertionError(client_order_id)

    def reports_after(self, sequence: int, limit: int) -> list[ExecutionReport]:
        """Nothing happens here."""
        return []

    def statement(self, account_id: str) -> Any:
        """Never called here."""
        raise AssertionError(account_id)


class NoWorkflows:
    """Orders are decided here, in process."""

    def start(self, workflow: str, name: str, workflow_input: dict[str, Any]) -> None:
        """Start nothing."""

    def run(self, workflow: str, workflow_input: dict[str, Any]) -> dict[str, Any]:
        """Never called here."""
        raise AssertionError(workflow)


class Decider:
    """One worker: its own connections and, after `open_account`, its own account."""

    def __init__(self, addresses: Addresses) -> None:
        self._account_id = ""
        self._venue = QuietVenue()
        self._risk = PostgresOrderGates(addresses.open("risk"))
        self._compliance = PostgresDockets(addresses.open("compliance"))
        self._facts = PostgresFacts(addresses.open("risk"))
        desk = PostgresDesk(addresses.open("execution"))
        journal = Journal(self._venue.venue, SystemClock())
        collector = Collector(desk, self._venue, journal)
        self._orders = OrderService(desk, journal, NoWorkflows())
        self._sender = Sender(desk, self._venue, journal, collector)
        none = _NoDesk()
        self._listener = Listener(self._venue.venue, desk, none, none, none, collector)

    def open_account(self, account_id: str) -> None:
        """Let risk and execution know the account, its cash, an instrument and its price."""
        self._account_id = account_id
        common: dict[str, Any] = {"occurred_at": AT, "recorded_at": AT, "correlation_id": "bench"}
        instrument = Instrument("AAPL", "XNAS", "USD", Decimal("0.01"), Decimal(1), "Apple Inc.")
        price = Price(Decimal(400))
        bar = Bar("AAPL", date(2012, 1, 3), price, price, price, price, Decimal(10**7), AT)
        opened = AccountOpened(
            event_id=f"open-{self._account_id}", account_id=self._account_id, owner=OWNER,
            kind="cash", currency="USD", **common,
        )  # fmt: skip
        paid = CashDeposited(
            event_id=f"pay-{self._account_id}", account_id=self._account_id,
            transaction_id=f"t-{self._account_id}", amount=Decimal(10**9), currency="USD", **common,
        )  # fmt: skip
        listed = InstrumentListed(event_id="listed", instrument=instrument, **common)
        closed = BarClosed(
            event_id="bar-1", bar=bar, currency="USD", stream=bar_stream("AAPL"), sequence=1,
            **common,
        )  # fmt: skip
        for event in (opened, paid, listed, closed):
            self._facts.hear(event)
        self._listener.on_account_opened(opened)
        self._listener.on_instrument_listed(listed)
        self._listener.on_bar_closed(closed)

    def place(self, count: int) -> list[OrderRecord]:
        """Write orders down, as the API would; not measured."""
        return [self._orders.place(self._request(n), "bench").record for n in range(count)]

    def decide(self, record: OrderRecord) -> None:
        """Decide one order, up to the call of the venue."""
        self._venue.answers = False
        try:
            self._decide(record)
        except CalledError:
            return
        raise AssertionError("the gate refused a benchmark's order")

    def decide_and_hear(self, record: OrderRecord) -> None:
        """Decide one order and write the venue's answer down."""
        self._venue.answers = True
        if self._decide(record) is not OrderStatus.ACCEPTED:
            raise AssertionError("the gate refused a benchmark's order")

    def _decide(self, record: OrderRecord) -> OrderStatus:
        if not risk.check_and_reserve(self._risk, record.intent).accepted:
            raise AssertionError("risk refused a benchmark's order")
        if not compliance.check_order(self._compliance, record.intent).accepted:
            raise AssertionError("compliance refused a benchmark's order")
        return self._sender.submit(record.order_id).status

    def _request(self, number: int) -> OrderRequest:
        return OrderRequest(
            owner=OWNER, account_id=self._account_id, key=f"k-{number}", instrument="AAPL",
            side=Side.BUY, type=OrderType.LIMIT, quantity=Quantity(Decimal(1)),
            time_in_force=TimeInForce.DAY, limit_price=Price(Decimal(400)), stop_price=None,
        )  # fmt: skip


class _NoDesk:
    """The quiet venue keeps no accounts and has no market."""

    def open_account(self, account_id: str, currency: str) -> None:
        """Open nothing."""

    def transfer(
        self, *, transfer_id: str, account_id: str, amount: Decimal, currency: str
    ) -> None:
        """Move nothing."""

    def list_instrument(self, instrument: Instrument) -> None:
        """Keep nothing."""

    def hear_action(self, action: CorporateAction) -> None:
        """Keep nothing."""

    def close_bar(self, bar: Bar, currency: str) -> None:
        """Match nothing."""
