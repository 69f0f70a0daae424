"""Every book of one account and the venue's, on real databases, compared as the workflow does."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

from bifrost.adapters.postgres.database import Row
from bifrost.adapters.postgres.risk_breaks import PostgresComparisons
from bifrost.core.breaks import Break, Compared
from bifrost.core.codec import from_json, to_json
from bifrost.core.statements import VenueStatement
from bifrost.events import (
    CashDeposited,
    Event,
    FillRecorded,
    OrderEnded,
    ReconciliationBroken,
)
from bifrost.execution.comparing import Comparing
from bifrost.execution.reconciling import Reconciler
from bifrost.execution.records import OrderRecord
from bifrost.risk import service as risk
from tests.builders import account_opened, instrument_listed
from tests.contract.ledger_desk import LedgerDesk
from tests.execution_desk import MakeDatabase, TradingDesk
from tests.unit.risk import facts

OWNER = "ann"
# What a comparison writes; every other table stays as it is.
WRITTEN = frozenset(
    {
        "execution.breaks", "execution.comparisons", "execution.inbox", "execution.outbox",
        "portfolio.breaks", "portfolio.inbox", "portfolio.outbox", "portfolio.reconciliations",
        "portfolio.statement_ledger", "portfolio.statement_progress", "risk.breaks",
    }
)  # fmt: skip


class ComparedDesk:
    """One account of 1,000,000 in four books; execution's, portfolio's, risk's and the venue's."""

    def __init__(self, make_database: MakeDatabase) -> None:
        self.trading = TradingDesk(make_database)
        self.ledger = LedgerDesk(make_database("portfolio"))
        self.risk = make_database("risk")
        self.venue = make_database("venue")
        self.clock = self.ledger.clock = self.trading.clock
        self.ledger.reconciler._clock = self.clock
        desk, venue = self.trading.desk, self.trading.venue
        self.reconciler = Reconciler(desk, venue, self.trading.collector, self.clock)
        self.comparing = Comparing(desk, self.trading.workflows, self.clock)
        self._heard: set[str] = set()
        self.account_id = self.ledger.open_account(OWNER)
        self.ledger.deposit(self.account_id, "1000000", "d-1", OWNER)
        opened = account_opened(self.account_id, OWNER)
        for event in (instrument_listed(), opened):
            facts.hear(self.risk, event)
        self.trading.listener.on_instrument_listed(instrument_listed())
        self.trading.listener.on_account_opened(opened)
        self.deliver()

    def send(self, key: str = "k-1", **changes: Any) -> OrderRecord:
        """Send an order; a market buy of 100 AAPL unless told otherwise."""
        return self.trading.send(key, account_id=self.account_id, owner=OWNER, **changes)

    def fill(self, key: str = "k-1", day: int = 1) -> OrderRecord:
        """Send an order, let it fill and let every book hear of it."""
        order = self.send(key)
        self.trading.close(day)
        self.deliver()
        return self.trading.order(order.order_id)

    def deliver(self) -> None:
        """Deliver what was published and not yet heard."""
        for event in (*self.ledger.published(), *self.trading.events()):
            if event.event_id not in self._heard:
                self._heard.add(event.event_id)
                self.hear(event)

    def compare(self, *, is_final: bool = True) -> list[Break]:
        """Compare as the workflow does, once; return what it left open."""
        statement, breaks = self.statement(), []
        for compared in self.books(statement, is_final=is_final):
            breaks += compared.breaks
        told = [from_json(Break, one) for one in to_json(breaks)]
        self.ledger.reconciler.record(self.account_id, told, "corr-1")
        self.comparing.conclude(self.account_id, told, "corr-1")
        return breaks

    def books(self, statement: VenueStatement, *, is_final: bool) -> tuple[Compared, ...]:
        """What each book finds."""
        return (
            self.reconciler.reconcile(self.account_id, is_final=is_final),
            self.ledger.reconciler.reconcile(statement, "corr-1", is_final=is_final),
            risk.reconcile(
                PostgresComparisons(self.risk), statement, self.clock.now(), is_final=is_final
            ),
        )

    def statement(self) -> VenueStatement:
        """The venue's statement, as the workflow hands it on."""
        return from_json(VenueStatement, self.trading.statements.statement(self.account_id))

    def at_the_venue(self, sql: str) -> None:
        """Change the venue's books by hand."""
        with self.venue.transaction() as cursor:
            cursor.execute(sql)

    def later(self, seconds: float) -> None:
        """Let time pass."""
        self.clock.at += timedelta(seconds=seconds)

    def told(self) -> list[ReconciliationBroken]:
        """Which breaks were published."""
        return [one for one in self.ledger.published() if isinstance(one, ReconciliationBroken)]

    def rows(self, schema: str, sql: str) -> list[Row]:
        """Read a schema as its role."""
        of = {"execution": self.trading.database, "risk": self.risk, "venue": self.venue}
        return of.get(schema, self.ledger.database).fetch_all(sql)

    def everything(self) -> dict[str, list[str]]:
        """Every row that no comparison may write."""
        found = {}
        for schema in ("execution", "portfolio", "risk", "venue"):
            named = f"SELECT tablename AS name FROM pg_tables WHERE schemaname = '{schema}'"
            for name in (f"{schema}.{row['name']}" for row in self.rows(schema, named)):
                if name not in WRITTEN:
                    lines = self.rows(schema, f"SELECT t::text AS line FROM {name} t")
                    found[name] = sorted(row["line"] for row in lines)
        return found

    def hear(self, event: Event) -> None:
        """Deliver one event to the books that listen for it."""
        if isinstance(event, CashDeposited):
            self.trading.listener.on_cash_deposited(event)
            facts.hear(self.risk, event)
        elif isinstance(event, FillRecorded):
            self.ledger.service.hear_fill(event)
            facts.hear(self.risk, event)
        elif isinstance(event, OrderEnded):
            facts.hear(self.risk, event)


def short(breaks: list[Break]) -> list[tuple[str, str, str]]:
    """A break by its book, kind and cause."""
    return [(one.book, one.kind, one.cause) for one in breaks]


def aged(one: Break) -> Break:
    """A break without when it was last seen and by how much."""
    return replace(one, last_seen=one.first_seen, ours=Decimal(0), theirs=Decimal(0))
