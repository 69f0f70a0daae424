"""What a vendor's answer of quotes or trades makes of an item: they are taken in, a day at the most
and a bounded number at a time, and the item moves to behind them.

How many there should be no calendar says. So what did not come is no gap: the item says how far it
is and why it stopped, and a session of which the vendor says that it has none is remembered.
"""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import Protocol

from bifrost.core.sessions import EXCHANGE, exchange_date
from bifrost.data.ingest.jobs import Item, ended, moved
from bifrost.data.ingest.ports import Absence, ItemBooks
from bifrost.data.ingest.settling import Slice, counted, stopped_at, unanswered
from bifrost.data.ingest.taking_ticks import TakenTicks, TickBooks
from bifrost.data.providers.answers import Absent, Answer, Failed, Partial, RateLimited
from bifrost.data.series.columns import instant_of
from bifrost.data.series.ticks import Ticks

# Longer than any closure of the exchange: a next session is found, or its calendar is not known.
_CLOSED_AT_MOST = timedelta(days=14)
_DAYS_NAMED = 5
# As many as the gate looks ahead.
_HELD_BACK = 10


class Take(Protocol[Ticks]):
    """How a kind of tick enters: `take_trades` or `take_quotes`."""

    def __call__(
        self,
        books: TickBooks,
        instrument: str,
        source: str,
        ticks: Ticks,
        at: datetime,
        /,
        *,
        until: datetime | None,
    ) -> TakenTicks[Ticks]:
        """Take them in."""


def ticks_settled(books: ItemBooks, asked: Slice, answer: Answer[Ticks], take: Take[Ticks]) -> Item:
    """Take in what the vendor gave, and return the item as it is then."""
    if isinstance(answer, RateLimited | Failed):
        return unanswered(asked, answer)
    if isinstance(answer, Absent):
        _remember(books, asked, answer.reason)
        return _behind(books, asked, answer.reason)
    ends = answer.resume_from if isinstance(answer, Partial) else answer.until
    until = None if ends is None else _confirmed(answer.data, ends)
    took = take(
        books.taking_ticks(),
        asked.item.instrument,
        asked.scope.provider,
        answer.data,
        asked.now,
        until=until or asked.scope.before,
    )
    asked = replace(asked, item=counted(asked.item, took))
    if until is None:
        return _behind(books, asked, "")
    if isinstance(answer, Partial):
        return stopped_at(asked, until, answer.reason)
    return moved(asked.item, until, asked.now, asked.lease)


def _confirmed(ticks: Ticks, ends: datetime) -> datetime:
    """Return up to when a part that ends inside a day is kept: the last few come again.

    A price is wrong where those before and after it say so; a part's last have none after them.
    """
    times = ticks.occurred_at
    if len(times) <= _HELD_BACK or times[-_HELD_BACK] == times[0]:
        return ends
    return instant_of(int(times[-_HELD_BACK]))


def _behind(books: ItemBooks, asked: Slice, reason: str) -> Item:
    """Return the item where its next session's day begins: no vendor is asked of closed days."""
    scope, rest = asked.scope, asked.item.scope
    begins = scope.before
    if begins < rest.before:
        soon = replace(rest, first=begins, before=min(rest.before, begins + _CLOSED_AT_MOST))
        for session in books.sessions(asked.item.instrument, soon)[:1]:
            day = datetime.combine(session.session, time(), EXCHANGE).astimezone(UTC)
            begins = max(begins, day)
    item = moved(asked.item, begins, asked.now, asked.lease)
    if not item.is_complete:
        return item
    nothing = item.rows_read == 0
    return replace(ended(item), reason=reason if nothing else _silent(books, item))


def _silent(books: ItemBooks, item: Item) -> str:
    """Name the sessions of which the vendor says that it has none, the first of many."""
    scope = item.scope
    days = [exchange_date(at).isoformat() for at in books.silences(item.instrument, scope)]
    if not days:
        return ""
    more = len(days) - _DAYS_NAMED
    named = ", ".join(days[:_DAYS_NAMED]) + (f" and {more} more" if more > 0 else "")
    return f"{scope.provider} says that it has no {scope.series} of {named}"


def _remember(books: ItemBooks, asked: Slice, reason: str) -> None:
    """Keep the vendor's word where there was a session of which it might have had some."""
    if books.sessions(asked.item.instrument, asked.scope):
        told = Absence(asked.item.instrument, asked.scope, reason, asked.now)
        books.remember_absence(told)
