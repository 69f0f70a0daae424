"""CSV and Parquet files of bars: under the instrument that a person names."""

from decimal import Decimal

from bifrost.core.corporate_actions import Split, StockDividend
from bifrost.core.errors import FieldProblem, InvalidInputError
from bifrost.core.instruments import Instrument
from bifrost.core.sessions import exchange_date
from bifrost.data.files.contradictions import Told
from bifrost.data.files.instrument_file import CALENDARS
from bifrost.data.files.ports import UploadTransaction
from bifrost.data.files.taking import Done, FileOccasion, count, take_bars
from bifrost.data.files.uploads import Declared, FileFormat, UploadedFile, WaitsError
from bifrost.data.ports import Listing
from bifrost.data.providers.csv_claims import YAHOO, actions_of
from bifrost.data.providers.csv_file import CsvFile, read_csv
from bifrost.data.providers.csv_times import Stamp
from bifrost.data.providers.parquet_file import read_parquet
from bifrost.data.reference.adding import add_actions
from bifrost.data.reference.claiming import VendorAnswer, revisions_of
from bifrost.data.reference.revising import listings_told
from bifrost.data.series.columns import instant_of
from bifrost.data.series.ports import SeriesKey
from bifrost.data.series.timeframes import Timeframe
from bifrost.events import InstrumentListed

# What is assumed of a listing that a person did not describe further.
_TICK, _LOT = Decimal("0.01"), Decimal(1)


def read_table(
    books: UploadTransaction, file: UploadedFile, content: bytes, occasion: FileOccasion
) -> Done:
    """Read a file of bars; raise InvalidInputError, or WaitsError for what is not listed."""
    done = Done()
    listing = _listing(books, file, occasion, done)
    read = _read(books, file.declared, listing, content)
    count(done, read.bars)
    _refuse_divided_prices(books, listing, read, occasion)
    # Before the bars: the gate asks what explains a jump.
    _claim(books, listing, read, occasion, done)
    key = _series(file.declared, listing)
    done.told.append((key, read.bars.bars))
    take_bars(books, key, read.bars.bars, occasion, done)
    return done


def bars_of_table(books: UploadTransaction, file: UploadedFile, content: bytes) -> Told:
    """Return the bars that stand in a file which was taken already."""
    listing = books.listing(file.declared.instrument or "")
    if listing is None:
        return ()
    read = _read(books, file.declared, listing, content)
    return [(_series(file.declared, listing), read.bars.bars)]


def _series(declared: Declared, listing: Listing) -> SeriesKey:
    timeframe = Timeframe(declared.timeframe or "")
    return SeriesKey(listing.instrument.symbol, timeframe, declared.format.value)


def _read(
    books: UploadTransaction, declared: Declared, listing: Listing, content: bytes
) -> CsvFile:
    timeframe = Timeframe(declared.timeframe or "")
    stamp = Stamp(declared.stamp) if declared.stamp else None
    sessions = books.sessions(listing.calendar)
    if declared.format is FileFormat.CSV:
        return read_csv(content, timeframe, sessions, stamp)
    return CsvFile(read_parquet(content, timeframe, sessions, stamp))


def _refuse_divided_prices(
    books: UploadTransaction, listing: Listing, read: CsvFile, occasion: FileOccasion
) -> None:
    """Refuse prices that a split after the file's last row may have divided, unseen in it."""
    starts = read.bars.bars.starts_at
    if read.vendor != YAHOO or not len(starts):
        return
    last, today = exchange_date(instant_of(int(starts[-1]))), exchange_date(occasion.at)
    stored = books.stored_actions([listing.instrument.symbol], [])
    told = [max(one, key=lambda revision: revision.revision) for one in stored.values()]
    later = sorted(
        one.ex_date
        for one in told
        if not one.withdrawn
        and isinstance(one.terms, Split | StockDividend)
        and last < one.ex_date <= today
    )
    if later:
        raise InvalidInputError(
            FieldProblem(
                "stock_splits",
                f"it ends on {last}, and yfinance divides by the split of {later[0]} too, which"
                " is not in it",
                f"export it up to {later[0]}; or leave out its columns Dividends and Stock Splits"
                " if its prices are as traded",
            )
        )


def _claim(
    books: UploadTransaction, listing: Listing, read: CsvFile, occasion: FileOccasion, done: Done
) -> None:
    """Keep what stands beside the bars as the vendor's claims, for the range of the file."""
    starts = read.bars.bars.starts_at
    if not read.vendor or not len(starts):
        return
    named = listing.instrument
    days = [exchange_date(instant_of(int(starts[place]))) for place in (0, -1)]
    told = actions_of(read.vendor, named.symbol, named.currency, read.claims)
    answer = VendorAnswer(read.vendor, named.symbol, days[0], days[1], told)
    stored = books.stored_actions([named.symbol], [one.action_id for one in told])
    news, events = add_actions(
        books,
        list(enumerate(revisions_of(answer, stored), start=1)),
        occasion.at,
        ids=occasion.ids,
        correlation_id=occasion.correlation_id,
    )
    done.events += events
    if news:
        done.notes.append(
            f"{len(news)} dividends and splits beside its bars are kept as claims of {read.vendor}"
        )


def _listing(
    books: UploadTransaction, file: UploadedFile, occasion: FileOccasion, done: Done
) -> Listing:
    declared = file.declared
    name = declared.instrument or ""
    found = books.listing(name)
    if found is not None:
        return found
    if declared.mic is None or declared.currency is None:
        raise WaitsError(
            f"{name} is not listed: give --mic and --currency to list it, or import its Lean map"
            f" file or an instruments/<name>.csv, and this file is imported with it",
            name,
        )
    named = Instrument(name, declared.mic, declared.currency, _TICK, _LOT, name)
    calendar = CALENDARS.get(declared.mic)
    if calendar is None:
        known = ", ".join(CALENDARS)
        problem = FieldProblem("mic", f"no calendar of {declared.mic} is known", f"one of {known}")
        raise InvalidInputError(problem)
    listing = Listing(named, calendar)
    standing = books.standing_terms([name], [name])
    books.revise_terms(listings_told(standing, [named], occasion.at), occasion.at)
    books.put_instruments([listing], occasion.at)
    done.events.append(_listed(named, occasion))
    return listing


def _listed(instrument: Instrument, occasion: FileOccasion) -> InstrumentListed:
    return InstrumentListed(
        event_id=occasion.ids.new(),
        occurred_at=occasion.at,
        recorded_at=occasion.at,
        correlation_id=occasion.correlation_id,
        instrument=instrument,
    )
