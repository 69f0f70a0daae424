"""Trades on both sides of a corporate action that the books have to apply between them.

A file tells of trades alone: of shares that it bought before a split and of those after it, the
sum is in no shares that there ever were.
"""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from bifrost.core.corporate_actions import CorporateAction
from bifrost.core.money import EXACT, exact_sum
from bifrost.portfolio.accounts import Account
from bifrost.portfolio.imports.activities import Activity, ActivityKind
from bifrost.portfolio.imports.booking import unbookable
from bifrost.portfolio.ports import Books
from bifrost.portfolio.sessions import utc_session


def require_unsplit(books: Books, account: Account, activities: Sequence[Activity]) -> None:
    """Raise InvalidInputError for a trade that a known action stands between and what is held."""
    fills = [one for one in activities if one.kind is ActivityKind.FILL]
    names = sorted({one.instrument for one in fills})
    issued = books.imports.issued(account.account_id, names) if names else []
    if not issued:
        return
    last = books.imports.last_traded(account.account_id)
    for action, is_applied in issued:
        own = [one for one in fills if one.instrument == action.instrument]
        known = last.get(action.instrument)
        if known is not None and action.ex_date <= utc_session(known):
            # Older than what was imported before, as all of these rows are not.
            continue
        if is_applied:
            _require_later(action, own)
        else:
            lots = books.lots.open_lots(account.account_id, action.instrument)
            _require_one_side(action, own, exact_sum(lot.quantity for lot in lots))


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
