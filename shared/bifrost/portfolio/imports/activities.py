"""What every format is read into: one typed row for each thing that happened in an account.

`amount` is what the row changes the cash by, so a purchase, a fee and a withdrawal are negative.
A file that states only a date is kept at that date's midnight in UTC: before the session's close
and on the date that was written, whoever asks for it.
"""

import hashlib
import json
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from bifrost.core.money import EXACT


class ActivityKind(StrEnum):
    """What happened."""

    FILL = "fill"
    DEPOSIT = "deposit"
    WITHDRAWAL = "withdrawal"
    DIVIDEND = "dividend"
    QUALIFIED_DIVIDEND = "qualified_dividend"
    RETURN_OF_CAPITAL = "return_of_capital"
    INTEREST = "interest"
    FEE = "fee"
    BORROW_COST = "borrow_cost"
    TAX = "tax"
    FX = "fx"
    SPLIT = "split"
    TRANSFER = "transfer"


@dataclass(frozen=True, slots=True)
class Activity:
    """One row.

    line: where it stands in its file, from 1.
    day: the date as its file states it (a trade's is its trade date).
    quantity: signed; shares bought, sold, added by a split or moved by a transfer.
    price: of one unit; None where the file has none (the amount then says it).
    commission: part of a fill's amount, never negative.
    counter_amount, counter_currency: the other side of an exchange of currencies.
    venue, reference: who named the row, and how; empty where nobody did.
    """

    line: int
    kind: ActivityKind
    day: date
    occurred_at: datetime
    currency: str
    amount: Decimal
    instrument: str = ""
    quantity: Decimal | None = None
    price: Decimal | None = None
    commission: Decimal = Decimal(0)
    counter_amount: Decimal | None = None
    counter_currency: str = ""
    venue: str = ""
    reference: str = ""
    description: str = ""


def content_hash(account_id: str, activity: Activity) -> str:
    """Name an activity by what it says: two files that tell of one thing give one hash.

    Price and commission are left out: of one trade a file may state either or both, and the
    amount holds them. The time of day is left out, since many files have none.
    """
    said = [
        account_id,
        activity.day.isoformat(),
        activity.kind.value,
        activity.instrument,
        _plain(activity.quantity),
        activity.currency,
        _plain(activity.amount),
        f"{activity.venue}:{activity.reference}" if activity.reference else "",
    ]
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()


def _plain(number: Decimal | None) -> str:
    return "" if number is None else format(EXACT.normalize(EXACT.plus(number)), "f")
