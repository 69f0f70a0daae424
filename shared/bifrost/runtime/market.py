"""Stored market data as numpy arrays, for research: `Market(database_url).bars("AAPL")`.

`bifrost.local.market` opens the desk of this machine; elsewhere, give the address of the schema
`data`. The connection is read-only: a notebook cannot change what a desk trades by.
"""

from collections.abc import Collection
from datetime import UTC, date, datetime, time
from enum import StrEnum
from typing import TypeAlias, TypeVar

from bifrost.adapters.clock import SystemClock
from bifrost.adapters.postgres.database import Database
from bifrost.adapters.postgres.market.actions import PostgresStandingActions
from bifrost.adapters.postgres.market.instruments import PostgresReference
from bifrost.adapters.postgres.market.last_bars import LastBar, PostgresLastBars
from bifrost.adapters.postgres.market.series import PostgresSeriesReader
from bifrost.adapters.postgres.market.streams import PostgresStreams
from bifrost.adapters.postgres.market.ticks import PostgresTickReader
from bifrost.adapters.postgres.market_data import PostgresMarketData
from bifrost.adapters.postgres.read_only import read_only
from bifrost.core.errors import FieldProblem, InvalidInputError
from bifrost.core.sessions import DAY_ENDS, EXCHANGE
from bifrost.data.series.arrays import BarArrays, arrays_of
from bifrost.data.series.asked import Adjustment, Knowledge, SeriesQuery
from bifrost.data.series.reading import BarReading, BarsAsked
from bifrost.data.series.ticks import QuoteColumns, TickQuery, TradeColumns
from bifrost.data.series.timeframes import Timeframe

# A date is a day in New York; an instant is aware. As text both are as ISO 8601 writes them.
When: TypeAlias = str | date | datetime

Word = TypeVar("Word", bound=StrEnum)

_EVER = (datetime(1, 1, 2, tzinfo=UTC), datetime(9999, 12, 30, tzinfo=UTC))


class Market:
    """What a desk's `data` has stored. It opens one connection, and is for one thread."""

    def __init__(self, database_url: str) -> None:
        self._database = Database(read_only(database_url))
        self._reading = BarReading(
            reader=PostgresSeriesReader(self._database),
            reference=PostgresReference(self._database),
            actions=PostgresStandingActions(self._database),
            calendars=PostgresMarketData(self._database),
            clock=SystemClock(),
            gaps=PostgresStreams(self._database),
        )

    def bars(  # noqa: PLR0913 - one question, with the words that `bifrost bars` has for it
        self,
        symbol: str,
        timeframe: str = "1d",
        first: str | date | None = None,
        last: str | date | None = None,
        *,
        adjust: str = "none",
        as_of: When | None = None,
        knowledge: str = "effective",
        extended: bool = False,
    ) -> BarArrays:
        """Return the bars of the sessions [first, last], oldest first, as `bifrost bars` does.

        symbol: whoever had it in the range. Minutes are those of the session, unless extended;
            longer bars are made of them where nobody told any.
        adjust: `none`, `splits` or `all`, computed now.
        as_of: only what was known by then; a date is the end of its day in New York.
        knowledge: `effective`, by the market's time: bars that had closed, in the values that
            stand today; `recorded`, by ours: what had been recorded, and nothing else.
        Raises NotFoundError for a symbol that nobody had, InvalidInputError for a time or a word
        that is none, or a range in which several had the symbol.
        """
        asked = BarsAsked(
            name=symbol,
            timeframe=_word("timeframe", Timeframe, timeframe),
            first=_day("first", first),
            last=_day("last", last),
            adjust=_word("adjust", Adjustment, adjust),
            as_of=None if as_of is None else _instant(as_of, DAY_ENDS),
            knowledge=_word("knowledge", Knowledge, knowledge),
            extended=extended,
        )
        found = self._reading.read(asked)
        return arrays_of(found.bars, found.instrument, found.notes)

    def stored(
        self,
        instrument: str,
        timeframe: str,
        first: When | None = None,
        before: When | None = None,
        *,
        as_of: When | None = None,
        knowledge: str = "effective",
    ) -> BarArrays:
        """Return what is stored of an instrument and begins in [first, before): the fast way.

        One statement and nothing else: raw as traded, before the open and after the close too, of
        the timeframe itself, and by the instrument's key. Nothing is found of one that is not
        there. as_of, knowledge, errors: as `bars`.
        """
        asked = SeriesQuery(
            instrument,
            _word("timeframe", Timeframe, timeframe),
            *_span(first, before),
            None if as_of is None else _instant(as_of, DAY_ENDS),
            _word("knowledge", Knowledge, knowledge),
        )
        return arrays_of(PostgresSeriesReader(self._database).read(asked), instrument)

    def last(self, instruments: Collection[str], timeframe: str = "1d") -> dict[str, LastBar]:
        """Return by instrument the newest bar of each that has one."""
        asked = _word("timeframe", Timeframe, timeframe)
        return PostgresLastBars(self._database).read(instruments, asked)

    def trades(
        self, instrument: str, first: When | None = None, before: When | None = None
    ) -> TradeColumns:
        """Return the trades of [first, before) as columns of integers, in order."""
        asked = TickQuery(instrument, *_span(first, before))
        return PostgresTickReader(self._database).trades(asked)

    def quotes(
        self, instrument: str, first: When | None = None, before: When | None = None
    ) -> QuoteColumns:
        """Return the quotes of [first, before) as columns of integers, in order."""
        asked = TickQuery(instrument, *_span(first, before))
        return PostgresTickReader(self._database).quotes(asked)

    def close(self) -> None:
        """Let go of the connection; the next call opens another."""
        self._database.close()


def _span(first: When | None, before: When | None) -> tuple[datetime, datetime]:
    return (
        _EVER[0] if first is None else _instant(first, time.min),
        _EVER[1] if before is None else _instant(before, time.min),
    )


def _instant(when: When, of_day: time) -> datetime:
    """Return the instant that is meant: of a date, this time of its day in New York."""
    if isinstance(when, str):
        when = _read(when)
    if not isinstance(when, datetime):
        return datetime.combine(when, of_day, EXCHANGE).astimezone(UTC)
    if when.tzinfo is None:
        fix = "say of which zone it is, as in 2024-01-31T14:30:00+00:00"
        raise InvalidInputError(FieldProblem("time", f"{when} is of no zone", fix))
    return when


def _read(text: str) -> date | datetime:
    for kind in (date, datetime):
        try:
            return kind.fromisoformat(text)
        except ValueError:
            continue
    fix = "write 2024-01-31 or 2024-01-31T14:30:00+00:00"
    raise InvalidInputError(FieldProblem("time", f"{text!r} is no date and no instant", fix))


def _day(field: str, day: str | date | None) -> date | None:
    if not isinstance(day, str):
        return day
    try:
        return date.fromisoformat(day)
    except ValueError:
        fix = "write it as 2024-01-31"
        raise InvalidInputError(FieldProblem(field, f"{day!r} is no date", fix)) from None


def _word(field: str, words: type[Word], text: str) -> Word:
    try:
        return words(text)
    except ValueError:
        fix = f"say one of {', '.join(words)}"
        raise InvalidInputError(FieldProblem(field, f"{text!r} is none", fix)) from None
