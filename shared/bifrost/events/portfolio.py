"""Events published by portfolio."""

from dataclasses import dataclass
from decimal import Decimal
from typing import ClassVar

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
