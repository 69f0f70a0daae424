"""Execution, the paper venue and the books that the same events make, over corporate actions."""

from decimal import Decimal
from typing import Any

from bifrost.core.corporate_actions import CorporateAction
from bifrost.core.orders import OrderType, Side
from bifrost.events import Event, FillRecorded
from bifrost.execution.ports import ExecutionReport
from bifrost.execution.records import OrderRecord
from bifrost.portfolio.rebuild import rebuild
from tests.action_builders import announced, corrected
from tests.builders import (
    ACCOUNT,
    bar,
    bar_closed,
    cash_deposited,
    instrument_listed,
    session,
)
from tests.execution_desk import MakeDatabase, TradingDesk

D = Decimal
HELD = 200


class RestatingDesk(TradingDesk):
    """A desk with a million, 200 AAPL bought at 100, after two sessions; actions come on the third.

    Orders are named: `buy` 100 at a limit of 90, `sell` 50 at a limit of 120, `stop` sells 60 at
    80, and `part` is to buy 1,500 at a limit of 105, of which 1,000 have traded at 100.
    """

    def __init__(self, make_database: MakeDatabase, **options: Any) -> None:
        super().__init__(make_database, **options)
        self.venue_database = make_database("venue")
        self.told: list[Event] = [cash_deposited("1000000")]
        self.ids: dict[str, str] = {}
        self.open()
        self.session = 0
        self.listener.on_instrument_listed(instrument_listed("NEW"))
        self.bar(1)
        self.name("held", quantity=D(HELD))
        self.name("part", type=OrderType.LIMIT, quantity=D(1500), limit_price=D(105))
        self.bar(2)
        self.name("buy", type=OrderType.LIMIT, limit_price=D(90))
        self.name("sell", side=Side.SELL, type=OrderType.LIMIT, quantity=D(50), limit_price=D(120))
        self.name("stop", side=Side.SELL, type=OrderType.STOP, quantity=D(60), stop_price=D(80))

    def name(self, name: str, **terms: Any) -> OrderRecord:
        """Send an order and remember it."""
        order = self.send(name, **terms)
        self.ids[name] = order.order_id
        return order

    def bar(self, day: int, prices: str = "100 101 99 100", instrument: str = "AAPL") -> None:
        """Let the day-th session of an instrument close."""
        self.session = max(self.session, day)
        # Its place in its stream: AAPL's first session is its first bar, another's comes alone.
        place = day if instrument == "AAPL" else self._next(instrument)
        self.listener.on_bar_closed(bar_closed(bar(day, prices, instrument=instrument), place))

    def vendor(self, action: CorporateAction) -> None:
        """The vendor announces an action, or corrects it."""
        event = announced(action) if action.revision == 1 else corrected(action)
        self.told.append(event)
        self.listener.on_corporate_action(event)

    def named(self, name: str) -> OrderRecord:
        """Return an order as execution has it."""
        return self.order(self.ids[name])

    def terms(self, name: str) -> tuple[str, str, str, str]:
        """Return the order's instrument, what is left of it, its price and where it stands."""
        order = self.named(name)
        price = order.intent.limit_price or order.intent.stop_price or D(0)
        return (
            order.intent.instrument,
            f"{order.open_quantity:f}",
            f"{price:f}",
            order.status.value,
        )

    def reports(self) -> list[ExecutionReport]:
        """Return everything that the venue has reported."""
        return self.venue.reports_after(0, 10_000)

    def told_orders(self) -> dict[str, Decimal]:
        """Return what execution says is open, as the venue would state it."""
        orders = [self.order(order_id) for order_id in self.ids.values()]
        return {o.intent.client_order_id: o.open_quantity for o in orders if o.open_quantity}

    def dues(self) -> list[tuple[str, Decimal, bool]]:
        """Return what the venue owes or has paid the account, by action."""
        rows = self.venue_database.fetch_all("SELECT * FROM venue.entitlements ORDER BY action_id")
        return [(row["action_id"], row["amount"], row["is_paid"]) for row in rows]

    def check(self) -> None:
        """The venue states the cash and the positions of the books, and the orders of execution."""
        stated = self.venue.statement(ACCOUNT)
        events = [*self.told, *self.events(FillRecorded)]
        books = rebuild(events, through=session(self.session))
        held = {name: quantity for name, (quantity, _) in books.positions().items() if quantity}
        assert stated.positions == held
        assert stated.cash == books.cash
        assert stated.open_orders == self.told_orders()

    def _next(self, instrument: str) -> int:
        stream = f"bars:{instrument}"
        query = "SELECT next_sequence FROM execution.streams WHERE stream = %s"
        row = self.database.fetch_one(query, (stream,))
        return 1 if row is None else int(row["next_sequence"])
