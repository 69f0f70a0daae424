"""Which shares replace shares sold at a loss: §1091(a), Reg. 1.1091-1(c) to (e).

In the order bought, each share once, from 30 days before the sale to 30 days after, in whatever
account of the taxpayer. A replacement takes the loss into its basis and the holding period of what
was sold (§1091(d), §1223(3)); in an IRA the loss is gone (Rev. Rul. 2008-5).
"""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from bifrost.portfolio.tax.elections import Couple
from bifrost.portfolio.tax.identity import Security, replaces
from bifrost.portfolio.tax.policy import WASH_DAYS, Policy
from bifrost.portfolio.tax.shares import ZERO, Closed, Opening, Opens


@dataclass(frozen=True, slots=True)
class Washed:
    """What of a loss is not allowed: put off into a replacement, or gone."""

    disallowed: Fraction = ZERO
    forfeited: Fraction = ZERO


NOTHING_WASHED = Washed()


@dataclass(frozen=True, slots=True)
class Loss:
    """Shares closed at a loss. place: of the row that closed them; unit_loss is above zero.

    security: what they were when closed, which a merger may have made of what was opened.
    """

    closed: Closed
    security: Security
    on: date
    place: int
    unit_loss: Fraction


class Replacements:
    """The openings of one taxpayer that could replace one another, by day.

    couple: whose they are, where two owners are the taxpayer.
    """

    def __init__(
        self, openings: Sequence[Opening], policy: Policy, couple: Couple | None = None
    ) -> None:
        self._couple = couple
        self._openings = {
            Opens.LONG: [one for one in openings if one.kind is Opens.LONG],
            Opens.SHORT: [one for one in openings if one.kind is not Opens.LONG],
        }
        self._days = {kind: [one.day for one in found] for kind, found in self._openings.items()}
        self._policy = policy

    def wash(self, loss: Loss) -> Washed:
        """Move the loss into what replaces the shares; return what of it is not allowed."""
        sold = loss.security
        left = loss.closed.piece.quantity * sold.shares
        disallowed = forfeited = ZERO
        for opening in self._in_window(loss):
            shares = opening.security.shares
            while left > 0 and (piece := opening.replace(left / shares)):
                matched = piece.quantity * shares
                moved = loss.unit_loss * matched / sold.shares
                left -= matched
                if opening.trade.kind.is_retirement:
                    forfeited += moved
                    continue
                disallowed += moved
                piece.adjustment += moved / piece.quantity
                if opening.kind is Opens.LONG:
                    piece.days_before += loss.on.toordinal() - loss.closed.held_since
            if left == 0:
                break
        return Washed(disallowed, forfeited)

    def _in_window(self, loss: Loss) -> Iterator[Opening]:
        sold = loss.closed.opening
        switch = "short_losses" if sold.kind is Opens.SHORT else "option_losses"
        reading = self._policy.value(switch, loss.on)
        if reading == "allow" and (sold.kind is Opens.SHORT or loss.security.right):
            return
        underlying_too = reading == "underlying"
        as_traded = self._policy.value("predecessors", loss.on) == "distinct"
        rest = self._policy.value("rest_of_purchase", loss.on)
        earlier = self._policy.value("earlier_purchases", loss.on)
        day = loss.on.toordinal()
        days = self._days[sold.kind]
        for at in range(bisect_left(days, day - WASH_DAYS), bisect_left(days, day + WASH_DAYS + 1)):
            one = self._openings[sold.kind][at]
            if not self._is_of_taxpayer(one, loss):
                continue
            if one.place < loss.place:
                if rest == "ignore" and one.order == sold.order:
                    continue
                if earlier == "ignore" and one.order < sold.order:
                    continue
            if replaces(
                one.security, loss.security, underlying_too=underlying_too, as_traded=as_traded
            ):
                yield one

    def _is_of_taxpayer(self, one: Opening, loss: Loss) -> bool:
        if one.trade.owner == loss.closed.opening.trade.owner:
            return True
        bought = date.fromordinal(one.day)
        return self._couple is not None and self._couple.were_married(loss.on, bought)
