"""Events published by portfolio."""

from dataclasses import dataclass
from decimal import Decimal
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

    order_id: empty where it is the account's standing method.
    """

    source: ClassVar[str] = "bifrost.portfolio"

    account_id: str
    order_id: str
    method: str
    parts: tuple[ChosenPart, ...]
    after_fill: int


def _check_amount(amount: Decimal) -> None:
    # A listener adds it to what an account may spend: a sign or a zero too many is money.
    if not 0 < amount <= AMOUNT_MAX:
        raise ValueError(f"amount must be above 0 and at most {AMOUNT_MAX}, was {amount}")
