"""Accounts that owe cash: who may, and what it is called where a fact from outside made it so.

A person cannot book a charge beyond the cash of an account that has no credit. A custodian can
charge it, a venue can fill above what was set aside, and the books say so: the debit is booked
and named, never refused, for it has happened.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from bifrost.core.money import EXACT, exact_sum
from bifrost.portfolio.accounts import AccountKind, OwedAs
from bifrost.portfolio.ledger import CASH
from bifrost.portfolio.valuation import Balance


@dataclass(frozen=True, slots=True)
class Overdraft:
    """What an account owes in one currency; the amount is above zero."""

    currency: str
    amount: Decimal
    owed_as: OwedAs


def overdrafts(kind: str, balances: Iterable[Balance]) -> tuple[Overdraft, ...]:
    """Return what an account of this kind owes, by currency."""
    cash: dict[str, list[Decimal]] = {}
    for one in balances:
        if one.ledger_account == CASH:
            cash.setdefault(one.currency, []).append(one.amount)
    found = (overdraft(kind, currency, exact_sum(parts)) for currency, parts in cash.items())
    return tuple(one for one in found if one is not None)


def overdraft(kind: str, currency: str, cash: Decimal) -> Overdraft | None:
    """Return what an account of this kind owes, by its cash; None where there is enough."""
    if cash >= 0:
        return None
    return Overdraft(currency, EXACT.minus(cash), AccountKind(kind).owes_as)
