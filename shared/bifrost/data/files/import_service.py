"""Importing what the bucket holds: read, judge each row, store, report; once per content."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from hashlib import sha256

from bifrost.core.corporate_actions import CorporateAction
from bifrost.core.errors import FieldProblem, InvalidInputError, NotFoundError
from bifrost.data.files.bar_file import RejectedRow, read_bars
from bifrost.data.files.corporate_action_file import instruments_of, read_with_lines
from bifrost.data.files.imports import (
    ImportRecord,
    ImportStatus,
    StoredObject,
    holds_actions,
    holds_indexes,
    summary_of,
    symbol_of,
)
from bifrost.data.files.instrument_file import CALENDARS, read_instruments
from bifrost.data.ports import Clock, Ids, Imports, ImportTransaction, Listing, Objects
from bifrost.data.providers.told_actions import ActionsTold, LeftOut
from bifrost.data.reference.adding import add_actions
from bifrost.data.reference.claiming import VendorAnswer, revisions_of
from bifrost.data.reference.indexes import members_told, read_members
from bifrost.data.reference.leading import by_key
from bifrost.data.reference.revising import listings_told
from bifrost.events import BarsImported, Event, InstrumentListed


@dataclass(frozen=True, slots=True)
class AnnouncedActions:
    """What a file of corporate actions said, and which revisions of it are new.

    left_out: what a vendor told besides, and was not taken.
    """

    read: int
    news: tuple[CorporateAction, ...]
    left_out: tuple[LeftOut, ...] = ()


@dataclass(frozen=True, slots=True)
class ImportService:
    """Data's way in."""

    imports: Imports
    objects: Objects
    clock: Clock
    ids: Ids

    def import_object(self, found: StoredObject, correlation_id: str) -> list[ImportRecord]:
        """Import an object and every one that waited for what it brought.

        A file that cannot be read is a record that says so, not an error: its next delivery
        would fail the same way. Empty where this content is what was imported last.
        """
        # Events come in any order, so bars may come before their instrument. Whichever of the
        # two commits last sees the other here.
        return self._import(found, correlation_id) + self.resume(correlation_id)

    def resume(self, correlation_id: str) -> list[ImportRecord]:
        """Import the objects that wait for nothing any more."""
        records: list[ImportRecord] = []
        for waiting in self.imports.ready():
            records += self._import(waiting, correlation_id)
        return records

    def _import(self, found: StoredObject, correlation_id: str) -> list[ImportRecord]:
        with self.imports.transaction(found.key) as books:
            if books.is_imported(found.etag):
                return []
            try:
                with books.savepoint():
                    record, events = self._read_into(books, found, correlation_id)
            except (InvalidInputError, NotFoundError) as error:
                record, events = self._record(found, ImportStatus.FAILED, str(error)), []
            books.record(record, events)
            return [record]

    def _read_into(
        self, books: ImportTransaction, found: StoredObject, correlation_id: str
    ) -> tuple[ImportRecord, Sequence[Event]]:
        symbol = symbol_of(found)
        if holds_actions(found):
            return self._import_actions(books, found, correlation_id)
        if holds_indexes(found):
            return self._import_indexes(books, found), []
        if symbol is None:
            return self._list_instruments(books, found, correlation_id)
        listing = books.listing(symbol)
        if listing is None:
            return self._waiting(found, symbol), []
        return self._import_bars(books, found, listing, correlation_id)

    def _waiting(self, found: StoredObject, symbol: str) -> ImportRecord:
        problem = (
            f"{symbol} is not listed: import an instruments/<name>.csv that names it,"
            " and this object is imported with it"
        )
        return self._record(found, ImportStatus.WAITING, problem, waits_for=symbol)

    def announce(self, content: bytes, correlation_id: str) -> AnnouncedActions:
        """Take in a file of corporate actions that a person sends: now, or not at all.

        What is stored word for word is no news, so the same file again changes nothing. Raises
        InvalidInputError with every problem, each at its line and column.
        """
        rows = read_with_lines(content)
        digest = sha256(content).hexdigest()
        found = StoredObject(f"sent/corporate_actions/{digest}", digest, len(content))
        with self.imports.transaction(found.key) as books:
            problems = _unlisted(books, rows)
            if problems:
                raise InvalidInputError(*problems)
            record, news, events = self._add_actions(books, found, rows, correlation_id)
            books.record(record, events)
        return AnnouncedActions(len(rows), tuple(news))

    def claim(self, answer: VendorAnswer, correlation_id: str) -> AnnouncedActions:
        """Take in all that a vendor says of an instrument's actions in a range of days.

        Others hear of what comes to stand by it, or stands no more. Raises InvalidInputError for
        an instrument that is not listed, or another currency than its own.
        """
        key = f"claims/{answer.vendor}/{answer.instrument}"
        with self.imports.transaction(key) as books:
            told = ActionsTold(answer.actions, answer.left_out)
            named = by_key(books, answer.instrument, told)
            answer = replace(answer, actions=named.actions)
            ids = [one.action_id for one in answer.actions]
            stored = books.stored_actions(
                instruments_of(answer.actions) or [answer.instrument], ids
            )
            rows = list(enumerate(revisions_of(answer, stored), start=1))
            problems = _unlisted(books, rows)
            if problems:
                raise InvalidInputError(*problems)
            found = StoredObject(key, self.ids.new(), size=0)
            record, news, events = self._add_actions(books, found, rows, correlation_id)
            if news:
                books.record(record, events)
        return AnnouncedActions(len(answer.actions), tuple(news), named.left_out)

    def _import_actions(
        self, books: ImportTransaction, found: StoredObject, correlation_id: str
    ) -> tuple[ImportRecord, Sequence[Event]]:
        rows = read_with_lines(self.objects.get(found.key))
        for name in instruments_of(action for _, action in rows):
            if books.listing(name) is None:
                return self._waiting(found, name), []
        record, _, events = self._add_actions(books, found, rows, correlation_id)
        return record, events

    def _add_actions(
        self,
        books: ImportTransaction,
        found: StoredObject,
        rows: Sequence[tuple[int, CorporateAction]],
        correlation_id: str,
    ) -> tuple[ImportRecord, list[CorporateAction], list[Event]]:
        _require_currency(books, rows)
        record = self._record(found, ImportStatus.DONE, "")
        news, events = add_actions(
            books, rows, record.recorded_at, ids=self.ids, correlation_id=correlation_id
        )
        return _counted(record, len(rows), len(news), []), news, events

    def _import_bars(
        self,
        books: ImportTransaction,
        found: StoredObject,
        listing: Listing,
        correlation_id: str,
    ) -> tuple[ImportRecord, Sequence[Event]]:
        # Only this work needs numpy; importing a list of instruments does without.
        from bifrost.data.ingest.taking import Occasion
        from bifrost.data.ingest.taking_rows import take_rows

        opens_at = books.session_opens(listing.calendar)
        file = read_bars(self.objects.get(found.key), opens_at)
        _refuse_all_rejected(len(file.rows), file.rejected)
        record = self._record(found, ImportStatus.DONE, summary_of(file.rejected))
        occasion = Occasion(record.recorded_at, correlation_id, self.ids.new())
        taken = take_rows(books, listing, file.rows, opens_at, occasion)
        record = replace(record, rows_quarantined=taken.kept_apart)
        counted = _counted(record, file.rows_read, taken.written, file.rejected)
        if not taken.written:
            return counted, []
        event = BarsImported(
            event_id=self.ids.new(),
            # A correction made today is today's fact, however old its bars are.
            occurred_at=record.recorded_at,
            recorded_at=record.recorded_at,
            correlation_id=correlation_id,
            instrument=listing.instrument.symbol,
            first_session=taken.sessions[0],
            last_session=taken.sessions[-1],
            rows=taken.written,
            object_key=found.key,
        )
        return counted, [event]

    def _list_instruments(
        self, books: ImportTransaction, found: StoredObject, correlation_id: str
    ) -> tuple[ImportRecord, Sequence[Event]]:
        named, rejected = read_instruments(self.objects.get(found.key))
        _refuse_all_rejected(len(named), rejected)
        record = self._record(found, ImportStatus.DONE, summary_of(rejected))
        changed = books.put_instruments(
            [Listing(one, CALENDARS[one.mic]) for one in named.values()], record.recorded_at
        )
        told = books.standing_terms([one.symbol for one in changed], list(named)) if changed else ()
        books.revise_terms(listings_told(told, changed, record.recorded_at), record.recorded_at)
        events = [
            InstrumentListed(
                event_id=self.ids.new(),
                occurred_at=record.recorded_at,
                recorded_at=record.recorded_at,
                correlation_id=correlation_id,
                instrument=instrument,
            )
            for instrument in changed
        ]
        return _counted(record, len(named) + len(rejected), len(changed), rejected), events

    def _import_indexes(self, books: ImportTransaction, found: StoredObject) -> ImportRecord:
        record = self._record(found, ImportStatus.DONE, "")
        told, rejected = read_members(self.objects.get(found.key), record.recorded_at)
        _refuse_all_rejected(len(told), rejected)
        standing = books.standing_members(sorted({one.index for one in told}))
        revision = members_told(standing, told)
        books.revise_members(revision, record.recorded_at)
        record = replace(record, problem=summary_of(rejected))
        return _counted(record, len(told) + len(rejected), len(revision.added), rejected)

    def _record(
        self, found: StoredObject, status: ImportStatus, problem: str, waits_for: str | None = None
    ) -> ImportRecord:
        return ImportRecord(
            key=found.key,
            etag=found.etag,
            status=status,
            recorded_at=self.clock.now(),
            waits_for=waits_for,
            problem=problem,
        )


def _require_currency(
    books: ImportTransaction, rows: Sequence[tuple[int, CorporateAction]]
) -> None:
    """Refuse what is paid in another currency than its instrument trades in."""
    listed = {name: books.listing(name) for name in {one.instrument for _, one in rows}}
    problems = []
    for line, one in rows:
        listing = listed[one.instrument]
        if listing is not None and listing.instrument.currency != one.currency:
            own = listing.instrument.currency
            message = f"it is in {one.currency}, {one.instrument} trades in {own}"
            problems.append(FieldProblem(f"line {line}, column currency", message, f"give {own}"))
    if problems:
        raise InvalidInputError(*problems)


def _unlisted(
    books: ImportTransaction, rows: Sequence[tuple[int, CorporateAction]]
) -> list[FieldProblem]:
    fix = "list it first: put an instruments/<name>.csv that names it into the data bucket"
    # A claim that lacks a number leads nobody anywhere.
    names = instruments_of(action for _, action in rows if not action.lacks)
    names += [one.instrument for _, one in rows if one.lacks]
    unknown = {name for name in names if books.listing(name) is None}
    return [
        FieldProblem(f"line {line}, column {column}", f"{name} is not listed", fix)
        for line, one in rows
        for column, name in (("instrument", one.instrument), ("new_instrument", one.new_instrument))
        if name in unknown
    ]


def _counted(
    record: ImportRecord, rows_read: int, rows_written: int, rejected: Sequence[RejectedRow]
) -> ImportRecord:
    return replace(record, rows_read=rows_read, rows_written=rows_written, rejected=tuple(rejected))


def _refuse_all_rejected(good: int, rejected: list[RejectedRow]) -> None:
    if not good:
        raise InvalidInputError(
            FieldProblem("file", f"no row is good: {summary_of(rejected)}", "correct the rows")
        )
