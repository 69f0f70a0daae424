"""Lean's folder: factor files, and zips of bars, quotes and trades under whoever had the symbol."""

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from pathlib import PurePosixPath

from bifrost.core.errors import FieldProblem, InvalidInputError
from bifrost.core.sessions import exchange_date
from bifrost.data.files.contradictions import Told
from bifrost.data.files.lean_actions import factor_actions, read_factor_file
from bifrost.data.files.ports import UploadTransaction
from bifrost.data.files.taking import Done, FileOccasion, count, refuse_all_rejected, take_bars
from bifrost.data.files.uploads import WaitsError
from bifrost.data.ingest import taking_ticks
from bifrost.data.ingest.taking_ticks import TakenTicks
from bifrost.data.providers import lean_ticks
from bifrost.data.providers.file_rows import FileBars, Reading
from bifrost.data.providers.lean_zip import LeanKind, LeanZip, daily_bars, minute_bars, open_zip
from bifrost.data.reference.adding import add_actions
from bifrost.data.reference.holders import parted
from bifrost.data.reference.map_files import SOURCE, instrument_of
from bifrost.data.series.columns import BarColumns, instant_of, micros
from bifrost.data.series.ports import SeriesKey
from bifrost.data.series.ticks import Ticks
from bifrost.data.series.timeframes import Timeframe
from bifrost.data.series.trades import minute_bars as made_of_trades

# Every American venue keeps the hours of the NYSE, and a zip does not name its venue.
_CALENDAR = "XNYS"
# Which zips hold bars; ticks have none of their own.
_BARS = {LeanKind.DAILY: Timeframe.D1, LeanKind.MINUTE_TRADE: Timeframe.M1}


def read_zip(books: UploadTransaction, content: bytes, occasion: FileOccasion) -> Done:
    """Read a zip of any kind; raise InvalidInputError, or WaitsError for what is not listed."""
    found = open_zip(content)
    timeframe = _BARS.get(found.kind)
    if timeframe is not None:
        return _take_parts(books, found, timeframe, _read_bars(books, found), occasion)
    if found.kind is LeanKind.TICK_TRADE:
        return _take_trades(books, found, occasion)
    return _take_quotes(books, found, occasion)


def bars_of_zip(books: UploadTransaction, content: bytes) -> Told:
    """Return the bars that stand in a zip which was taken already; of ticks none do."""
    found = open_zip(content)
    timeframe = _BARS.get(found.kind)
    if timeframe is None:
        return ()
    parts = _owned(books, found.symbol, _read_bars(books, found).bars, Done())
    return [(SeriesKey(owner, timeframe, SOURCE), bars) for owner, bars in parts]


def _read_bars(books: UploadTransaction, found: LeanZip) -> FileBars:
    if found.kind is LeanKind.DAILY:
        return daily_bars(found, books.sessions(_CALENDAR))
    return minute_bars(found)


def read_factors(
    books: UploadTransaction, name: str, content: bytes, occasion: FileOccasion
) -> Done:
    """Read a factor file's dividends and splits; what is stored word for word is no news."""
    instrument = instrument_of(PurePosixPath(name).name)
    listing = books.listing(instrument)
    if listing is None:
        raise _unlisted(instrument)
    days = [one.session for one in books.sessions(listing.calendar)]
    rows = read_factor_file(content)
    actions = factor_actions(instrument, rows, _next_of(days), currency=listing.instrument.currency)
    news, events = add_actions(
        books,
        [(0, one) for one in actions],
        occasion.at,
        ids=occasion.ids,
        correlation_id=occasion.correlation_id,
    )
    return Done(read=len(rows), written=len(news), instruments={instrument}, events=events)


def _next_of(days: Sequence[date]) -> Callable[[date], date]:
    def next_session(day: date) -> date:
        place = bisect_right(days, day)
        if place == len(days):
            message = f"no session after {day} is known"
            raise InvalidInputError(FieldProblem("factor file", message, "cut it off there"))
        return days[place]

    return next_session


def _take_parts(
    books: UploadTransaction,
    found: LeanZip,
    timeframe: Timeframe,
    told: FileBars,
    occasion: FileOccasion,
) -> Done:
    """Store a Lean zip's bars, each under the instrument that had the symbol on its day."""
    done = Done()
    count(done, told)
    for instrument, bars in sorted(
        _owned(books, found.symbol, told.bars, done), key=lambda part: part[0]
    ):
        key = SeriesKey(instrument, timeframe, SOURCE)
        done.told.append((key, bars))
        take_bars(books, key, bars, occasion, done)
    return done


def _owned(
    books: UploadTransaction, symbol: str, bars: BarColumns, done: Done
) -> Iterator[tuple[str, BarColumns]]:
    terms = books.standing_terms([], [symbol])
    if not terms:
        if books.listing(symbol) is None:
            raise _unlisted(symbol)
        yield symbol, bars
        return
    days = [exchange_date(instant_of(int(at))) for at in bars.starts_at]
    for part in parted(symbol, days, terms):
        if part.instrument is None:
            first, last = days[part.places.start], days[part.places.stop - 1]
            done.notes.append(
                f"{part.places.stop - part.places.start} rows from {first} to {last} left out:"
                f" nobody is known to have had {symbol} then"
            )
        else:
            yield part.instrument, bars.take(part.places)


def _take_trades(books: UploadTransaction, found: LeanZip, occasion: FileOccasion) -> Done:
    """Store a day's trades, and the minutes that they make."""
    owner, day = _owner_of_day(books, found)
    trades, reading = lean_ticks.trades(found)
    taken = taking_ticks.take_trades(books.ticks(), owner, SOURCE, trades, occasion.at)
    done = _counted(owner, len(trades), reading, taken)
    closes = {one.session: micros(one.closes_at) for one in books.sessions(_CALENDAR)}
    minutes = made_of_trades(taken.good, closes.get(day))
    done.notes.append(f"{len(minutes)} minutes made of its trades")
    take_bars(books, SeriesKey(owner, Timeframe.M1, SOURCE), minutes, occasion, done)
    return done


def _take_quotes(books: UploadTransaction, found: LeanZip, occasion: FileOccasion) -> Done:
    owner, _ = _owner_of_day(books, found)
    quotes, reading = lean_ticks.quotes(found)
    taken = taking_ticks.take_quotes(books.ticks(), owner, SOURCE, quotes, occasion.at)
    return _counted(owner, len(quotes), reading, taken)


def _owner_of_day(books: UploadTransaction, found: LeanZip) -> tuple[str, date]:
    day = found.day
    if day is None:  # only daily bars have none
        raise AssertionError(f"a {found.kind} of {found.symbol} has a day")
    terms = books.standing_terms([], [found.symbol])
    owner = parted(found.symbol, [day], terms)[0].instrument if terms else found.symbol
    if owner is None or books.listing(owner) is None:
        raise _unlisted(found.symbol)
    return owner, day


def _counted(owner: str, good: int, reading: Reading, taken: TakenTicks[Ticks]) -> Done:
    refuse_all_rejected(good, reading.rejected)
    return Done(
        read=reading.rows,
        written=taken.written,
        quarantined=taken.kept_apart,
        instruments={owner},
        rejected=tuple(reading.rejected),
    )


def _unlisted(name: str) -> WaitsError:
    return WaitsError(
        f"{name} is not listed: import its Lean map file (map_files/{name.lower()}.csv) or an"
        " instruments/<name>.csv, and this file is imported with it",
        name,
    )
