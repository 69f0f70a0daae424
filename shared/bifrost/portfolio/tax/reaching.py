"""Which issuers' actions reach what these books traded: only they make two stocks one matter.

A rename years before anybody here traded the old name says nothing of the shares of the new one:
neither can a share of the one have become the other, nor has one been sold that the other replaces.
"""

from collections.abc import Iterable, Iterator
from datetime import date, timedelta

from bifrost.core.corporate_actions import CorporateAction
from bifrost.portfolio.tax.desk_rows import DeskRows
from bifrost.portfolio.tax.identity import security_of


def reaching(rows: DeskRows) -> Iterator[CorporateAction]:
    """Yield the actions that lots met, or whose stock was there before: traded, or brought by one.

    Options on a stock count as it does.
    """
    first = _first_days(rows)
    met = {one.action_id for one in rows.met}
    brought: set[str] = set()
    for action in sorted(rows.actions, key=lambda one: one.place):
        old = action.instrument
        was_there = old in brought or first.get(old, action.ex_date) < action.ex_date
        if was_there or action.action_id in met:
            brought.add(action.new_instrument or old)
            yield action


def _first_days(rows: DeskRows) -> dict[str, date]:
    """Return when each stock was traded first; of a lot that no trade tells the day may be off."""
    traded = {one.lot_id for one in rows.trades}
    days = [(one.instrument, one.day) for one in rows.trades]
    days += [
        (one.instrument, one.opened_at.date() - timedelta(days=1))
        for one in rows.lots
        if one.lot_id not in traded
    ]
    return _earliest((security_of(name).underlying, day) for name, day in days)


def _earliest(days: Iterable[tuple[str, date]]) -> dict[str, date]:
    first: dict[str, date] = {}
    for name, day in days:
        first[name] = min(day, first.get(name, day))
    return first
