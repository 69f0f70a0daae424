"""Lives of a desk, to be heard again by its capabilities: what happened, delivered in order or not.

A life is lived once, by execution over a database of its own; the others hear what it told.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from uuid import NAMESPACE_OID, uuid5

import pytest

from bifrost.adapters.ids import RandomIds
from bifrost.adapters.postgres.database import Database
from bifrost.core.decisions import Reason
from bifrost.core.orders import OrderIntent, OrderType, Side, TimeInForce
from bifrost.events import Event, OrderReceived
from bifrost.runtime import plugs
from infra_cdk.capabilities import CAPABILITIES
from tests.builders import (
    account_opened,
    bar,
    bar_closed,
    cash_deposited,
    instrument_listed,
    seeded,
)
from tests.execution_desk import TradingDesk
from tests.functions.portfolio_desk import plugged_desk
from tests.functions.ways_in import Function, plug_in, unplug
from tests.live_desk import LOOKS
from tests.postgres_server import Server

Urls = Callable[[str], str]
Rows = dict[str, list[str]]

TIMES = 3
BATCH = 10
DAYS = 8
LISTENS = {row.name: set(row.listens_to) for row in CAPABILITIES if row.listens_to}
LIFE = {
    "FillRecorded", "OrderCancelled", "OrderExpired", "OrderFilled", "OrderReceived",
    "OrderRefused", "OrderSubmitted",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Life:
    """What happened: up to the orders, and after them."""

    before: list[Event]
    orders: list[OrderIntent]
    after: list[Event]


@dataclass(slots=True)
class CountedIds:
    """Ids that are the same in every run."""

    made: int = field(default=0)

    def new(self) -> str:
        self.made += 1
        return str(uuid5(NAMESPACE_OID, str(self.made)))


LifeOf = Callable[[str], Life]


@contextmanager
def fresh(server: Server) -> Iterator[Urls]:
    """Give an empty database of its own."""
    with server.fresh_database() as name:
        yield lambda schema: server.address(f"bifrost_{schema}", name)


@contextmanager
def trading(urls: Urls) -> Iterator[TradingDesk]:
    """Give execution on this database, with a process of its own."""
    opened: list[Database] = []

    def connect(schema: str) -> Database:
        opened.append(Database(urls(schema)))
        return opened[-1]

    yield TradingDesk(connect)
    for database in opened:
        database.close()


def bars(symbol: str, days: range) -> list[Event]:
    """The symbol's sessions; each moves the price, and trades little."""
    closed = [bar(day, f"{100 + day} {103 + day} {97 + day} {101 + day}", instrument=symbol,
                  volume=40_000) for day in days]  # fmt: skip
    return [bar_closed(one, day) for day, one in zip(days, closed, strict=True)]


def opening(account_id: str) -> list[Event]:
    """An account with cash, two instruments and their first session."""
    listed = [instrument_listed("AAPL"), instrument_listed("IBM")]
    cash = [cash_deposited("600000", account_id), cash_deposited("400000", account_id, 2)]
    return [*listed, account_opened(account_id), *cash, *bars("AAPL", range(1, 2)),
            *bars("IBM", range(1, 2))]  # fmt: skip


def place_orders(desk: TradingDesk, account_id: str, symbols: Sequence[str]) -> None:
    """Send orders that will end in every way, and one that a rule refuses."""
    for symbol in symbols:
        asked: dict[str, Any] = {"account_id": account_id, "instrument": symbol}
        desk.send(f"{symbol}-market", **asked, quantity=Decimal(300))
        low = {**asked, "type": OrderType.LIMIT, "limit_price": Decimal(50)}
        desk.send(f"{symbol}-day", **low, time_in_force=TimeInForce.DAY)
        cancelled = desk.send(f"{symbol}-cancel", **low)
        desk.canceller.cancel(cancelled.order_id)
        refused = desk.place(f"{symbol}-refused", **asked)
        desk.orders.refuse(refused.order_id, (Reason("restricted_list", subject=symbol),))


def a_life(server: Server, account_id: str) -> Life:
    """Let the desk live once, and return what its capabilities told each other."""
    after: list[Event] = []
    with fresh(server) as urls, trading(urls) as desk:
        before = opening(account_id)
        hear(desk, before)
        place_orders(desk, account_id, ("AAPL", "IBM"))
        for day in range(2, DAYS):
            if day == 5:
                desk.send("sell", account_id=account_id, side=Side.SELL, quantity=Decimal(20))
            today = [*bars("AAPL", range(day, day + 1)), *bars("IBM", range(day, day + 1))]
            hear(desk, today)
            after += today
        told = desk.events()
    assert {type(event).__name__ for event in told} == LIFE
    received = [event.order for event in told if isinstance(event, OrderReceived)]
    return Life(before, received, after + told)


def hear(desk: TradingDesk, events: list[Event]) -> None:
    """Tell execution directly."""
    heard: dict[str, Callable[[Any], None]] = {
        "InstrumentListed.v1": desk.listener.on_instrument_listed,
        "AccountOpened.v1": desk.listener.on_account_opened,
        "CashDeposited.v1": desk.listener.on_cash_deposited,
        "BarClosed.v1": desk.listener.on_bar_closed,
    }
    for event in events:
        heard[event.detail_type](event)


def deliver(function: Function, capability: str, events: list[Event], seed: int | None) -> None:
    """Deliver what it listens to: once and in order, or three times and shuffled by the seed.

    What fails comes again later, as from its queue.
    """
    letters = [event for event in events if event.detail_type in LISTENS[capability]]
    if seed is not None:
        letters = letters * TIMES
        seeded(seed).shuffle(letters)
    for _ in range(20 * len(letters)):
        batch, letters = letters[:BATCH], letters[BATCH:]
        failed = set(function.deliver(*batch))
        assert seed is not None or not failed
        letters += [event for event in batch if event.event_id in failed]
        if not letters:
            return
    raise AssertionError(f"seed {seed}: never applied {letters}")


def rows_of(urls: Urls, *schemas: str) -> Rows:
    """Every row of the schemas, without what counts arrivals or reads the server's own clock."""
    found: Rows = {}
    for schema in schemas:
        database = Database(urls(schema))
        columns = database.fetch_all(
            "SELECT table_name, string_agg(column_name, ', ' ORDER BY ordinal_position) AS kept"
            " FROM information_schema.columns WHERE table_schema = %s AND is_identity = 'NO'"
            " AND coalesce(column_default, '') NOT LIKE '%%now()%%'"
            " AND column_name NOT IN ('published_at', 'set_at', 'heard_in')"
            " AND table_name <> ALL(%s)"
            " GROUP BY table_name",
            (schema, list(LOOKS)),
        )
        for row in columns:
            table, query = f"{schema}.{row['table_name']}", f"SELECT row({row['kept']})::text AS r"
            rows = database.fetch_all(f"{query} FROM {schema}.{row['table_name']}")
            found[table] = sorted(str(one["r"]) for one in rows)
        database.close()
    return found


def heard_by(
    capability: str, server: Server, patch: pytest.MonkeyPatch, life: Life, seed: int | None
) -> Rows:
    """Return the rows of risk or compliance after this life."""
    with fresh(server) as urls:
        function = plug_in(patch, capability, urls(capability))
        deliver(function, capability, life.before, seed)
        if capability == "risk":
            for order in life.orders:
                function.task("check_and_reserve", order=order, mode="live")
        deliver(function, capability, life.after, seed)
        unplug(capability)
        return rows_of(urls, capability)


def booked(server: Server, patch: pytest.MonkeyPatch, life_of: LifeOf, seed: int | None) -> Rows:
    """Return portfolio's rows after the life of the account that it opens."""
    ids = CountedIds()
    patch.setattr(RandomIds, "new", lambda _ids: ids.new())
    with fresh(server) as urls, contextmanager(plugged_desk)(patch, urls) as desk:
        desk.post(f"{desk.cash}/deposits", {"amount": "1000000", "currency": "USD"}, "deposit")
        events = life_of(desk.account["account_id"])
        deliver(desk.function, "portfolio", events.before + events.after, seed)
        return rows_of(urls, "portfolio")


def traded(server: Server, patch: pytest.MonkeyPatch, seed: int | None) -> Rows:
    """Return execution's rows and the venue's after AAPL's sessions; orders come before them.

    One instrument: two that trade at once are numbered as they come, which is no fault.
    """
    account_id = "account-1"
    with fresh(server) as urls:
        patch.setenv("VENUE_DATABASE_URL", urls("venue"))
        function = plug_in(patch, "execution", urls("execution"))
        plugs.venue_database.cache_clear()
        deliver(function, "execution", opening(account_id), seed)
        with trading(urls) as desk:
            place_orders(desk, account_id, ("AAPL",))
        deliver(function, "execution", bars("AAPL", range(2, DAYS)), seed)
        plugs.venue_database().close()
        plugs.venue_database.cache_clear()
        unplug("execution")
        return rows_of(urls, "execution", "venue")
