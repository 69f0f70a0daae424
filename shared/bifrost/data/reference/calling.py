"""By which symbol a vendor is asked for bars of some days: the one that the instrument had then.

Alpaca (asked with `asof=-`) and massive keep what was told under the symbol of its day: Facebook is
FB until June 2022, and FB of 2003 is somebody else. Yahoo knows today's symbols alone, each with
its whole past; what is called nothing today it cannot be asked for. What is asked under a symbol
that was another's is stored as this one's: so where another had it, nobody is asked.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Protocol

from bifrost.core.sessions import EXCHANGE, exchange_date
from bifrost.data.reference.terms import NO_END, Terms

# Vendors that find an instrument by the symbol that it has today, and by no other.
BY_TODAY = frozenset({"yahoo"})
_A_DAY = timedelta(days=1)


class Names(Protocol):
    """Who was called what, and when."""

    def beside(self, instrument: str) -> Sequence[Terms]:
        """Return what stands of the instrument, and of all that ever had one of its symbols."""


class KeysAlone:
    """Names where nobody keeps terms: each instrument is called by its key."""

    def beside(self, instrument: str) -> Sequence[Terms]:
        """Return none."""
        return ()


@dataclass(frozen=True, slots=True)
class Called:
    """Ask for [first, `before`) under `symbol`; empty: not at all, and `why`.

    is_gone: the vendor cannot be asked for it, though there may be such bars elsewhere.
    """

    symbol: str
    before: datetime
    why: str = ""
    is_gone: bool = False


@dataclass(frozen=True, slots=True)
class Calling:
    """How a vendor is asked for an instrument.

    symbol: what it is called there, whenever; empty where dated terms say. terms: what stands, of
    the instrument and of whoever had one of its symbols; where there is none of its own, its key
    is its symbol. today: the exchange's date. past_end: for so long it is asked for beyond the end
    of its listing, unless another has its symbol by then.
    """

    provider: str
    instrument: str
    symbol: str
    terms: tuple[Terms, ...]
    today: date
    past_end: timedelta = timedelta()

    def of(self, first: datetime, before: datetime) -> Called:
        """Return how to ask for the beginning of [first, before), and how far that goes."""
        if self.symbol or not self._own:
            return Called(self.symbol or self.instrument, before)
        if self.provider in BY_TODAY:
            return self._today(before)
        day = exchange_date(first)
        now = next((one for one in self._own if one.valid_from <= day < self._ends(one)), None)
        if now is None:
            return self._between(day, before)
        until = _begins(self._ends(now), before)
        if now.is_listed:
            return Called(now.symbol, until)
        return Called("", until, f"{self.instrument} is not listed from {now.valid_from} on")

    def not_asked(self, first: datetime, before: datetime) -> list[str]:
        """Say for which parts of [first, before) nobody is asked, and why; each reason once."""
        said: dict[str, None] = {}
        while first < before:
            part = self.of(first, before)
            if not part.symbol:
                said[part.why] = None
            first = part.before
        return list(said)

    def parts(self, first: date, last: date) -> list[tuple[Called, date, date]]:
        """Return how to ask for each part of the days [first, last], with its first and last."""
        begins = datetime.combine(first, time(), EXCHANGE)
        before = datetime.combine(last + _A_DAY, time(), EXCHANGE)
        found = []
        while begins < before:
            part = self.of(begins, before)
            ends = part.before.astimezone(EXCHANGE).date() - _A_DAY
            found.append((part, begins.date(), ends))
            begins = part.before.astimezone(EXCHANGE)
        return found

    @property
    def _own(self) -> list[Terms]:
        own = (one for one in self.terms if one.instrument == self.instrument and one.is_known())
        return sorted(own, key=lambda one: one.valid_from)

    def _ends(self, one: Terms) -> date:
        """Return from which day on it is not asked for by this term any more."""
        if not one.is_listed or one.valid_to == NO_END:
            return one.valid_to
        following = (
            other.valid_from
            for other in self.terms
            if other.is_listed and other.is_known() and one.valid_to < other.valid_to
            if other.instrument == one.instrument or other.symbol == one.symbol
        )
        return max(one.valid_to, min((one.valid_to + self.past_end, *following)))

    def _today(self, before: datetime) -> Called:
        now = next((one for one in self._own if one.is_listed and one.holds(self.today)), None)
        if now is not None:
            return Called(now.symbol, before)
        why = (
            f"{self.provider} finds instruments by the symbols of today, and {self.instrument} has"
            f" none: it was {self._own[-1].symbol}; ask a provider that keeps old symbols, or"
            " import files"
        )
        return Called("", before, why, is_gone=True)

    def _between(self, day: date, before: datetime) -> Called:
        """Say what to do where nothing is known of it: before its first term, or after an end.

        When it was listed first is seldom told right (Lean's files begin with Lean's data), so
        before that it is asked for by its first symbol, unless another is known to have had it.
        """
        first = self._own[0]
        ends = min((one.valid_from for one in self._own if one.valid_from > day), default=NO_END)
        until = _begins(ends, before)
        if first.valid_from <= day:
            return Called("", until, f"{self.instrument} had no symbol on {day}")
        holder = next((one for one in self.terms if _had(one, first)), None)
        if holder is None:
            return Called(first.symbol, until)
        why = f"{first.symbol} was {holder.instrument} before it was {self.instrument}"
        return Called("", until, f"{why}, from {ends} on")


def calling_of(names: Names, provider: str, instrument: str, symbol: str, now: datetime) -> Calling:
    """Return how a vendor is asked; a symbol that is given beside the key holds for all days."""
    given = symbol if symbol != instrument else ""
    terms = () if given else names.beside(instrument)
    return Calling(provider, instrument, given, tuple(terms), exchange_date(now))


def _had(one: Terms, first: Terms) -> bool:
    """Say whether another had that first symbol before."""
    is_before = one.symbol == first.symbol and one.valid_from < first.valid_from
    return is_before and one.instrument != first.instrument and one.is_listed and one.is_known()


def _begins(day: date, before: datetime) -> datetime:
    """Return when that day begins in New York, if that is earlier."""
    if day == NO_END:
        return before
    return min(datetime.combine(day, time(), EXCHANGE), before)
