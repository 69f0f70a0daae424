"""What keeps the books in the benchmarks: portfolio's own services and reads, and what they hear.

A history is made up, the same each time: each instrument is bought, bought again, sold through the
first lot into the second, and bought once more; before the next round all of it is sold. So there
are two lots of each at the end, however long the history is, and a realised P&L.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from bifrost.adapters.clock import SystemClock
from bifrost.adapters.ids import RandomIds
from bifrost.adapters.postgres.database import Database
from bifrost.adapters.postgres.portfolio_books import PostgresLibrary
from bifrost.adapters.postgres.portfolio_journal import PostgresJournal
from bifrost.adapters.postgres.portfolio_performance import PostgresPerformance
from bifrost.core.codec import to_json
from bifrost.core.fills import Fill
from bifrost.core.money import Price, Quantity
from bifrost.core.orders import Side
from bifrost.events import FillRecorded, fill_stream
from bifrost.portfolio.accounts import NewAccount
from bifrost.portfolio.journal import step_of
from bifrost.portfolio.performance import PnlAsked, PnlBy, Scope
from bifrost.portfolio.pnl import Pnl
from bifrost.portfolio.replaying import Player
from bifrost.portfolio.service import CashRequest, PortfolioService

OWNER = "bench"
_EVERY = 10_000
AT = datetime(2012, 1, 3, 21, tzinfo=UTC)
# Side, quantity and how far the price has moved, of each instrument's fills.
PATTERN = (
    (Side.BUY, 70, "0"),
    (Side.BUY, 30, "1.37"),
    (Side.SELL, 85, "2.11"),
    (Side.BUY, 40, "0.93"),
)
CLEARED = (Side.SELL, 55, "1.02")


@dataclass(frozen=True, slots=True)
class Left:
    """What an account's books hold, but for the names of its transactions.

    journaled, told: steps of its journal, and events that wait for the bus.
    """

    transactions: int
    entries: int
    closures: int
    journaled: int
    told: int
    balances: frozenset[tuple[object, ...]]
    lots: frozenset[tuple[object, ...]]


_COUNTS = """
SELECT count(*) AS transactions, coalesce(sum(entries), 0) AS entries,
    (SELECT count(*) FROM portfolio.lot_closures JOIN portfolio.lots USING (lot_id)
        WHERE account_id = %(account)s) AS closures,
    (SELECT count(*) FROM portfolio.journal WHERE account_id = %(account)s) AS journaled,
    (SELECT count(*) FROM portfolio.outbox WHERE detail->>'account_id' = %(account)s
        AND detail_type <> 'AccountOpened.v1') AS told
FROM portfolio.ledger_transactions WHERE account_id = %(account)s
"""
_BALANCES = """
SELECT ledger_account, currency, instrument, amount, quantity FROM portfolio.balances
WHERE account_id = %(account)s
"""
_LOTS = """
SELECT instrument, opened_sequence, opened_at, quantity, cost, opened_quantity, opened_cost
FROM portfolio.lots WHERE account_id = %(account)s
"""


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """Books as their journal tells them: what they hold, and of how many entries they are made."""

    entries: int
    balances: dict[str, Decimal]
    lots: dict[str, tuple[Decimal, Decimal]]


class Bookkeeper:
    """One worker: its own connection, and the services as the functions wire them."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self._service = PortfolioService(PostgresLibrary(database), SystemClock(), RandomIds())
        self._performance = PostgresPerformance(database, OWNER)

    def open_account(self, name: str) -> str:
        """Open an account."""
        asked = NewAccount(OWNER, name, "cash", "USD", "paper")
        return self._service.open_account(asked, key=name, correlation_id="bench")

    def deposit(self, account_id: str, amount: Decimal, key: str) -> None:
        """Take cash in."""
        self._service.deposit(CashRequest(OWNER, account_id, amount, None, key, "bench"))

    def hear(self, event: FillRecorded) -> None:
        """Book a fill."""
        self._service.hear_fill(event)

    def pnl(self, account_id: str) -> Pnl:
        """Read the P&L of all the account's positions together."""
        return self._performance.pnl(PnlAsked(Scope((account_id,)))).total

    def pnl_by_position(self, account_id: str) -> dict[str, Pnl]:
        """Read the P&L of each of its positions; what no instrument caused has an empty name."""
        asked = PnlAsked(Scope((account_id,)), PnlBy.POSITION, limit=_EVERY)
        return {one.name: one.pnl for one in self._performance.pnl(asked).groups}

    def rebuild(self, account_id: str) -> Rebuilt:
        """Play the account's journal as a stream, a page of it in memory."""
        with self.database.transaction() as cursor:
            journal = PostgresJournal(cursor)
            undone = journal.undone(account_id, date.max)
            player = Player(journal.stream(account_id), [], undone=undone)
            entries = sum(len(made.entries) for made in player.play())
        books = player.books
        return Rebuilt(
            entries,
            {name: amount for (name, _), amount in books.balances.items()},
            {lot.lot_id: (lot.quantity, lot.cost) for lot in books.lots.values()},
        )

    def left_in(self, account_id: str) -> Left:
        """Read the account's books as they are kept."""
        values = {"account": account_id}
        balances, lots = (
            frozenset(tuple(row.values()) for row in self.database.fetch_all(query, values))
            for query in (_BALANCES, _LOTS)
        )
        counts = self.database.fetch_all(_COUNTS, values)[0]
        return Left(**counts, balances=balances, lots=lots)

    def process_id(self) -> int:
        """Name the server's process that works for this one."""
        return int(self.database.fetch_all("SELECT pg_backend_pid() AS pid")[0]["pid"])

    def close(self) -> None:
        """Let go of the connection."""
        self.database.close()


def symbols(count: int) -> list[str]:
    """Name instruments."""
    return [f"I{number:04}" for number in range(count)]


def history(account_id: str, instruments: list[str], rounds: int = 1) -> Iterator[FillRecorded]:
    """Yield the account's fills, in its order; each round of the pattern over all instruments."""
    wanted = (*PATTERN, *(CLEARED, *PATTERN) * (rounds - 1))
    moves = ((name, *one) for one in wanted for name in instruments)
    for sequence, (name, side, quantity, moved) in enumerate(moves, 1):
        at = AT + timedelta(seconds=sequence)
        price = _first_price(name) + Decimal(moved)
        fill = Fill(
            venue="bench", execution_id=f"{account_id}-{sequence}", order_id=f"o-{sequence}",
            account_id=account_id, instrument=name, side=side, quantity=Quantity(Decimal(quantity)),
            price=Price(price), commission=Decimal("1.05"), currency="USD", occurred_at=at,
        )  # fmt: skip
        yield FillRecorded(
            event_id=f"{account_id}-{sequence}", occurred_at=at, recorded_at=at,
            correlation_id="bench", stream=fill_stream(account_id), sequence=sequence, fill=fill,
        )  # fmt: skip


def write_journal(database: Database, account_id: str, events: Iterable[FillRecorded]) -> None:
    """Write an account's journal without its books, which take a hundred times as long."""
    steps = [step_of(event, event.occurred_at.date()) for event in events]
    with database.transaction() as cursor:
        cursor.execute(
            "INSERT INTO portfolio.journal (account_id, place, is_note, recorded_at, event_id,"
            "  session, detail_type, detail)"
            " SELECT %s, place, false, recorded_at, event_id, session, 'FillRecorded.v1', detail"
            " FROM unnest(%s::bigint[], %s::timestamptz[], %s::text[], %s::date[], %s::jsonb[])"
            "  AS step (place, recorded_at, event_id, session, detail)",
            (
                account_id,
                [step.place for step in steps],
                [step.event.recorded_at for step in steps],
                [step.event.event_id for step in steps],
                [step.session for step in steps],
                [json.dumps(to_json(step.event)) for step in steps],
            ),
        )


def list_marks(database: Database, instruments: list[str], sessions: int) -> None:
    """Write a price of each instrument for each of so many sessions."""
    prices = [_first_price(name) for name in instruments]
    with database.transaction() as cursor:
        cursor.execute(
            "INSERT INTO portfolio.marks"
            " (instrument, occurred_at, session, price, currency, recorded_at)"
            " SELECT name, %(at)s::timestamptz + day * interval '1 day', %(at)s::date + day,"
            "  price + day * 0.01, 'USD', now()"
            " FROM unnest(%(names)s::text[], %(prices)s::numeric[]) AS one (name, price),"
            "  generate_series(0, %(last)s) day",
            {"at": AT, "names": instruments, "prices": prices, "last": sessions - 1},
        )


def _first_price(instrument: str) -> Decimal:
    return Decimal(20 + sum(instrument.encode()) % 300)
