"""Accounts and their portfolios: whose books these are."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Account:
    """One account; `opened_at` is market time, and `portfolio_id` its default portfolio.

    place: where it stands in its owner's list, which grows.
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
    place: int = 0


@dataclass(frozen=True, slots=True)
class NewAccount:
    """What somebody asks for."""

    owner: str
    name: str
    kind: str
    currency: str
    broker_profile: str
