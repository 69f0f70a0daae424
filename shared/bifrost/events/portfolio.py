"""Events published by portfolio."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import ClassVar

from bifrost.core.money import AMOUNT_MAX
from bifrost.events.base import Event, register


@register
@dataclass(frozen=True, slots=True, kw_only=True)
class AccountOpened(Event):
    """An owner may trade in a new account; everyone who keeps accounts copies it."""

    source: ClassVar[str] = "bifrost.portfolio"

    account_id: str
    owner: str
    kind: str
    currency: str


@register
@dataclass(frozen=True, slots=True, kw_only=True)
class StrategyChanged(Event):
    """A strategy was made, renamed, moved, archived or taken back; orders may name it.

    revision: counts its changes from 1: what a listener heard with a higher one stands.
    """

    source: ClassVar[str] = "bifrost.portfolio"

    strategy_id: str
    account_id: str
    name: str
    is_archived: bool
    revision: int


@register
@dataclass(frozen=True, slots=True, kw_only=True)
class CashDeposited(Event):
    """Cash came in from outside; `amount` is positive."""

    source: ClassVar[str] = "bifrost.portfolio"

    account_id: str
    transaction_id: str
    amount: Decimal
    currency: str

    def __post_init__(self) -> None:
        _check_amount(self.amount)


@register
@dataclass(frozen=True, slots=True, kw_only=True)
class CashWithdrawn(Event):
    """Cash went out, reserved before by risk under `withdrawal_id`; `amount` is positive."""

    source: ClassVar[str] = "bifrost.portfolio"

    account_id: str
    withdrawal_id: str
    transaction_id: str
    amount: Decimal
    currency: str

    def __post_init__(self) -> None:
        _check_amount(self.amount)


@register
@dataclass(frozen=True, slots=True, kw_only=True)
class CashChanged(Event):
    """Cash changed by neither a deposit, a withdrawal nor a fill; `amount` has its sign.

    One event per currency that a transaction changes; the venue keeps `account_currency` only.
    kind: of the cash flow; of a reversal, `reversal`.
    instrument: empty where it is about none.
    reverses: the transaction that it undoes; empty where it undoes none.
    after_fill: the last fill that was booked before: what it took from lots depends on them.
    """

    source: ClassVar[str] = "bifrost.portfolio"

    account_id: str
    transaction_id: str
    kind: str
    amount: Decimal
    currency: str
    account_currency: str
    instrument: str
    reverses: str
    after_fill: int = 0

    def __post_init__(self) -> None:
        if not 0 < abs(self.amount) <= AMOUNT_MAX:
            raise ValueError(f"amount must not be 0, nor above {AMOUNT_MAX}, was {self.amount}")

    @property
    def movement_id(self) -> str:
        """Name the movement: a transaction has one per currency."""
        if self.currency == self.account_currency:
            return self.transaction_id
        return f"{self.transaction_id}:{self.currency}"


@dataclass(frozen=True, slots=True)
class ChosenPart:
    """So much of a lot, to be closed before others."""

    lot_id: str
    quantity: Decimal


@register
@dataclass(frozen=True, slots=True, kw_only=True)
class LotSelectionChanged(Event):
    """How an account's sales, or one order's, choose their lots, from the fill after `after_fill`.

    order_id: empty where it is a standing method: of one instrument where it names one, or the
    account's.
    security: what allows the average basis: "fund" or "reinvestment_plan".
    """

    source: ClassVar[str] = "bifrost.portfolio"

    account_id: str
    order_id: str
    method: str
    parts: tuple[ChosenPart, ...]
    after_fill: int
    instrument: str = ""
    security: str = ""


class PositionCause(StrEnum):
    """Why a position changed."""

    FILL = "fill"
    CORPORATE_ACTION = "corporate_action"
    CORRECTION = "correction"
    CASH_FLOW = "cash_flow"


@register
@dataclass(frozen=True, slots=True, kw_only=True)
class PositionChanged(Event):
    """A transaction changed what an account holds of an instrument: once for the two of them.

    quantity_change, cost_change: signed; either may be 0. A short has a negative quantity and cost.
    quantity, cost: what is held now.
    is_imported: what changed came with an import, which no venue here knows of.
    """

    source: ClassVar[str] = "bifrost.portfolio"

    account_id: str
    transaction_id: str
    instrument: str
    cause: PositionCause
    quantity_change: Decimal
    cost_change: Decimal
    quantity: Decimal
    cost: Decimal
    currency: str
    is_imported: bool = False


@register
@dataclass(frozen=True, slots=True, kw_only=True)
class LotClosed(Event):
    """A transaction closed a lot, or part of it, and realised `proceeds - cost`.

    quantity, cost, proceeds: of the part; negative where the lot was short. Before commission.
    """

    source: ClassVar[str] = "bifrost.portfolio"

    account_id: str
    transaction_id: str
    lot_id: str
    instrument: str
    currency: str
    opened_at: datetime
    quantity: Decimal
    cost: Decimal
    proceeds: Decimal


@register
@dataclass(frozen=True, slots=True, kw_only=True)
class ReconciliationBroken(Event):
    """A comparison found a break in one of the books; said once while it stays open.

    book: portfolio, execution or risk. cause, owner: why, as far as it can tell, and who acts.
    ours, theirs: what the book and the venue (or a statement) say of `subject`.
    """

    source: ClassVar[str] = "bifrost.portfolio"

    account_id: str
    book: str
    kind: str
    subject: str
    ours: Decimal
    theirs: Decimal
    cause: str
    owner: str
    first_seen: datetime


@register
@dataclass(frozen=True, slots=True, kw_only=True)
class ValuationRecorded(Event):
    """What the books of an account were worth at the close of a session, as known by now.

    revision: counts from 1; what came late makes the next, which then stands.
    market_value, equity: None where a price or a rate was missing; `unpriced` names it.
    """

    source: ClassVar[str] = "bifrost.portfolio"

    portfolio_id: str
    session: date
    currency: str
    cash: Decimal
    market_value: Decimal | None
    equity: Decimal | None
    unpriced: tuple[str, ...]
    revision: int = 1


def _check_amount(amount: Decimal) -> None:
    # A listener adds it to what an account may spend: a sign or a zero too many is money.
    if not 0 < amount <= AMOUNT_MAX:
        raise ValueError(f"amount must be above 0 and at most {AMOUNT_MAX}, was {amount}")
