"""One account's books as its history makes them: what each transaction writes, and what is left."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from bifrost.core.money import EXACT, exact_sum
from bifrost.events import CashChanged, FillRecorded
from bifrost.portfolio.corporate_actions.change import DUE, BookChange
from bifrost.portfolio.corporate_actions.effects import DIVIDENDS, OWED_ON_SHORTS
from bifrost.portfolio.ledger import CASH, COMMISSION, REALISED, Entry
from bifrost.portfolio.lots import Closure, Lot

Cause = FillRecorded | CashChanged | BookChange


@dataclass(frozen=True, slots=True)
class Transaction:
    """What the ledger has to hold; `reference` is unique in its account.

    closures: the parts of lots that it closed; closed: those lots, in the same order.
    opened: the lots that it made, as they began.
    cause: what it follows from; None for cash that came from outside or went there.
    """

    reference: str
    session: date
    entries: tuple[Entry, ...]
    closures: tuple[Closure, ...] = ()
    closed: tuple[Lot, ...] = field(default=(), compare=False)
    opened: tuple[Lot, ...] = field(default=(), compare=False)
    cause: Cause | None = field(default=None, compare=False)


@dataclass(slots=True)
class Rebuilt:
    """One account's books, growing event by event; `balances` by ledger account and currency.

    currency: the account's, which its fills, and all sums below, are in.
    held: open lots by instrument and id.
    refused: actions that do not fit the account, with the reason; they changed nothing.
    """

    currency: str = "USD"
    balances: dict[tuple[str, str], Decimal] = field(default_factory=dict)
    held: dict[str, dict[str, Lot]] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)

    @property
    def lots(self) -> dict[str, Lot]:
        """Every open lot."""
        return {name: lot for lots in self.held.values() for name, lot in lots.items()}

    @property
    def cash(self) -> Decimal:
        """What there is."""
        return self.balance(CASH)

    @property
    def due(self) -> Decimal:
        """What issuers have yet to pay."""
        return self.balance(DUE)

    @property
    def realised_pnl(self) -> Decimal:
        """By fills and by corporate actions, gross of commissions and without dividends."""
        return EXACT.minus(self.balance(REALISED))

    @property
    def dividends(self) -> Decimal:
        """Received, less those owed on short positions."""
        return EXACT.minus(exact_sum(map(self.balance, (*DIVIDENDS.values(), OWED_ON_SHORTS))))

    @property
    def commissions(self) -> Decimal:
        """What venues charged."""
        return self.balance(COMMISSION)

    def balance(self, ledger_account: str) -> Decimal:
        """Return what a ledger account sums to, in the account's currency."""
        return self.balances.get((ledger_account, self.currency), Decimal(0))

    def positions(self) -> dict[str, tuple[Decimal, Decimal]]:
        """Quantity and cost by instrument, flat ones left out."""
        return {
            name: (
                exact_sum(lot.quantity for lot in lots.values()),
                exact_sum(lot.cost for lot in lots.values()),
            )
            for name, lots in self.held.items()
        }

    def lots_of(self, instrument: str) -> list[Lot]:
        """Return the instrument's open lots."""
        return list(self.held.get(instrument, {}).values())

    def keep(self, lots: Iterable[Lot]) -> None:
        """Put lots in the place of what was known of them; flat ones go."""
        for lot in lots:
            own = self.held.setdefault(lot.instrument, {})
            own.pop(lot.lot_id, None)
            if lot.quantity:
                own[lot.lot_id] = lot
            if not own:
                del self.held[lot.instrument]

    def follow(self, change: BookChange) -> None:
        """Put the lots after an action in the place of those before it."""
        lots = change.apply_to(self.lots)
        self.held = {}
        self.keep(lots.values())

    def post(self, transaction: Transaction) -> None:
        """Add its entries to the balances."""
        for entry in transaction.entries:
            key = (entry.ledger_account, entry.currency)
            self.balances[key] = EXACT.add(self.balances.get(key, Decimal(0)), entry.amount)
