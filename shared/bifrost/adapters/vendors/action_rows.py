"""Corporate actions out of a vendor's rows. A vendor that corrects one keeps its id.

Every action is revision 1 here, as none of these vendors numbers its corrections: whoever keeps
them gives a changed one the next number.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from bifrost.adapters.vendors import fields
from bifrost.core.corporate_actions import CashDividend, CorporateAction, Split, StockDividend
from bifrost.core.sessions import EXCHANGE
from bifrost.data.providers.answers import Absent, Answer, Failed, Found, Partial

_TERMS = {Split: "split", CashDividend: "cash_dividend", StockDividend: "stock_dividend"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionRow:
    """What every vendor says of an action; `own_id` is its id for it, empty where it has none."""

    vendor: str
    instrument: str
    ex_date: date
    terms: Split | CashDividend | StockDividend
    own_id: str = ""
    currency: str = "USD"
    record_date: date | None = None
    pay_date: date | None = None

    def to_action(self) -> CorporateAction:
        """Say it as the desk does."""
        kind = _TERMS[type(self.terms)]
        terms: dict[str, Any] = {kind: self.terms}
        return CorporateAction(
            action_id=f"{self.vendor}:{self.own_id or f'{self.instrument}:{self.ex_date}:{kind}'}",
            vendor=self.vendor,
            revision=1,
            instrument=self.instrument,
            currency=self.currency,
            ex_date=self.ex_date,
            record_date=self.record_date,
            pay_date=self.pay_date,
            **terms,
        )


def decimal(row: Mapping[str, Any], name: str) -> Decimal:
    """Read a positive number as the decimal that was written; ChangedShapeError for another."""
    value = Decimal(repr(fields.number(row, name)))
    if value <= 0:
        raise fields.ChangedShapeError(f"field {name!r} is {value}, not positive")
    return value.normalize() + 0


def split(new_shares: Decimal, old_shares: Decimal) -> Split:
    """Return a split; ChangedShapeError for one that changes nothing."""
    try:
        return Split(new_shares, old_shares)
    except ValueError as error:
        raise fields.ChangedShapeError(str(error)) from None


def begins(action: CorporateAction) -> datetime:
    """Return when an action's ex-date begins."""
    return datetime.combine(action.ex_date, time(), EXCHANGE)


def whole(
    vendor: str, answer: Answer[list[CorporateAction]], first: date, last: date
) -> Answer[Sequence[CorporateAction]]:
    """Keep those whose ex-date is in [first, last].

    A part of them is a failure: they need not come by ex-date, so that no day can be named before
    which all are there; and a split that is missing makes every price before it wrong.
    """
    if isinstance(answer, Partial):
        return Failed(f"{vendor} sent only some of the actions: {answer.reason}", retryable=True)
    if not isinstance(answer, Found):
        return answer
    kept = sorted((a for a in answer.data if first <= a.ex_date <= last), key=lambda a: a.place)
    return Found(kept) if kept else Absent(f"{vendor} has none with an ex-date in the range")
