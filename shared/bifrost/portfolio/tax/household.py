"""Two owners' books as one, where they are married: what the answer then tells, and of whom.

A joint return has the trades of both, and only together do economic, allowed and deferred add up:
a loss of one may be in the basis of what the other holds. What the spouse traded after the last
day of the marriage is nobody else's and no replacement; it is not told, nor does it count against
what is. What issuers did since meets what the spouse held on that day, as if it were held still.
"""

from collections.abc import Iterable
from dataclasses import replace
from enum import StrEnum

from bifrost.core.corporate_actions import CorporateAction
from bifrost.portfolio.tax.desk_rows import DeskRows, LotRow
from bifrost.portfolio.tax.elections import Couple
from bifrost.portfolio.tax.fitting import fitted
from bifrost.portfolio.tax.history import Trade
from bifrost.portfolio.tax.told import Book, Fitted


class Whose(StrEnum):
    """Whose account it is, seen by who asks."""

    MINE = "mine"
    SPOUSE = "spouse"


def joined(own: DeskRows, spouses: DeskRows, couple: Couple) -> DeskRows:
    """Return the rows of both, read as of one instant, the spouse's up to the marriage's last day.

    couple: who asks first.
    """
    known = {one.action_id for one in own.actions}
    return replace(
        own,
        accounts=own.accounts + spouses.accounts,
        trades=own.trades + spouses.trades,
        lots=own.lots + _lots(spouses, couple),
        capitals=own.capitals + spouses.capitals,
        met=own.met + spouses.met,
        actions=own.actions + tuple(one for one in spouses.actions if one.action_id not in known),
        couple=couple,
    )


def told_of(book: Book, actions: Iterable[CorporateAction], couple: Couple | None) -> Fitted:
    """Play a book; a spouse's as its rows up to the last day of the marriage prove it.

    actions: those that stand, of its family.
    """
    if couple is None or book.account.owner != couple.other or couple.until is None:
        return fitted(book, actions)
    until = couple.until
    # The stored lots are what came of it since, and that is not to be told, not even as a doubt.
    made = fitted(book, (one for one in actions if one.ex_date <= until), is_whole=False)
    # What became worthless counts at its year's end.
    made.trades = [one for one in made.trades if one.on <= until]
    return made


def _lots(spouses: DeskRows, couple: Couple) -> tuple[LotRow, ...]:
    """Return those that were there in the marriage, and those that a spin-off made of them."""
    if couple.until is None:
        return spouses.lots
    opened = {one.lot_id for one in spouses.trades}

    def is_theirs(name: str) -> bool:
        return name in opened or ("/" in name and is_theirs(name.rpartition("/")[0]))

    return tuple(one for one in spouses.lots if is_theirs(one.lot_id))


def couples_in(trades: Iterable[Trade], couple: Couple | None) -> tuple[Couple, ...]:
    """Return the couple as an election, where both have traded: else there is nothing to link."""
    owners = {one.owner for one in trades}
    return (couple,) if couple and {couple.one, couple.other} <= owners else ()
