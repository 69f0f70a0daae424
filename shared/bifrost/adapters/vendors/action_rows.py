"""Corporate actions out of a vendor's rows. A vendor that corrects one keeps its id.

Every action is revision 1 here, as none of these vendors numbers its corrections: whoever keeps
them gives a changed one the next number.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from bifrost.adapters.vendors import fields
from bifrost.core.corporate_actions import (
    CashDividend,
    CorporateAction,
    Merger,
    SpinOff,
    Split,
    StockDividend,
    Terms,
)
from bifrost.core.sessions import EXCHANGE
from bifrost.data.providers.answers import Absent, Answer, Failed, Found, Partial
from bifrost.data.providers.told_actions import ActionsTold, LeftOut

_TERMS: Mapping[type, str] = {
    Split: "split",
    CashDividend: "cash_dividend",
    StockDividend: "stock_dividend",
    SpinOff: "spin_off",
    Merger: "merger",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionRow:
    """What every vendor says of an action; `own_id` is its id for it, empty where it has none.

    What it leads to is named by the vendor's symbol; whose that is, who takes it in says.
    """

    vendor: str
    instrument: str
    ex_date: date
    terms: Terms
    own_id: str = ""
    currency: str = "USD"
    record_date: date | None = None
    pay_date: date | None = None

    def to_action(self) -> CorporateAction:
        """Say it as the desk does; ChangedShapeError for what cannot be."""
        kind = _TERMS[type(self.terms)]
        own_id = self.own_id or f"{self.instrument}:{self.ex_date}:{kind}"
        terms: dict[str, Any] = {kind: self.terms, "lacks": getattr(self.terms, "lacks", ())}
        try:
            return CorporateAction(
                action_id=f"{self.vendor}:{own_id}",
                vendor=self.vendor,
                revision=1,
                instrument=self.instrument,
                currency=self.currency,
                ex_date=self.ex_date,
                record_date=self.record_date,
                pay_date=self.pay_date,
                **terms,
            )
        except ValueError as error:
            raise fields.ChangedShapeError(f"{kind} of {self.ex_date}: {error}") from None


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


def begins(one: CorporateAction | LeftOut) -> datetime:
    """Return when an action's ex-date begins."""
    return datetime.combine(_day_of(one), time(), EXCHANGE)


def _day_of(one: CorporateAction | LeftOut) -> date:
    return one.on if isinstance(one, LeftOut) else one.ex_date


def whole(
    vendor: str, answer: Answer[list[CorporateAction | LeftOut]], first: date, last: date
) -> Answer[ActionsTold]:
    """Keep those whose ex-date is in [first, last].

    A part of them is a failure: they need not come by ex-date, so that no day can be named before
    which all are there; and a split that is missing makes every price before it wrong.
    """
    if isinstance(answer, Partial):
        return Failed(f"{vendor} sent only some of the actions: {answer.reason}", retryable=True)
    if not isinstance(answer, Found):
        return answer
    kept = [one for one in answer.data if first <= _day_of(one) <= last]
    if not kept:
        return Absent(f"{vendor} has none with an ex-date in the range")
    taken = [one for one in kept if isinstance(one, CorporateAction)]
    taken.sort(key=lambda one: one.place)
    return Found(ActionsTold(tuple(taken), tuple(one for one in kept if isinstance(one, LeftOut))))
