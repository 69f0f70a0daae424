"""The JSON of imports: what will come, where to send it, and what became of it."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError

from bifrost.core.instruments import SYMBOL
from bifrost.data.files.uploads import (
    FILES_MAX,
    NAME_MAX,
    Declared,
    FileFormat,
    FileImport,
    FileProgress,
    FileState,
    is_plain,
)
from bifrost.wire.pages import page_of


def _plain(name: str) -> str:
    if not is_plain(name):
        raise PydanticCustomError("file_name", "must be a path below what is imported")
    return name


FileName = Annotated[
    str,
    Field(min_length=1, max_length=NAME_MAX, examples=["daily/aapl.zip"]),
    AfterValidator(_plain),
]


class _Sheet(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class FileBody(_Sheet):
    """One file that will come.

    name: its path below what is imported, `daily/aapl.zip`; a Lean file is known by it.
    instrument, timeframe: of CSV and Parquet. mic, currency: list the instrument if it is not.
    times: which end of a bar of minutes its time is, where the file cannot tell.
    """

    name: FileName
    size: Annotated[int, Field(ge=0, le=2**40)]
    format: Literal["csv", "lean", "parquet"]
    timeframe: Literal["1m", "5m", "15m", "30m", "1h", "1d"] | None = None
    instrument: Annotated[str | None, Field(pattern=f"^{SYMBOL}$", examples=["AAPL"])] = None
    mic: Annotated[str | None, Field(pattern="^[A-Z]{4}$", examples=["XNAS"])] = None
    currency: Annotated[str | None, Field(pattern="^[A-Z]{3}$", examples=["USD"])] = None
    times: Literal["begin", "end"] | None = None

    def to_declared(self) -> Declared:
        """Return it in the domain's words."""
        return Declared(
            name="/".join(self.name.split("/")[-2:]),
            size=self.size,
            format=FileFormat(self.format),
            timeframe=self.timeframe,
            instrument=self.instrument,
            mic=self.mic,
            currency=self.currency,
            stamp=self.times,
        )


class FileImportBody(_Sheet):
    """The files of one import; continues: the import that they go on with, if they are many."""

    files: Annotated[list[FileBody], Field(min_length=1, max_length=FILES_MAX)]
    continues: Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{0,64}$")] = ""


class RejectedSheet(_Sheet):
    """A row that was not believed, and why; the reason names its column."""

    line: int
    reason: str


class ImportedFileSheet(_Sheet):
    """A file as it stands.

    put_url: where to PUT its content, in the answer to the declaration alone.
    """

    name: str
    state: FileState
    instruments: list[str]
    rows_read: int
    rows_written: int
    rows_rejected: int
    rows_quarantined: int
    rejected: list[RejectedSheet]
    waits_for: str | None
    problem: str
    note: str
    put_url: str | None = None

    @classmethod
    def of(cls, one: FileProgress, put_url: str | None = None) -> "ImportedFileSheet":
        """Show a file."""
        return cls(
            name=one.file.declared.name,
            state=one.state,
            instruments=list(one.outcome.instruments),
            rows_read=one.outcome.read,
            rows_written=one.outcome.written,
            rows_rejected=one.rows_rejected,
            rows_quarantined=one.outcome.quarantined,
            rejected=[RejectedSheet(line=line, reason=why) for line, why in one.rejections],
            waits_for=one.waits_for,
            problem=one.problem,
            note=one.outcome.note,
            put_url=put_url,
        )


class FileImportSheet(_Sheet):
    """An import: its files, in the order in which they were declared."""

    import_id: str
    requested_at: datetime
    files: list[ImportedFileSheet]

    @classmethod
    def of(cls, made: FileImport, urls: list[str] | None = None) -> "FileImportSheet":
        """Show an import, with addresses where they were just made."""
        shown = [
            ImportedFileSheet.of(one, urls[place] if urls else None)
            for place, one in enumerate(made.files)
        ]
        return cls(import_id=made.import_id, requested_at=made.requested_at, files=shown)


class FileImportList(_Sheet):
    """A page of imports, the newest first."""

    items: list[FileImportSheet]
    next_cursor: str | None

    @classmethod
    def of(cls, found: list[tuple[int, FileImport]], limit: int) -> "FileImportList":
        """Show the first `limit` of these."""
        shown, last = page_of(found, limit)
        following = str(last[0]) if last else None
        return cls(items=[FileImportSheet.of(one) for _, one in shown], next_cursor=following)
