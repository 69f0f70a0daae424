"""Files that a person imports: what each is declared to be, and what became of it.

A file is declared first and comes second, straight into the bucket, so that its size never
meets an API's limit. Its key says nothing; its declaration does.
"""

import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum, StrEnum
from pathlib import PurePosixPath

from bifrost.core.errors import FieldProblem
from bifrost.data.files.imports import BYTES_MAX

PREFIX = "uploads/"
FILES_MAX = 200
REJECTIONS_SHOWN = 20
TIMEFRAMES = ("1m", "5m", "15m", "30m", "1h", "1d")
# A file and its folder, as long as a file system lets them be.
NAME_MAX = 512
# Control and format signs, lone surrogates, and ends of lines and paragraphs: what turns or hides
# a part of a name where a person reads it.
_UNSEEN = {"Cc", "Cf", "Cs", "Zl", "Zp"}


class FileFormat(StrEnum):
    """How a file is written."""

    CSV = "csv"
    LEAN = "lean"
    PARQUET = "parquet"


class FileState(StrEnum):
    """What became of a file."""

    ANNOUNCED = "announced"  # it is declared, and has not come
    WAITING = "waiting"  # it came; an instrument, or an earlier file, has not
    DONE = "done"
    FAILED = "failed"


class Stage(IntEnum):
    """In which order the files of one import are read."""

    INSTRUMENTS = 0
    ACTIONS = 1
    BARS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """What a file is said to be.

    name: its path, two components at the most; a Lean file is known by it. instrument: whose
    bars; a Lean file names its own. timeframe: of its bars; a Lean file says so itself. mic,
    currency: under which the instrument is listed if it is not. stamp: which end of a bar its
    times are, `begin` or `end`; None where the file's sessions tell.
    """

    name: str
    size: int
    format: FileFormat
    timeframe: str | None = None
    instrument: str | None = None
    mic: str | None = None
    currency: str | None = None
    stamp: str | None = None

    @property
    def stage(self) -> Stage:
        """When its turn comes."""
        return stage_of(self.name, self.format)


def stage_of(name: str, file_format: str) -> Stage:
    """Say when a file's turn comes: a vendor's folder tells what its files are."""
    folder = PurePosixPath(name).parent.name if file_format == FileFormat.LEAN else ""
    return {"map_files": Stage.INSTRUMENTS, "factor_files": Stage.ACTIONS}.get(folder, Stage.BARS)


@dataclass(frozen=True, slots=True)
class AskingFiles:
    """Who declares files; continues: the import that these go on with, where they are too many."""

    owner: str
    correlation_id: str
    continues: str = ""


@dataclass(frozen=True, slots=True)
class UploadedFile:
    """A declared file; `place` is its number within the import, from 0."""

    import_id: str
    place: int
    object_key: str
    declared: Declared


@dataclass(frozen=True, slots=True)
class FileOutcome:
    """What became of a file's content.

    instruments: whose bars, actions or terms it told. written: rows that were new or different.
    quarantined: rows that the gate keeps apart. note: what was assumed, or left out and why.
    told: of which bars, for the other files of its import; None where it told none.
    """

    read: int
    written: int
    instruments: tuple[str, ...] = ()
    quarantined: int = 0
    note: str = ""
    told: "ToldRange | None" = None


@dataclass(frozen=True, slots=True)
class ToldRange:
    """Bars that a file told: of which series (`AAPL 1m`), and where the first and last begin.

    first, last: microseconds since 1970, of all the series together.
    """

    series: tuple[str, ...]
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class FileProgress:
    """A file as it stands; rejections: the first of them, as (line, reason)."""

    file: UploadedFile
    state: FileState
    outcome: FileOutcome
    rows_rejected: int = 0
    waits_for: str | None = None
    problem: str = ""
    rejections: tuple[tuple[int, str], ...] = ()


@dataclass(frozen=True, slots=True)
class FileImport:
    """Files that were declared together."""

    import_id: str
    requested_by: str
    requested_at: datetime
    files: tuple[FileProgress, ...]


class WaitsError(Exception):
    """The file cannot be read yet; `waits_for` names an instrument, None an earlier file."""

    def __init__(self, problem: str, waits_for: str | None) -> None:
        super().__init__(problem)
        self.waits_for = waits_for


def is_plain(name: str) -> bool:
    """Say whether a name is a path below what is imported, of signs that a person sees."""
    if not 0 < len(name) <= NAME_MAX or "\\" in name:
        return False
    if any(unicodedata.category(sign) in _UNSEEN for sign in name):
        return False
    return all(part.strip() not in ("", ".", "..") for part in name.split("/"))


def key_of(import_id: str, place: int, name: str) -> str:
    """Return the object's key; the name in it is for people who look into the bucket."""
    plain = re.sub(r"[^A-Za-z0-9._-]", "_", PurePosixPath(name).name)[-80:]
    return f"{PREFIX}{import_id}/{place:04d}-{plain}"


def problems_of(place: int, declared: Declared) -> list[FieldProblem]:
    """Return everything that keeps a file from being declared so."""
    where = f"files.{place}"
    found = []
    if not declared.size:
        fix = "leave it out, or send it once it has rows"
        found.append(FieldProblem(f"{where}.size", f"{declared.name} is empty", fix))
    if declared.size > BYTES_MAX:
        message = f"{declared.name} has {declared.size} bytes, {BYTES_MAX} are the most"
        found.append(FieldProblem(f"{where}.size", message, "split the file"))
    if declared.format is not FileFormat.LEAN:
        for name, value, fix in (
            ("instrument", declared.instrument, "say whose bars they are: --instrument AAPL"),
            ("timeframe", declared.timeframe, "say how long its bars are: --timeframe 1d"),
        ):
            if value is None:
                found.append(FieldProblem(f"{where}.{name}", "a CSV or Parquet file needs it", fix))
    if (declared.mic is None) != (declared.currency is None):
        message = "mic and currency list an instrument together"
        found.append(FieldProblem(f"{where}.mic", message, "give both, or neither"))
    return found
