"""Splits and renames: what a share of a day is called today, and how many it has become.

Shares of two days can replace each other only where they are counted alike, so the matcher counts
all in today's: Reg. 1.1091-1(c) and (d) match share by share, and a split is no sale (§305(a)).
What an action does otherwise no count tells: those who ask compare with the books.
"""

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
        self._actions = sorted(actions, key=lambda one: one.place)

    def of(self, instrument: str, day: date) -> Share:
        """Return what a share traded that day is today; on an ex-date it is one of after."""
        share = Share(instrument)
        for action in self._actions:
            if action.ex_date > day and action.instrument == share.instrument:
                share = _after(share, action)
        return share


def _after(share: Share, action: CorporateAction) -> Share:
    match action.terms:
        case Split() | StockDividend() as terms:
            return Share(share.instrument, share.scale * terms.ratio)
        case Rename() as terms:
            return Share(terms.new_instrument, share.scale)
        case _:
            return share
