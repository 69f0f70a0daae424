"""Imports: previewed, committed as one, undone as one.

A preview is the commit itself in a transaction that is then given up: what it says is what a
commit would do, and nothing of it is kept. An import tells nobody: its trades were another
venue's, so the paper venue does not hold them and risk lends no buying power on them. A commit
ends with the corporate actions that came after what it brought.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import NoReturn

from bifrost.core.errors import ConflictError, InvalidInputError
from bifrost.portfolio.accounts import Account
from bifrost.portfolio.bookings import REVERSAL
from bifrost.portfolio.catching_up import meet_imported
from bifrost.portfolio.corporate_actions.change import reversed_entries
from bifrost.portfolio.exports import activity_of
from bifrost.portfolio.imports.activities import Activity, ActivityKind, content_hash
from bifrost.portfolio.imports.formats import Format, read_file
from bifrost.portfolio.imports.mapping import FileMapping
from bifrost.portfolio.imports.posting import Poster
from bifrost.portfolio.imports.records import (
    Booked,
    Import,
    Preview,
    Sorted,
    days_of,
    sort_out,
)
from bifrost.portfolio.imports.source import FileRead, Problem
from bifrost.portfolio.imports.spanning import require_unmet
from bifrost.portfolio.imports.undoing import turned_around
from bifrost.portfolio.ledger import Posting
from bifrost.portfolio.overdrafts import overdrafts
from bifrost.portfolio.ports import Books, Clock, Ids, Library, Posted
from bifrost.portfolio.service import live_account
from bifrost.portfolio.sessions import BEFORE_ALL
from bifrost.portfolio.telling import Moment

# Rows in one request; each is some four statements of one transaction.
ROWS_MAX = 5_000


@dataclass(frozen=True, slots=True)
class ImportRequest:
    """A file as its caller sent it."""

    owner: str
    account_id: str
    format: Format
    text: str
    mapping: FileMapping


@dataclass(frozen=True, slots=True)
class UndoRequest:
    """An import that its owner wants gone, and why."""

    owner: str
    account_id: str
    import_id: str
    reason: str


class _GivenUpError(Exception):
    """Ends a transaction of which nothing is to be kept."""


class Imports:
    """Takes histories into the books."""

    def __init__(self, library: Library, clock: Clock, ids: Ids) -> None:
        self._library = library
        self._clock = clock
        self._ids = ids

    def preview(self, asked: ImportRequest) -> Preview:
        """Say what a commit would add, what is there already, and what stands against it."""
        found = _read(asked)
        preview = Preview((), (), found.problems, found.skipped)
        try:
            with self._library.open() as books:
                account = live_account(books, asked.owner, asked.account_id)
                sorted_out = _sorted(books, account, found)
                preview = Preview(
                    tuple(one for _, one in sorted_out.added),
                    sorted_out.duplicates,
                    found.problems,
                    found.skipped,
                )
                self._book(books, account, sorted_out, self._ids.new())
                balances = books.ledger.balances(account.account_id)
                owed = overdrafts(account.kind, balances)
                preview = replace(preview, overdrawn=owed)
                _give_up()
        except _GivenUpError:
            return preview
        except InvalidInputError as error:
            problems = tuple(_problem(one.field, one.message, one.fix) for one in error.problems)
            return Preview(preview.added, preview.duplicates, problems, preview.skipped)

    def commit(self, asked: ImportRequest, key: str) -> Import:
        """Book every new row, or none: raise InvalidInputError naming what stands against it."""
        with self._library.open() as books:
            account = live_account(books, asked.owner, asked.account_id)
            import_id = self._ids.new()
            digest = hashlib.sha256(f"{asked.mapping}\n{asked.text}".encode()).hexdigest()
            known = books.keys.claim(
                scope=f"imports/{account.account_id}",
                key=key,
                body={"format": asked.format.value, "digest": digest},
                resource_id=import_id,
            )
            if known is None:
                self._commit(books, account, asked, import_id)
            return books.imports.locked(account.account_id, known or import_id)

    def undo(self, asked: UndoRequest) -> Import:
        """Reverse every transaction of an import; doing it again changes nothing.

        What issuers did to its lots is taken back first, and met again by the lots that are left.
        Raises ConflictError naming what else has been built on it since.
        """
        from bifrost.portfolio.correcting_imported import take_back

        with self._library.open() as books:
            account = live_account(books, asked.owner, asked.account_id)
            made = books.imports.locked(account.account_id, asked.import_id)
            if made.undone_at is None:
                moment = Moment(self._ids, self._clock.now(), made.import_id)
                take_back(books, account, moment, *_lots_from(books, account, made))
                depending = books.imports.depending(account.account_id, made.import_id)
                if depending:
                    raise ConflictError(
                        f"import {made.import_id} cannot be undone, it is built on by"
                        f" {', '.join(depending)}: undo or correct those first"
                    )
                self._undo(books, account, made, asked.reason)
                books.imports.undo(made.import_id, asked.reason, self._clock.now())
                self._meet(books, account, moment)
            return books.imports.locked(account.account_id, made.import_id)

    def _commit(self, books: Books, account: Account, asked: ImportRequest, import_id: str) -> None:
        found = _read(asked)
        found.require()
        sorted_out = _sorted(books, account, found)
        rows = self._book(books, account, sorted_out, import_id)
        made = Import(
            import_id=import_id,
            account_id=account.account_id,
            format=asked.format.value,
            added=len(rows),
            duplicates=len(sorted_out.duplicates),
            skipped=found.skipped,
            recorded_at=self._clock.now(),
        )
        books.imports.add(made, rows)
        self._meet(books, account, Moment(self._ids, made.recorded_at, import_id))

    def _meet(self, books: Books, account: Account, moment: Moment) -> None:
        reached = books.actions.outlook(account.account_id, BEFORE_ALL).by(BEFORE_ALL)
        meet_imported(books, account, moment, reached)

    def _book(
        self, books: Books, account: Account, sorted_out: Sorted, import_id: str
    ) -> list[Booked]:
        activities = [one for _, one in sorted_out.added]
        _require_untraded(books, account, activities)
        require_unmet(books, account, activities)
        poster = Poster(books, account, import_id, self._clock.now())
        rows = []
        for number, (content, activity) in enumerate(sorted_out.added, start=1):
            transaction_id = self._ids.new()
            poster.post(activity, transaction_id, number)
            rows.append(Booked(number, content, transaction_id, activity))
        return rows

    def _undo(self, books: Books, account: Account, made: Import, reason: str) -> None:
        opened = {lot.lot_id: lot for lot in books.imports.opened(made.import_id)}
        lots = {lot.lot_id: lot for lot in books.imports.lots(account.account_id, made.import_id)}
        closures = books.imports.closures(made.import_id)
        for row in reversed(books.imports.rows(made.import_id)):
            wrong = books.ledger.transaction(account.account_id, row.transaction_id)
            if books.ledger.reversal_of(wrong.transaction_id) is not None:
                continue
            posting = self._reversal(wrong, made, reason)
            books.ledger.post(posting)
            undone = books.lots.adjustments(wrong.transaction_id)
            if undone:
                books.lots.readjust(posting, undone)
                found = books.imports.lots(account.account_id, made.import_id)
                lots = {lot.lot_id: lot for lot in found}
            change = turned_around(
                [one for one in closures if one.transaction_id == wrong.transaction_id],
                opened.get(wrong.reference),
                lots,
            )
            lots.update({lot.lot_id: lot for lot in change.remaining})
            if change.closures:
                books.lots.change(posting, change)

    def _reversal(self, wrong: Posted, made: Import, reason: str) -> Posting:
        return Posting(
            transaction_id=self._ids.new(),
            account_id=wrong.account_id,
            kind=REVERSAL,
            reference=f"reversal:{wrong.transaction_id}",
            description=f"undo of import {made.import_id}: {reason}",
            event_id=made.import_id,
            occurred_at=wrong.occurred_at,
            recorded_at=self._clock.now(),
            entries=reversed_entries(wrong.entries),
            reverses=wrong.transaction_id,
        )


def _lots_from(books: Books, account: Account, made: Import) -> tuple[list[str], int]:
    """Return what an import traded, and the place of its first row in the ledger."""
    rows = books.imports.rows(made.import_id)
    names = sorted({one.activity.instrument for one in rows if one.activity.instrument})
    if not rows:
        return names, 0
    return names, books.ledger.transaction(account.account_id, rows[0].transaction_id).place


def _give_up() -> NoReturn:
    raise _GivenUpError


def _read(asked: ImportRequest) -> FileRead:
    found = read_file(asked.format, asked.text, asked.mapping)
    if len(found.activities) <= ROWS_MAX:
        return found
    fix = f"send at most {ROWS_MAX} rows at a time, the oldest first"
    problem = Problem(found.activities[ROWS_MAX].line, "1", "too many rows for one import", fix)
    return FileRead((), (problem,))


def _sorted(books: Books, account: Account, found: FileRead) -> Sorted:
    if not found.activities:
        return Sorted((), ())
    account_id = account.account_id
    hashes = sorted({content_hash(account_id, one) for one in found.activities})
    known = dict(books.imports.known(account_id, hashes))
    first, last = days_of(found.activities)
    day = timedelta(days=1)
    for posted in books.imports.booked_otherwise(account_id, first - day, last + day):
        told = activity_of(posted)
        if told is not None:
            content = content_hash(account_id, told)
            known[content] = known.get(content, 0) + 1
    return sort_out(account_id, found.activities, known)


def _require_untraded(books: Books, account: Account, activities: Sequence[Activity]) -> None:
    """Refuse trades in what the desk trades here itself, and trades older than those imported.

    Lots close in the order of time: a trade that comes late would have to change what has been
    realised since, and nothing here is ever changed.
    """
    fills = [one for one in activities if one.kind is ActivityKind.FILL]
    names = sorted({one.instrument for one in fills})
    own = books.imports.traded_otherwise(account.account_id, names) if names else []
    last = books.imports.last_traded(account.account_id) if names else {}
    for one in fills:
        if one.instrument in own:
            fix = "import it into an account of its own"
            problem = Problem(
                one.line, "instrument", f"the desk trades {one.instrument} in this account", fix
            )
            raise InvalidInputError(problem.to_field())
        before = last.get(one.instrument)
        if before is not None and one.occurred_at < before:
            fix = "undo that import and import the older file first"
            message = f"{one.day} is before a trade of {before.date()} imported already"
            problem = Problem(one.line, "date", message, fix)
            raise InvalidInputError(problem.to_field())


def _problem(field: str, message: str, fix: str) -> Problem:
    """Read the place back from its field, `line 3, column price`."""
    line, _, column = field.removeprefix("line ").partition(", column ")
    return Problem(int(line) if line.isdigit() else 0, column or field, message, fix)
