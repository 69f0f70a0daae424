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


def _check_amount(amount: Decimal) -> None:
    # A listener adds it to what an account may spend: a sign or a zero too many is money.
    if not 0 < amount <= AMOUNT_MAX:
        raise ValueError(f"amount must be above 0 and at most {AMOUNT_MAX}, was {amount}")
