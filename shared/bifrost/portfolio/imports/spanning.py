"""Rows that a corporate action stands against: the books apply it, so a file may not.

A file tells of trades alone: of shares that it bought before a split and of those after it, the
sum is in no shares that there ever were. A dividend that the books have paid is not paid again.
"""

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal

from bifrost.core.corporate_actions import CorporateAction
from bifrost.core.money import EXACT, exact_sum
from bifrost.portfolio.accounts import Account
from bifrost.portfolio.imports.activities import Activity, ActivityKind
from bifrost.portfolio.imports.booking import unbookable
from bifrost.portfolio.ports import Books
from bifrost.portfolio.sessions import utc_session

# Brokers book a dividend some days late; where the vendor names no day, weeks after its ex-date.
LATE = timedelta(days=10)
UNNAMED = timedelta(days=30)
_PAID = (
    ActivityKind.DIVIDEND,
    ActivityKind.QUALIFIED_DIVIDEND,
    ActivityKind.RETURN_OF_CAPITAL,
)


def require_unmet(books: Books, account: Account, activities: Sequence[Activity]) -> None:
    """Raise InvalidInputError for a trade that a known action stands between and what is held,
    and for a dividend that is booked.
    """
    names = sorted({one.instrument for one in activities if one.instrument})
    issued = books.imports.issued(account.account_id, names) if names else []
    last = books.imports.last_traded(account.account_id) if issued else {}
    for action, is_applied in issued:
        own = [one for one in activities if one.instrument == action.instrument]
        fills = [one for one in own if one.kind is ActivityKind.FILL]
        known = last.get(action.instrument)
        if action.cash_dividend is not None:
            if is_applied:
                _require_unpaid(action, own)
        elif known is not None and action.ex_date <= utc_session(known):
            # Older than what was imported before, as all of these rows are not.
            continue
        elif is_applied:
            _require_later(action, fills)
        else:
            lots = books.lots.open_lots(account.account_id, action.instrument)
            _require_one_side(action, fills, exact_sum(lot.quantity for lot in lots))


def _require_unpaid(action: CorporateAction, rows: Sequence[Activity]) -> None:
    until = action.pay_date + LATE if action.pay_date else action.ex_date + UNNAMED
    for one in rows:
        if one.kind in _PAID and action.ex_date <= _day(one) <= until:
            message = f"the {_named(action)} is booked already"
            raise unbookable(one, "date", message, "leave the row out")


def _require_later(action: CorporateAction, fills: Sequence[Activity]) -> None:
    for one in fills:
        if _day(one) < action.ex_date:
            message = f"it is before the {_named(action)}, which is applied to what was imported"
            fix = "undo that import and import this file before it"
            raise unbookable(one, "date", message, fix)


def _require_one_side(action: CorporateAction, fills: Sequence[Activity], held: Decimal) -> None:
    before = [one.quantity or Decimal(0) for one in fills if _day(one) < action.ex_date]
    after = [one for one in fills if _day(one) >= action.ex_date]
    if after and EXACT.add(held, exact_sum(before)):
        message = f"the {_named(action)} comes between it and shares held before"
        fix = (
            f"import the rows before {action.ex_date} by themselves; once the market has reached"
            " that day the action is applied to them, and the later rows can follow"
        )
        raise unbookable(after[0], "date", message, fix)


def _day(one: Activity) -> date:
    return utc_session(one.occurred_at)


def _named(action: CorporateAction) -> str:
    return f"{action.kind.replace('_', ' ')} of {action.instrument} on {action.ex_date}"
