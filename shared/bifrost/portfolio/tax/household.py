"""Two owners' books as one, where they are married: what the answer then tells, and of whom.

A joint return has the trades of both, and only together do economic, allowed and deferred add up:
a loss of one may be in the basis of what the other holds. What the spouse traded after the last
day of the marriage is nobody else's and no replacement; it is not told. What issuers did since
meets what the spouse held on that day, as if it were held still.
"""

from collections.abc import Iterable
from dataclasses import replace
from enum import StrEnum

from bifrost.portfolio.tax.desk_rows import DeskRows
from bifrost.portfolio.tax.elections import Couple
from bifrost.portfolio.tax.history import Trade
from bifrost.portfolio.tax.told import Fitted


class Whose(StrEnum):
    """Whose account it is, seen by who asks."""

    MINE = "mine"
    SPOUSE = "spouse"


def joined(own: DeskRows, spouses: DeskRows, couple: Couple) -> DeskRows:
    """Return the rows of both, read as of one instant. couple: who asks first."""
    known = {one.action_id for one in own.actions}
    return replace(
        own,
        accounts=own.accounts + spouses.accounts,
        trades=own.trades + spouses.trades,
        lots=own.lots + spouses.lots,
        capitals=own.capitals + spouses.capitals,
        met=own.met + spouses.met,
        actions=own.actions + tuple(one for one in spouses.actions if one.action_id not in known),
        couple=couple,
    )


def told_of(fitted: Fitted, owner: str, couple: Couple | None) -> Fitted:
    """Leave out what a spouse traded, and was repaid, after the last day of the marriage."""
    if couple is None or owner != couple.other or couple.until is None:
        return fitted
    until = couple.until
    trades = [one for one in fitted.trades if one.on <= until]
    opened = {one.lot_id for one in trades}
    return replace(
        fitted,
        trades=trades,
        repaid=[one for one in fitted.repaid if one.on <= until and one.origin.lot_id in opened],
        held={name: lot for name, lot in fitted.held.items() if lot.origin.lot_id in opened},
    )


def couples_in(trades: Iterable[Trade], couple: Couple | None) -> tuple[Couple, ...]:
    """Return the couple as an election, where both have traded: else there is nothing to link."""
    owners = {one.owner for one in trades}
    return (couple,) if couple and {couple.one, couple.other} <= owners else ()
