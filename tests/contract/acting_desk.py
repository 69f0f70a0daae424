"""A desk whose market, vendor and venue are a test's: sessions are counted, day 1 is the first."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from decimal import Decimal
from typing import Any

from bifrost.adapters.memory.ids import CountedIds
from bifrost.adapters.postgres.database import Database
from bifrost.adapters.postgres.portfolio_books import PostgresLibrary
from bifrost.core.corporate_actions import CorporateAction
from bifrost.core.instruments import Instrument
from bifrost.events import (
    CorporateActionAnnounced,
    CorporateActionCorrected,
    FillRecorded,
    LotClosed,
    PositionChanged,
)
from bifrost.portfolio.bookings import CashFlowRequest, CashFlows, ReversalRequest
from bifrost.portfolio.cash_flows import CashFlowKind
from bifrost.portfolio.choosing import ChoiceRequest, LotChoices
from bifrost.portfolio.corporate_acts import CorporateActs
from bifrost.portfolio.journal import undone_by
from bifrost.portfolio.lot_selection import LotMethod, Security, Selection
from bifrost.portfolio.rebuild import standing_actions
from bifrost.portfolio.replaying import Player
from tests.action_builders import announced, corrected
from tests.builders import bar, bar_closed, closes_at, fill, fill_recorded, session
from tests.contract.ledger_desk import LedgerDesk
from tests.postgres_server import Server

Books = dict[str, Any]


class ActingDesk(LedgerDesk):
    """An account that trades while issuers act."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        library = self.library = PostgresLibrary(database)
        ids = CountedIds("acting-")
        self.acts = CorporateActs(library, self.clock, ids)
        self.flows = CashFlows(library, self.clock, ids)
        self.choices = LotChoices(library, self.clock, ids)
        self.account_id = self.open_account()
        self.deposit(self.account_id, "100000", "d-1")
        self.day = 0
        self._bars = 0
        self._keys = 0
        self.vendor: list[CorporateActionAnnounced | CorporateActionCorrected] = []
        self.fills: list[FillRecorded] = []

    def open(self, day: int, price: str = "100") -> None:
        """The day's bar of some instrument that nobody holds."""
        self._bars += 1
        self.day = max(day, self.day)
        one = bar_closed(bar(day, price, instrument="CLOCK"), self._bars)
        self.service.hear_bar(replace(one, stream="bars:CLOCK"))

    def made(
        self, day: int, size: str, at: str, symbol: str = "AAPL", **changes: Any
    ) -> FillRecorded:
        """The venue trades; nobody has heard of it yet."""
        number = len(self.fills) + 1
        one = fill(
            number,
            size,
            at,
            account_id=self.account_id,
            instrument=symbol,
            commission="1",
            occurred_at=closes_at(day),
            **changes,
        )
        recorded = fill_recorded(one, number)
        self.fills.append(recorded)
        return recorded

    def trade(self, day: int, size: str, at: str, symbol: str = "AAPL", **changes: Any) -> None:
        """The venue trades, and we hear of it at once."""
        self.service.hear_fill(self.made(day, size, at, symbol, **changes))

    def hear(self, action: CorporateAction) -> None:
        """The vendor announces an action, or corrects it."""
        event = announced(action) if action.revision == 1 else corrected(action)
        self.vendor.append(event)
        self.acts.hear(event)

    def flow(self, kind: CashFlowKind, amount: str, symbol: str = "AAPL") -> str:
        """Cash moves; return the transaction."""
        asked = CashFlowRequest(
            owner="ann",
            account_id=self.account_id,
            kind=kind,
            amount=Decimal(amount),
            currency=None,
            instrument=symbol,
            counter=None,
            key=self._key(),
            correlation_id="test",
        )
        return self.flows.book(asked).transaction_id

    def undo(self, transaction_id: str) -> None:
        """A flow was wrong."""
        self.flows.reverse(
            ReversalRequest(
                owner="ann",
                account_id=self.account_id,
                transaction_id=transaction_id,
                reason="it was wrong",
                key=self._key(),
                correlation_id="test",
            )
        )

    def choose(self, selection: Selection, order_id: str = "") -> None:
        """Lots are chosen so from now on."""
        self.clock.pass_by(1)
        self.choices.choose(ChoiceRequest("ann", self.account_id, order_id, selection, "test"))

    def choose_for(
        self, symbol: str, method: LotMethod, security: Security = Security.STOCK
    ) -> None:
        """An instrument's lots are chosen so from now on; it is listed, if it was not."""
        self.clock.pass_by(1)
        with self.library.open() as books:
            listed = Instrument(symbol, "XNAS", "USD", Decimal("0.01"), Decimal(1), symbol)
            books.instruments.put(listed, self.clock.now())
        asked = ChoiceRequest(
            "ann", self.account_id, "", Selection(method), "test", symbol, security
        )
        self.choices.choose(asked)

    def stored(self) -> Books:
        """Lots, balances and closures as they are kept."""
        lots = "SELECT lot_id, instrument, quantity, cost FROM portfolio.lots WHERE quantity <> 0"
        balances = (
            "SELECT ledger_account, currency, sum(amount) AS amount FROM portfolio.balances"
            " GROUP BY 1, 2 HAVING sum(amount) <> 0"
        )
        closures = (
            "SELECT coalesce(nullif(t.stands_for, ''), t.reference) AS origin, c.lot_id,"
            " c.quantity, c.cost, c.proceeds, c.rule"
            " FROM portfolio.lot_closures c JOIN portfolio.ledger_transactions t"
            " USING (transaction_id) WHERE t.reverses IS NULL AND NOT EXISTS (SELECT 1"
            " FROM portfolio.ledger_transactions u WHERE u.reverses = t.transaction_id)"
        )
        return {
            "lots": {
                row["lot_id"]: (row["instrument"], row["quantity"], row["cost"])
                for row in self.rows(lots)
            },
            "balances": {
                (row["ledger_account"], row["currency"]): row["amount"]
                for row in self.rows(balances)
            },
            "closures": {tuple(row.values()) for row in self.rows(closures)},
        }

    def rebuilt(self) -> Books:
        """The same as the journal tells it, with the actions that stand."""
        with self.library.open() as books:
            steps = list(books.journal.stream(self.account_id))
        traded = [step.session for step in steps if step.is_note or step.place]
        through = max([session(self.day), *traded])
        player = Player(
            steps,
            standing_actions(self.vendor),
            undone=undone_by(steps, through),
            through=through,
        )
        closures = {
            (one.reference, c.lot_id, c.quantity, c.cost, c.proceeds, c.rule)
            for one in player.play()
            for c in one.closures
        }
        made = player.books
        return {
            "lots": {
                lot.lot_id: (lot.instrument, lot.quantity, lot.cost) for lot in made.lots.values()
            },
            "balances": {key: amount for key, amount in made.balances.items() if amount},
            "closures": closures,
        }

    def positions(self) -> Books:
        """Quantity and cost by instrument."""
        held = self.worth(self.account_id).positions
        return {one.instrument: (one.quantity, one.cost) for one in held}

    def held(self) -> Books:
        """Quantity and cost by instrument, flat ones with a cost too."""
        rows = self.rows(
            "SELECT instrument, sum(quantity) AS quantity, sum(cost) AS cost FROM portfolio.lots"
            " WHERE quantity <> 0 GROUP BY instrument"
        )
        sums = {row["instrument"]: (row["quantity"], row["cost"]) for row in rows}
        return {name: held for name, held in sums.items() if any(held)}

    def told(self) -> tuple[Books, Decimal]:
        """What listeners add up: quantity and cost by instrument; what closing lots realised."""
        sums: dict[str, tuple[Decimal, Decimal]] = {}
        realised = Decimal(0)
        for event in self.published():
            if isinstance(event, PositionChanged):
                quantity, cost = sums.get(event.instrument, (Decimal(0), Decimal(0)))
                sums[event.instrument] = (
                    quantity + event.quantity_change,
                    cost + event.cost_change,
                )
            elif isinstance(event, LotClosed):
                realised += event.proceeds - event.cost
        return {name: held for name, held in sums.items() if any(held)}, realised

    def _key(self) -> str:
        self._keys += 1
        self.clock.pass_by(1)
        return f"key-{self._keys}"


@contextmanager
def new_desk(server: Server) -> Iterator[ActingDesk]:
    """A desk with a database of its own."""
    with server.fresh_database() as name:
        database = Database(server.address("bifrost_portfolio", name))
        try:
            yield ActingDesk(database)
        finally:
            database.close()
