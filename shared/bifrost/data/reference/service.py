"""Reference data's use cases: who had a symbol when, what could be traded on a day, and files."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from hashlib import sha256

from bifrost.core.errors import NotFoundError
from bifrost.core.instruments import Instrument
from bifrost.core.sessions import exchange_date
from bifrost.data.files.imports import ImportRecord, ImportStatus
from bifrost.data.files.instrument_file import CALENDARS
from bifrost.data.ports import Clock, Ids, Imports, ImportTransaction, Listing
from bifrost.data.reference.map_files import SOURCE, instrument_of, map_terms, read_map_file
from bifrost.data.reference.ports import Present, ReferenceReader, UniverseQuery
from bifrost.data.reference.revising import histories_told, spelt
from bifrost.data.reference.terms import (
    NO_END,
    NO_VENUE,
    UNKNOWN_START,
    Terms,
    held_by,
    resolve,
    terms_on,
)
from bifrost.events import InstrumentListed

# Lean's `equity/usa` says none of these: dollars, cents (Regulation NMS, rule 612), single shares.
LEAN_DEFAULTS = Terms(
    instrument="-",
    valid_from=UNKNOWN_START,
    valid_to=NO_END,
    symbol="-",
    currency="USD",
    tick_size=Decimal("0.01"),
    lot_size=Decimal(1),
    source=SOURCE,
    recorded_at=datetime.min.replace(tzinfo=UTC),
)
_CALENDAR = "XNYS"


@dataclass(frozen=True, slots=True)
class HistoriesTaken:
    """Which instruments' pasts were told, which of them were not listed before, and what changed.

    terms: those of every told instrument, as they stand now.
    """

    instruments: tuple[str, ...]
    listed: tuple[str, ...]
    rows_written: int
    terms: tuple[Terms, ...]


@dataclass(frozen=True, slots=True)
class ReferenceService:
    """What the desk may ask of instruments over time, and tell of them."""

    reader: ReferenceReader
    imports: Imports
    clock: Clock
    ids: Ids

    def today(self) -> date:
        """Return the exchange's date."""
        return exchange_date(self.clock.now())

    def find(self, name: str, on: date, known_by: datetime | None = None) -> Terms:
        """Return what held on that day of the instrument that had the symbol `name` then.

        Where nobody had it and an instrument has this key, of that one. Raises NotFoundError,
        which says who had the symbol, and when.
        """
        terms = self.reader.terms_of(name)
        found = terms_on(terms, resolve(terms, name, on, known_by) or name, on, known_by)
        if found is None:
            raise NotFoundError(_nobody(name, on, known_by, terms))
        return found

    def universe(self, asked: UniverseQuery) -> Sequence[Present]:
        """Return a page of what was listed, or in the index, on that day."""
        return self.reader.universe(asked)

    def take_map_files(self, files: Mapping[str, bytes], correlation_id: str) -> HistoriesTaken:
        """Take in Lean's map files, by name, all of them or none; the same again changes nothing.

        An instrument that is not listed is listed, delisted ones too: bars need a listing. Raises
        InvalidInputError for a file that is none, or where two would have one symbol on one day.
        """
        at = self.clock.now()
        told: list[Terms] = []
        for name, content in sorted(files.items()):
            told += map_terms(instrument_of(name), read_map_file(content), at)
        digest = sha256(b"\n".join(files[name] for name in sorted(files))).hexdigest()
        key = f"sent/map_files/{digest}"
        with self.imports.transaction(key) as books:
            return self._take(books, told, ImportRecord(key, digest, ImportStatus.DONE, at),
                              correlation_id)  # fmt: skip

    def _take(
        self,
        books: ImportTransaction,
        told: Sequence[Terms],
        record: ImportRecord,
        correlation_id: str,
    ) -> HistoriesTaken:
        at = record.recorded_at
        keys = sorted({one.instrument for one in told})
        symbols = {one.symbol for one in told}
        revision = histories_told(books.standing_terms(keys, symbols), told, LEAN_DEFAULTS, at)
        books.revise_terms(revision, at)
        unlisted = [key for key in keys if books.listing(key) is None]
        stands = [one for one in books.standing_terms(keys, ()) if one.instrument in keys]
        listed = books.put_instruments([_listing(key, stands) for key in unlisted], at)
        books.record(record, [self._event(one, at, correlation_id) for one in listed])
        return HistoriesTaken(tuple(keys), tuple(unlisted), len(revision.added), tuple(stands))

    def _event(self, one: Instrument, at: datetime, correlation_id: str) -> InstrumentListed:
        return InstrumentListed(
            event_id=self.ids.new(),
            occurred_at=at,
            recorded_at=at,
            correlation_id=correlation_id,
            instrument=one,
        )


def _listing(key: str, stands: Iterable[Terms]) -> Listing:
    last = max((one for one in stands if one.instrument == key), key=lambda one: one.valid_from)
    mic = last.mic or NO_VENUE
    named = Instrument(
        symbol=key,
        mic=mic,
        currency=last.currency or "USD",
        tick_size=last.tick_size or Decimal("0.01"),
        lot_size=last.lot_size or Decimal(1),
        name=last.name or key,
    )
    return Listing(named, CALENDARS.get(mic, _CALENDAR))


def _nobody(name: str, on: date, known_by: datetime | None, terms: Iterable[Terms]) -> str:
    known = "" if known_by is None else f", as known by {known_by.isoformat()}"
    rows = list(terms)
    holders = held_by(rows, name, known_by)
    told = [f"{one.instrument} had it {spelt(one)}" for one in holders]
    own = sorted(
        (one for one in rows if one.instrument == name and one.is_known(known_by)),
        key=lambda one: one.valid_from,
    )
    if not told:
        told = [f"the instrument {name} was called {one.symbol} {spelt(one)}" for one in own]
    if not told:
        told = ["no instrument is known that ever had it; import an instruments/<name>.csv"]
    return f"on {on} nobody had the symbol {name}{known}: {'; '.join(told)}"
