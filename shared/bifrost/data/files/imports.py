"""Imports: which object of the bucket holds what, and what became of it."""

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bifrost.core.errors import FieldProblem, InvalidInputError
from bifrost.core.instruments import SYMBOL
from bifrost.data.files.bar_file import RejectedRow

# Read whole, and ten times as large in a function's memory once parsed; a century of daily bars
# is a ninth of it.
BYTES_MAX = 16 * 1024 * 1024

_BARS = rf"bars/daily/(?P<symbol>{SYMBOL})\.csv"
_INSTRUMENTS = r"instruments/[^/]+\.csv"
_ACTIONS = r"corporate_actions/[^/]+\.csv"
_INDEXES = r"indexes/[^/]+\.csv"


class ImportStatus(StrEnum):
    """What became of an object."""

    DONE = "done"
    WAITING = "waiting"  # its instrument is not listed yet; its listing imports it
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class StoredObject:
    """An object of the data bucket; the etag names its content."""

    key: str
    etag: str
    size: int


@dataclass(frozen=True, slots=True)
class ImportRecord:
    """One import as it is kept.

    rows_written counts only what was new or different; rows_quarantined what the gate blocked.
    """

    key: str
    etag: str
    status: ImportStatus
    recorded_at: datetime
    rows_read: int = 0
    rows_written: int = 0
    rejected: tuple[RejectedRow, ...] = ()
    rows_quarantined: int = 0
    waits_for: str | None = None
    problem: str = ""


def symbol_of(found: StoredObject) -> str | None:
    """Return whose bars the object holds; None for a file of instruments, indexes or actions.

    Raises InvalidInputError where it is neither, or too large to be read.
    """
    if found.size > BYTES_MAX:
        raise too_large(found.size)
    if match := re.fullmatch(_BARS, found.key):
        return match["symbol"]
    if re.fullmatch(_INSTRUMENTS, found.key) or holds_actions(found) or holds_indexes(found):
        return None
    raise InvalidInputError(
        FieldProblem(
            "key",
            f"nothing imports {found.key}",
            "name it bars/daily/<SYMBOL>.csv, instruments/<name>.csv, indexes/<name>.csv"
            " or corporate_actions/<name>.csv",
        )
    )


def too_large(size: int) -> InvalidInputError:
    """Return what to raise for an object of at least `size` bytes, which are too many."""
    message = f"it has {size} bytes or more, {BYTES_MAX} are the most"
    return InvalidInputError(FieldProblem("size", message, f"split it below {BYTES_MAX}"))


def holds_actions(found: StoredObject) -> bool:
    """Say whether the object is a file of corporate actions."""
    return re.fullmatch(_ACTIONS, found.key) is not None


def holds_indexes(found: StoredObject) -> bool:
    """Say whether the object is a file of index memberships."""
    return re.fullmatch(_INDEXES, found.key) is not None


def summary_of(rejected: list[RejectedRow]) -> str:
    """Say in one line how many rows were rejected and why the first was."""
    if not rejected:
        return ""
    first = rejected[0]
    return f"{len(rejected)} rows rejected; line {first.line}: {first.reason}"
