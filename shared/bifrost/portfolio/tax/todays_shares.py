"""Splits and renames: what a share of a day is called today, and how many it has become.

Shares of two days can replace each other only where they are counted alike, so the matcher counts
all in today's: Reg. 1.1091-1(c) and (d) match share by share, and a split is no sale (§305(a)).
What an action does otherwise no count tells: those who ask compare with the books.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from bifrost.core.corporate_actions import CorporateAction, Rename, Split, StockDividend


@dataclass(frozen=True, slots=True)
class Share:
    """What one share has become: so many of that name."""

    instrument: str
    scale: Fraction = Fraction(1)


class TodaysShares:
    """Follows a share of any day to today."""

    def __init__(self, actions: Iterable[CorporateAction]) -> None:
        self._of: dict[str, list[CorporateAction]] = defaultdict(list)
        for action in sorted(actions, key=lambda one: one.place):
            self._of[action.instrument].append(action)

    def of(self, instrument: str, day: date) -> Share:
        """Return what a share traded that day is today; on an ex-date it is one of after."""
        share, last = Share(instrument), None
        while action := self._next(share.instrument, day, last):
            share, last = _after(share, action), action
        return share

    def _next(
        self, instrument: str, day: date, last: CorporateAction | None
    ) -> CorporateAction | None:
        later = (
            one
            for one in self._of.get(instrument, ())
            if one.ex_date > day and (last is None or one.place > last.place)
        )
        return next(later, None)


def _after(share: Share, action: CorporateAction) -> Share:
    match action.terms:
        case Split() | StockDividend() as terms:
            return Share(share.instrument, share.scale * terms.ratio)
        case Rename() as terms:
            return Share(terms.new_instrument, share.scale)
        case _:
            return share
