"""What an account is worth: its balances at the market's last prices.

An instrument without a price makes the market value, the unrealised P&L and the equity unknown
(None), never zero, and is named. equity = cash + due + sum of quantity x market price, unrounded.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime
from decimal import ROUND_HALF_EVEN, Decimal

from bifrost.core.money import EXACT, exact_product, exact_sum
from bifrost.portfolio.ledger import CAPITAL, CASH, COMMISSION, FX, REALISED

# What is owed for a while: the cash of corporate actions, between ex-date and payment.
DUE = "assets:due:"
# An average is a quotient and shown only; the ledger keeps the cost itself.
AVERAGE_INCREMENT = Decimal("1E-8")


@dataclass(frozen=True, slots=True)
class Balance:
    """What one ledger account sums to; a position's carries its quantity and its last price."""

    ledger_account: str
    instrument: str
    amount: Decimal
    quantity: Decimal | None = None
    market_price: Decimal | None = None
    marked_at: datetime | None = None
    currency: str = "USD"


@dataclass(frozen=True, slots=True)
class Position:
    """What is held of one instrument; `cost` and `quantity` are negative for a short."""

    instrument: str
    quantity: Decimal
    cost: Decimal
    market_price: Decimal | None
    marked_at: datetime | None

    @property
    def average_cost(self) -> Decimal:
        """Cost per unit, rounded for showing."""
        return EXACT.divide(self.cost, self.quantity).quantize(AVERAGE_INCREMENT, ROUND_HALF_EVEN)

    @property
    def market_value(self) -> Decimal | None:
        """Quantity times the last price; None while there is none."""
        if self.market_price is None:
            return None
        return exact_product(self.quantity, self.market_price)

    @property
    def unrealised_pnl(self) -> Decimal | None:
        """Market value less cost."""
        value = self.market_value
        return None if value is None else EXACT.subtract(value, self.cost)


@dataclass(frozen=True, slots=True)
class Valuation:
    """An account's worth. `realised_pnl` is gross of `commissions`.

    net_deposits: what came from outside less what went back there.
    income: dividends and interest. expenses: fees, borrow costs, taxes withheld.
    exchanged: what exchanges of currencies brought in the account's, less what they took.
    imbalance: what each currency's ledger accounts sum to; anything but zero is a fault of ours.
    foreign: the currencies that are held beside the account's; no rate is known of them.
    due: what corporate actions owe the account until their day of payment.
    """

    cash: Decimal
    positions: tuple[Position, ...]
    net_deposits: Decimal
    realised_pnl: Decimal
    commissions: Decimal
    imbalance: Decimal
    income: Decimal = Decimal(0)
    expenses: Decimal = Decimal(0)
    exchanged: Decimal = Decimal(0)
    foreign: tuple[str, ...] = ()
    due: Decimal = Decimal(0)

    @property
    def unpriced(self) -> tuple[str, ...]:
        """The instruments held that have no price yet, and the currencies that have no rate."""
        instruments = tuple(p.instrument for p in self.positions if p.market_price is None)
        return (*instruments, *self.foreign)

    @property
    def market_value(self) -> Decimal | None:
        """Of all positions; None while one has no price."""
        return _sum_known([p.market_value for p in self.positions])

    @property
    def unrealised_pnl(self) -> Decimal | None:
        """Of all positions; None while one has no price."""
        return _sum_known([p.unrealised_pnl for p in self.positions])

    @property
    def equity(self) -> Decimal | None:
        """Cash, due and market value; None while a position has no price or cash no rate."""
        value = self.market_value
        if value is None or self.foreign:
            return None
        return exact_sum((self.cash, self.due, value))

    @property
    def valued_at(self) -> datetime | None:
        """The newest price used."""
        return max((p.marked_at for p in self.positions if p.marked_at), default=None)


@dataclass(frozen=True, slots=True)
class Worth:
    """What a valuation says without the positions behind it; of several accounts, their sums."""

    cash: Decimal
    due: Decimal
    market_value: Decimal | None
    unrealised_pnl: Decimal | None
    equity: Decimal | None
    net_deposits: Decimal
    realised_pnl: Decimal
    commissions: Decimal
    income: Decimal
    expenses: Decimal
    exchanged: Decimal
    unpriced: tuple[str, ...]

    @classmethod
    def of(cls, valuation: Valuation) -> "Worth":
        """Leave the positions out."""
        return cls(**{one.name: getattr(valuation, one.name) for one in fields(cls)})

    def __add__(self, other: "Worth") -> "Worth":
        return Worth(
            cash=EXACT.add(self.cash, other.cash),
            due=EXACT.add(self.due, other.due),
            market_value=_sum_known((self.market_value, other.market_value)),
            unrealised_pnl=_sum_known((self.unrealised_pnl, other.unrealised_pnl)),
            equity=_sum_known((self.equity, other.equity)),
            net_deposits=EXACT.add(self.net_deposits, other.net_deposits),
            realised_pnl=EXACT.add(self.realised_pnl, other.realised_pnl),
            commissions=EXACT.add(self.commissions, other.commissions),
            income=EXACT.add(self.income, other.income),
            expenses=EXACT.add(self.expenses, other.expenses),
            exchanged=EXACT.add(self.exchanged, other.exchanged),
            unpriced=tuple(sorted({*self.unpriced, *other.unpriced})),
        )


@dataclass(frozen=True, slots=True)
class SessionValuation:
    """What accounts were worth at the close of one session."""

    session: date
    occurred_at: datetime
    valuation: Worth


def value(balances: Sequence[Balance], currency: str = "USD") -> Valuation:
    """Value an account's balances in its currency."""
    own = [b for b in balances if b.currency == currency]

    def total(*accounts: str) -> Decimal:
        return exact_sum(b.amount for b in own if b.ledger_account.startswith(accounts))

    positions = tuple(
        Position(b.instrument, b.quantity, b.amount, b.market_price, b.marked_at)
        for b in sorted(balances, key=lambda one: one.instrument)
        if b.quantity
    )
    realised, commissions = EXACT.minus(total(REALISED)), total(COMMISSION)
    foreign = [b for b in balances if b.currency != currency]
    return Valuation(
        cash=total(CASH),
        positions=positions,
        net_deposits=EXACT.minus(total(CAPITAL)),
        realised_pnl=realised,
        commissions=commissions,
        imbalance=_imbalance(balances),
        income=EXACT.subtract(EXACT.minus(total("income:")), realised),
        expenses=EXACT.subtract(total("expenses:"), commissions),
        exchanged=EXACT.minus(total(FX)),
        due=total(DUE),
        foreign=tuple(
            sorted(b.currency for b in foreign if b.ledger_account == CASH and b.amount != 0)
        ),
    )


def _imbalance(balances: Sequence[Balance]) -> Decimal:
    currencies = {b.currency for b in balances}
    sums = [exact_sum(b.amount for b in balances if b.currency == one) for one in currencies]
    return exact_sum(sums) if len(sums) < 2 else exact_sum(abs(one) for one in sums)


def _sum_known(amounts: Sequence[Decimal | None]) -> Decimal | None:
    known = [amount for amount in amounts if amount is not None]
    return exact_sum(known) if len(known) == len(amounts) else None
