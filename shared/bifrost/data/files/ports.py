"""What importing declared files needs from the world."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from bifrost.core.sessions import Session
from bifrost.data.files.imports import ImportRecord, StoredObject
from bifrost.data.files.uploads import (
    AskingFiles,
    FileImport,
    FileOutcome,
    ToldRange,
    UploadedFile,
)
from bifrost.data.ports import ImportTransaction
from bifrost.events import Event

if TYPE_CHECKING:
    from bifrost.data.ingest.taking import TakingBooks
    from bifrost.data.ingest.taking_ticks import TickBooks


class UploadTransaction(ImportTransaction, Protocol):
    """All of one file, or none of it."""

    def is_first(self, file: UploadedFile) -> bool:
        """Say whether every file of an earlier stage of its import is settled."""

    def sessions(self, calendar: str) -> Sequence[Session]:
        """Return every session of the calendar, in order."""

    def same_bars(self, file: UploadedFile, told: ToldRange) -> Sequence[UploadedFile]:
        """Return the other files of its import that are done and told of such bars.

        Imports that go on with one another are one here.
        """

    def settle(self, record: ImportRecord, outcome: FileOutcome, events: Sequence[Event]) -> None:
        """Keep what became of the file, and what others shall hear."""

    def taking(self) -> "TakingBooks":
        """Return the books by which bars enter."""

    def ticks(self) -> "TickBooks":
        """Return the books by which quotes and trades enter."""


class Uploads(Protocol):
    """Declared files, and what became of them."""

    def declare(self, files: Sequence[UploadedFile], asking: AskingFiles, at: datetime) -> None:
        """Keep the declarations of one import; raise NotFoundError for one that it goes on with."""

    def declared(self, object_key: str) -> UploadedFile:
        """Return a file's declaration; raise NotFoundError where nobody declared it."""

    def find(self, import_id: str) -> FileImport:
        """Return an import as it stands; raise NotFoundError."""

    def newest(self, *, before: int, limit: int) -> Sequence[tuple[int, FileImport]]:
        """Return imports numbered below `before`, the newest first, each with its number."""

    def transaction(self, key: str) -> AbstractContextManager[UploadTransaction]:
        """Begin the import of a file."""

    def ready(self) -> list[StoredObject]:
        """Return the files that wait for nothing any more."""


class UploadLinks(Protocol):
    """Addresses by which a file comes straight into the bucket."""

    def put_url(self, key: str, size: int) -> str:
        """Return an address that takes PUTs of `size` bytes as this object, for 15 minutes."""
