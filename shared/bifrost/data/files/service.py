"""Importing declared files: declare, take each as it comes, in the order of their stages.

A file that comes too early waits, and is read by whichever file's arrival frees it, so that no
order of deliveries and no death in between leaves anything behind.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import PurePosixPath

from bifrost.core.errors import (
    BifrostError,
    ConflictError,
    FieldProblem,
    InvalidInputError,
    NotFoundError,
)
from bifrost.data.files.imports import (
    BYTES_MAX,
    ImportRecord,
    ImportStatus,
    StoredObject,
    too_large,
)
from bifrost.data.files.ports import UploadLinks, Uploads, UploadTransaction
from bifrost.data.files.uploads import (
    AskingFiles,
    Declared,
    FileImport,
    FileOutcome,
    Stage,
    UploadedFile,
    WaitsError,
    key_of,
    problems_of,
)
from bifrost.data.ports import Clock, Ids, Objects
from bifrost.data.reference.service import ReferenceService

_NOTHING = FileOutcome(0, 0)
# Below half of the function's life, so that the last file begun has the other half.
RESUME_MAX = timedelta(seconds=25)


@dataclass(frozen=True, slots=True)
class UploadService:
    """The way in for files of any size."""

    uploads: Uploads
    links: UploadLinks
    objects: Objects
    reference: ReferenceService
    clock: Clock
    ids: Ids

    def declare(
        self, files: Sequence[Declared], asking: AskingFiles
    ) -> tuple[FileImport, list[str]]:
        """Keep what will come; return it and, in the same order, where to PUT each file.

        Raises InvalidInputError with everything that is wrong with any of them, NotFoundError for
        an import that these go on with and that is none.
        """
        problems = [one for place, file in enumerate(files) for one in problems_of(place, file)]
        if problems:
            raise InvalidInputError(*problems)
        import_id = self.ids.new()
        declared = [
            UploadedFile(import_id, place, key_of(import_id, place, one.name), one)
            for place, one in enumerate(files)
        ]
        self.uploads.declare(declared, asking, self.clock.now())
        urls = [self.links.put_url(one.object_key, one.declared.size) for one in declared]
        return self.uploads.find(import_id), urls

    def find(self, import_id: str) -> FileImport:
        """Return an import as it stands; raise NotFoundError."""
        return self.uploads.find(import_id)

    def newest(self, *, before: int, limit: int) -> Sequence[tuple[int, FileImport]]:
        """Return imports numbered below `before`, the newest first."""
        return self.uploads.newest(before=before, limit=limit)

    def import_object(self, found: StoredObject, correlation_id: str) -> list[ImportRecord]:
        """Import a file that came, and every one that waited for it."""
        return self._import(found, correlation_id) + self.resume(correlation_id)

    def resume(self, correlation_id: str) -> list[ImportRecord]:
        """Import the files that wait for nothing any more, as many as fit into one invocation.

        What is left is taken up by the next file that comes, or by the minute's sweep.
        """
        records: list[ImportRecord] = []
        tried: set[str] = set()
        begun = self.clock.now()
        while ready := [one for one in self.uploads.ready() if one.key not in tried]:
            for one in ready:
                if self.clock.now() - begun > RESUME_MAX:
                    return records
                tried.add(one.key)
                records += self._import(one, correlation_id)
        return records

    def _import(self, found: StoredObject, correlation_id: str) -> list[ImportRecord]:
        try:
            file = self.uploads.declared(found.key)
        except NotFoundError as error:
            return [self._record(found, ImportStatus.FAILED, str(error))]
        # What was declared is a word; what came is weighed.
        if found.size > BYTES_MAX:
            with self.uploads.transaction(found.key) as books:
                problem = _told(too_large(found.size))
                return [self._settled(books, found, ImportStatus.FAILED, problem, None)]
        if file.declared.stage is Stage.INSTRUMENTS:
            return self._import_map_file(file, found, correlation_id)
        with self.uploads.transaction(found.key) as books:
            if books.is_imported(found.etag):
                return []
            if not books.is_first(file):
                waits = "an earlier file of its import is not settled"
                return [self._settled(books, found, ImportStatus.WAITING, waits, None)]
            return [self._read(books, file, found, correlation_id)]

    def _read(
        self,
        books: UploadTransaction,
        file: UploadedFile,
        found: StoredObject,
        correlation_id: str,
    ) -> ImportRecord:
        # Only this work needs numpy; importing a list of instruments does without.
        from bifrost.data.files.contradictions import refuse_contradictions
        from bifrost.data.files.reading import bars_of, read_into
        from bifrost.data.files.taking import FileOccasion

        occasion = FileOccasion(self.clock.now(), correlation_id, self.ids)
        try:
            # What is told of a file that failed is told of nothing that it wrote.
            with books.savepoint():
                done = read_into(books, file, self._content(file), occasion)
                refuse_contradictions(
                    books, file, done.told, lambda one: bars_of(books, one, self._content(one))
                )
        except WaitsError as error:
            return self._settled(books, found, ImportStatus.WAITING, str(error), error.waits_for)
        except (InvalidInputError, NotFoundError, ConflictError) as error:
            return self._settled(books, found, ImportStatus.FAILED, _told(error), None)
        record = done.to_record(self._record(found, ImportStatus.DONE, ""))
        books.settle(record, done.outcome, done.events)
        return record

    def _content(self, file: UploadedFile) -> bytes:
        """Return what came; raise InvalidInputError where it is not as large as was declared.

        A bucket that checks no signature takes any size, and half a file may end with a line.
        """
        content, declared = self.objects.get(file.object_key), file.declared.size
        if len(content) != declared:
            message = f"it has {len(content)} bytes, {declared} were declared"
            fix = "declare it again, and send all of it"
            raise InvalidInputError(FieldProblem("size", message, fix))
        return content

    def _import_map_file(
        self, file: UploadedFile, found: StoredObject, correlation_id: str
    ) -> list[ImportRecord]:
        # In a transaction of its own: it says the same each time it is told.
        problem, outcome = "", _NOTHING
        name = PurePosixPath(file.declared.name).name
        try:
            content = self._content(file)
            taken = self.reference.take_map_files({name: content}, correlation_id)
            read = len(content.splitlines())
            outcome = FileOutcome(read, taken.rows_written, taken.instruments)
        except (InvalidInputError, NotFoundError, ConflictError) as error:
            problem = _told(error)
        with self.uploads.transaction(found.key) as books:
            status = ImportStatus.FAILED if problem else ImportStatus.DONE
            return [self._settled(books, found, status, problem, None, outcome)]

    def _settled(
        self,
        books: UploadTransaction,
        found: StoredObject,
        status: ImportStatus,
        problem: str,
        waits_for: str | None,
        outcome: FileOutcome = _NOTHING,
    ) -> ImportRecord:
        record = self._record(found, status, problem, waits_for, outcome)
        books.settle(record, outcome, ())
        return record

    def _record(
        self,
        found: StoredObject,
        status: ImportStatus,
        problem: str,
        waits_for: str | None = None,
        outcome: FileOutcome = _NOTHING,
    ) -> ImportRecord:
        return ImportRecord(
            key=found.key,
            etag=found.etag,
            status=status,
            recorded_at=self.clock.now(),
            rows_read=outcome.read,
            rows_written=outcome.written,
            waits_for=waits_for,
            problem=problem,
        )


def _told(error: BifrostError) -> str:
    fixes = [one.fix for one in getattr(error, "problems", ())]
    return "; ".join((str(error), *fixes))
