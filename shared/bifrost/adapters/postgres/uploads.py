"""Declared files in Postgres: what each was said to be, and beside it what became of it."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from bifrost.adapters.postgres.database import Database, Row
from bifrost.adapters.postgres.imports import LOCK, PostgresImportTransaction
from bifrost.adapters.postgres.sessions import calendar_sessions
from bifrost.core.errors import NotFoundError
from bifrost.core.sessions import Session
from bifrost.data.files.imports import ImportRecord, StoredObject
from bifrost.data.files.uploads import (
    REJECTIONS_SHOWN,
    AskingFiles,
    Declared,
    FileFormat,
    FileImport,
    FileOutcome,
    FileProgress,
    FileState,
    ToldRange,
    UploadedFile,
)
from bifrost.events import Event

if TYPE_CHECKING:
    from bifrost.adapters.postgres.market.taking import PostgresTakingBooks
    from bifrost.adapters.postgres.market.taking_ticks import PostgresTickBooks

_IMPORT = """
INSERT INTO data.file_imports (import_id, begun_with, requested_by, correlation_id, requested_at)
VALUES (%s, %s, %s, %s, %s)
"""
_BEGUN_WITH = "SELECT begun_with FROM data.file_imports WHERE import_id = %s"
_NAMES = "name, size, format, timeframe, instrument, mic, currency, stamp"
_FILE = f"""
INSERT INTO data.import_files (object_key, import_id, place, stage, {_NAMES})
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
"""

_DECLARED = f"SELECT object_key, import_id, place, {_NAMES} FROM data.import_files"

# The newest word on an object is what became of it.
_PROGRESS = f"""
SELECT f.object_key, f.import_id, f.place, {_NAMES}, f.instruments, f.rows_quarantined, f.note,
    i.status, i.rows_read, i.rows_written, i.rows_rejected, i.waits_for, i.problem,
    i.recorded_at, (
        SELECT array_agg(line || ' ' || reason ORDER BY line)
        FROM (SELECT line, reason FROM data.import_rejections r
              WHERE r.object_key = i.object_key AND r.etag = i.etag
              ORDER BY line LIMIT {REJECTIONS_SHOWN}) AS first
    ) AS rejections
FROM data.import_files f
LEFT JOIN LATERAL (
    SELECT * FROM data.imports WHERE object_key = f.object_key ORDER BY recorded_at DESC LIMIT 1
) i ON true
WHERE f.import_id = %s ORDER BY f.place
"""

_FIND = "SELECT import_id, requested_by, requested_at FROM data.file_imports WHERE import_id = %s"
_NEWEST = """
SELECT number, import_id FROM data.file_imports WHERE number < %s ORDER BY number DESC LIMIT %s
"""

# A waiting or missing file of an earlier stage keeps the later ones waiting.
_UNSETTLED = """
SELECT 1 FROM data.import_files earlier
LEFT JOIN data.imports i
    ON i.object_key = earlier.object_key AND i.status IN ('done', 'failed')
WHERE earlier.import_id = {import_id} AND earlier.stage < {stage} AND i.object_key IS NULL
"""

_READY = f"""
SELECT i.object_key, i.etag FROM data.imports i JOIN data.import_files f USING (object_key)
WHERE i.status = 'waiting'
    AND (i.waits_for IS NULL OR EXISTS (
        SELECT 1 FROM data.instruments WHERE symbol = i.waits_for))
    AND NOT EXISTS ({_UNSETTLED.format(import_id="f.import_id", stage="f.stage")})
ORDER BY f.stage, i.object_key
"""

# Done in its newest word: what was sent again, and failed then, tells nothing.
_SAME_BARS = f"""
{_DECLARED} f WHERE object_key <> %s AND told_series && %s
    AND import_id IN (SELECT import_id FROM data.file_imports WHERE begun_with = (
        {_BEGUN_WITH}))
    AND told_first <= %s AND told_last >= %s
    AND 'done' = (SELECT status FROM data.imports i WHERE i.object_key = f.object_key
                  ORDER BY recorded_at DESC LIMIT 1)
ORDER BY place
"""

_OUTCOME = """
UPDATE data.import_files SET instruments = %s, rows_quarantined = %s, note = %s,
    told_series = %s, told_first = %s, told_last = %s
WHERE object_key = %s
"""


class PostgresUploads:
    """Declared files."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def declare(self, files: Sequence[UploadedFile], asking: AskingFiles, at: datetime) -> None:
        """Keep the declarations of one import; raise NotFoundError for one that it goes on with."""
        import_id = files[0].import_id
        with self._database.transaction() as cursor:
            begun_with = import_id
            if asking.continues:
                row = cursor.execute(_BEGUN_WITH, (asking.continues,)).fetchone()
                if row is None:
                    raise _no_import(asking.continues)
                begun_with = row["begun_with"]
            values = (import_id, begun_with, asking.owner, asking.correlation_id, at)
            cursor.execute(_IMPORT, values)
            cursor.executemany(_FILE, [_told(one) for one in files])

    def declared(self, object_key: str) -> UploadedFile:
        """Return a file's declaration; raise NotFoundError where nobody declared it."""
        row = self._database.fetch_one(f"{_DECLARED} WHERE object_key = %s", (object_key,))
        if row is None:
            raise NotFoundError(
                f"nobody declared {object_key}; use `bifrost data import` or POST /v1/data/imports"
            )
        return _to_file(row)

    def find(self, import_id: str) -> FileImport:
        """Return an import as it stands; raise NotFoundError."""
        row = self._database.fetch_one(_FIND, (import_id,))
        if row is None:
            raise _no_import(import_id)
        files = self._database.fetch_all(_PROGRESS, (import_id,))
        return FileImport(
            row["import_id"],
            row["requested_by"],
            row["requested_at"],
            tuple(map(_to_progress, files)),
        )

    def newest(self, *, before: int, limit: int) -> list[tuple[int, FileImport]]:
        """Return imports numbered below `before`, the newest first, each with its number."""
        rows = self._database.fetch_all(_NEWEST, (before, limit))
        return [(row["number"], self.find(row["import_id"])) for row in rows]

    @contextmanager
    def transaction(self, key: str) -> Iterator["PostgresUploadTransaction"]:
        """Begin the import of a file; another of the same file waits for its end."""
        with self._database.transaction() as cursor:
            cursor.execute(LOCK, (key,))
            yield PostgresUploadTransaction(cursor, key)

    def ready(self) -> list[StoredObject]:
        """Return the files that wait for nothing any more."""
        rows = self._database.fetch_all(_READY)
        # Their size was judged when they came, and is again as they are read.
        return [StoredObject(row["object_key"], row["etag"], size=0) for row in rows]


@dataclass(frozen=True, slots=True)
class PostgresUploadTransaction(PostgresImportTransaction):
    """One file's books."""

    def is_first(self, file: UploadedFile) -> bool:
        """Say whether every file of an earlier stage of its import is settled."""
        query = _UNSETTLED.format(import_id="%s", stage="%s") + " LIMIT 1"
        values = (file.import_id, file.declared.stage.value)
        return self.cursor.execute(query, values).fetchone() is None

    def sessions(self, calendar: str) -> Sequence[Session]:
        """Return every session of the calendar, in order."""
        return calendar_sessions(self.cursor, calendar)

    def same_bars(self, file: UploadedFile, told: ToldRange) -> Sequence[UploadedFile]:
        """Return the other files of its import that are done and told of such bars."""
        values = (file.object_key, list(told.series), file.import_id, told.last, told.first)
        return [_to_file(row) for row in self.cursor.execute(_SAME_BARS, values)]

    def settle(self, record: ImportRecord, outcome: FileOutcome, events: Sequence[Event]) -> None:
        """Keep what became of the file, and what others shall hear."""
        self.record(record, events)
        values = (list(outcome.instruments), outcome.quarantined, outcome.note)
        told = outcome.told
        bars = ([], None, None) if told is None else (list(told.series), told.first, told.last)
        self.cursor.execute(_OUTCOME, (*values, *bars, self.key))

    def taking(self) -> "PostgresTakingBooks":
        """Return the books by which bars enter."""
        from bifrost.adapters.postgres.market.taking import PostgresTakingBooks

        return PostgresTakingBooks(self.cursor)

    def ticks(self) -> "PostgresTickBooks":
        """Return the books by which quotes and trades enter."""
        from bifrost.adapters.postgres.market.taking_ticks import PostgresTickBooks

        return PostgresTickBooks(self.cursor)


def _no_import(import_id: str) -> NotFoundError:
    return NotFoundError(f"no import {import_id}; see GET /v1/data/imports")


def _told(file: UploadedFile) -> tuple[object, ...]:
    one = file.declared
    place = (file.object_key, file.import_id, file.place, one.stage.value)
    terms = (one.timeframe, one.instrument, one.mic, one.currency, one.stamp)
    return (*place, one.name, one.size, one.format.value, *terms)


def _to_file(row: Row) -> UploadedFile:
    declared = Declared(
        name=row["name"],
        size=row["size"],
        format=FileFormat(row["format"]),
        timeframe=row["timeframe"],
        instrument=row["instrument"],
        mic=row["mic"],
        currency=row["currency"],
        stamp=row["stamp"],
    )
    return UploadedFile(row["import_id"], row["place"], row["object_key"], declared)


def _to_progress(row: Row) -> FileProgress:
    rejections = (one.partition(" ") for one in row["rejections"] or ())
    return FileProgress(
        file=_to_file(row),
        state=FileState(row["status"] or FileState.ANNOUNCED),
        outcome=FileOutcome(
            read=row["rows_read"] or 0,
            written=row["rows_written"] or 0,
            instruments=tuple(row["instruments"]),
            quarantined=row["rows_quarantined"],
            note=row["note"],
        ),
        rows_rejected=row["rows_rejected"] or 0,
        waits_for=row["waits_for"],
        problem=row["problem"] or "",
        rejections=tuple((int(line), reason) for line, _, reason in rejections),
    )
