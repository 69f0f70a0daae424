"""Accounts: whose books these are, and what has to be gone before one is put away.

A kind says how the account is taxed and settled. None of them buys or shorts on credit yet: a
margin account buys with its own cash, like every other, and may owe only what it is charged.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bifrost.core.money import EXACT
from bifrost.portfolio.valuation import Balance

# What an account has or owes; income, expenses and capital say where it came from.
_HELD = ("assets:", "liabilities:")


class AccountKind(StrEnum):
    """How an account is taxed and settled."""

    CASH = "cash"
    MARGIN = "margin"
    IRA = "ira"
    ROTH_IRA = "roth_ira"

    @property
    def is_retirement(self) -> bool:
        """Say whether its trades are no one's taxable sales."""
        return self in (AccountKind.IRA, AccountKind.ROTH_IRA)

    @property
    def may_short(self) -> bool:
        """Say whether it may sell what it does not hold (Regulation T, 12 CFR 220.8)."""
        return self is AccountKind.MARGIN

    @property
    def owes_as(self) -> "OwedAs":
        """Say what a debit is, where a custodian charged more than there was."""
        if self is AccountKind.MARGIN:
            return OwedAs.LOAN
        return OwedAs.PROHIBITED if self.is_retirement else OwedAs.RECEIVABLE


class OwedAs(StrEnum):
    """What a debit in an account is.

    loan: a margin account's, to which its creditor may charge interest and services (Regulation
        T, 12 CFR 220.4(f)).
    receivable: a cash account has no credit (12 CFR 220.8): the custodian is owed, at once.
    prohibited: credit to an IRA (IRC 4975(c)(1)(B)), which may end it as one (IRC 408(e)(2)),
        unless it is free of interest and pays for what the account itself costs (PTE 80-26).
    """

    LOAN = "loan"
    RECEIVABLE = "receivable"
    PROHIBITED = "prohibited"


@dataclass(frozen=True, slots=True)
class Account:
    """One account; `opened_at` is market time, and `portfolio_id` the portfolio of its books.

    place: where it stands in its owner's list, which grows.
    version: grows with every change of what an owner may change.
    """

    account_id: str
    portfolio_id: str
    owner: str
    name: str
    kind: str
    currency: str
    broker_profile: str
    opened_at: datetime
    recorded_at: datetime
    version: int = 1
    archived_at: datetime | None = None
    place: int = 0


@dataclass(frozen=True, slots=True)
class NewAccount:
    """What somebody asks for."""

    owner: str
    name: str
    kind: str
    currency: str
    broker_profile: str


def what_is_left(balances: Sequence[Balance]) -> list[str]:
    """Name the cash and the positions that keep an account from being archived; none if empty."""
    ordered = sorted(balances, key=lambda one: (one.quantity is not None, one.instrument))
    return [_named(one) for one in ordered if one.quantity or _is_money_held(one)]


def _is_money_held(one: Balance) -> bool:
    return one.quantity is None and bool(one.amount) and one.ledger_account.startswith(_HELD)


def _named(one: Balance) -> str:
    if one.quantity is not None:
        return f"{EXACT.normalize(one.quantity):f} {one.instrument}"
    return f"{EXACT.normalize(one.amount):f} {one.currency} in {one.ledger_account}"
