"""The ledger's transactions: what a deposit, a withdrawal and a fill write in double entry.

Debits are positive and credits negative, so the entries of a transaction sum to zero in each
currency. Positions stand at cost; what a sale brings above the cost of its lots is income, and
commission is an expense of its own. Nothing is rounded: amounts are exact products.
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from bifrost.core.fills import Fill
from bifrost.core.money import EXACT, Money, exact_product, exact_sum
from bifrost.portfolio.lots import LotChange

CASH = "assets:cash"
CAPITAL = "equity:capital"
FX = "equity:fx"
REALISED = "income:realised"
COMMISSION = "expenses:commission"


def position_account(instrument: str) -> str:
    """Name the ledger account that holds a position at cost."""
    return f"assets:positions:{instrument}"


@dataclass(frozen=True, slots=True)
class Entry:
    """One line; `quantity` (signed) only where the line moves a position."""

    ledger_account: str
    currency: str
    amount: Decimal
    instrument: str = ""
    quantity: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Posting:
    """What is to be written: balanced, or it cannot be constructed.

    reference: what caused it, unique in the account, so that nothing is posted twice.
    is_market_time: false where no bar had been seen and occurred_at is wall time.
    reverses: the transaction that this one undoes; `description` then says why.
    order_id: of a fill, the order that it fills. strategy_id: the strategy that order names.
    stands_for: of one that a correction writes anew, the reference of the one it stands for.
    """

    transaction_id: str
    account_id: str
    kind: str
    reference: str
    description: str
    event_id: str
    occurred_at: datetime
    recorded_at: datetime
    entries: tuple[Entry, ...]
    is_market_time: bool = True
    reverses: str | None = None
    order_id: str | None = None
    strategy_id: str = ""
    stands_for: str = ""

    def __post_init__(self) -> None:
        if len(self.entries) < 2:
            raise ValueError(f"{self.reference} needs two entries, has {len(self.entries)}")
        for currency in {entry.currency for entry in self.entries}:
            off = exact_sum(e.amount for e in self.entries if e.currency == currency)
            if off != 0:
                raise ValueError(f"{self.reference} is out of balance by {off} {currency}")


def flow_entries(money: Money) -> tuple[Entry, ...]:
    """Cash that comes from outside (positive) or goes there (negative)."""
    return (
        Entry(CASH, money.currency, money.amount),
        Entry(CAPITAL, money.currency, EXACT.minus(money.amount)),
    )


def fill_entries(fill: Fill, change: LotChange) -> tuple[Entry, ...]:
    """Write a fill: cash against the position at cost, the gain and the commission."""
    paid = exact_product(fill.signed_quantity, fill.price)
    currency, symbol = fill.currency, fill.instrument
    lines = (
        Entry(CASH, currency, EXACT.minus(EXACT.add(paid, fill.commission))),
        Entry(position_account(symbol), currency, change.cost_change, symbol, fill.signed_quantity),
        Entry(REALISED, currency, EXACT.minus(change.realised), symbol),
        Entry(COMMISSION, currency, fill.commission, symbol),
    )
    return tuple(line for line in lines if line.amount != 0 or line.quantity is not None)


def fill_reference(fill: Fill) -> str:
    """Name the fill as its venue does: two reports of one execution are one posting."""
    return f"fill:{fill.venue}:{fill.execution_id}"
