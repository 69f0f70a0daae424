"""Who belonged to an index when, so that a back-test of 2005 does not trade 2025's survivors."""

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from bifrost.core.errors import FieldProblem, InvalidInputError
from bifrost.core.instruments import SYMBOL
from bifrost.core.written import day_of
from bifrost.data.files.bar_file import RejectedRow, text_lines
from bifrost.data.reference.terms import NO_END

COLUMNS = ("index", "instrument", "from", "to")
SOURCE = "csv"
INDEX = r"[A-Z0-9][A-Z0-9.\-]{0,31}"


@dataclass(frozen=True, slots=True)
class Membership:
    """`instrument` belonged to `index` on each day of [valid_from, valid_to)."""

    index: str
    instrument: str
    valid_from: date
    valid_to: date
    source: str
    recorded_at: datetime

    def overlaps(self, other: "Membership") -> bool:
        """Say whether there is a day on which both hold."""
        return self.valid_from < other.valid_to and other.valid_from < self.valid_to


@dataclass(frozen=True, slots=True)
class MembershipRevision:
    """Rows that stand no more, and rows that stand in their place."""

    superseded: tuple[Membership, ...]
    added: tuple[Membership, ...]


def read_members(content: bytes, at: datetime) -> tuple[list[Membership], list[RejectedRow]]:
    """Read a CSV with the header `index,instrument,from,to`.

    to: the first day on which it no longer belonged; empty where it still does. Raises
    InvalidInputError where the file as a whole is not one.
    """
    lines = text_lines(content)
    _, header = next(lines, (1, ""))
    if tuple(header.strip().lower().split(",")) != COLUMNS:
        raise InvalidInputError(
            FieldProblem("header", f"it is {header[:200]!r}", f"start with {','.join(COLUMNS)}")
        )
    found: dict[tuple[str, str], list[Membership]] = {}
    rejected: list[RejectedRow] = []
    for line, text in lines:
        try:
            one = _member(text, at)
            _keep(one, found.setdefault((one.index, one.instrument), []))
        except (ValueError, csv.Error) as error:
            rejected.append(RejectedRow(line, text[:500], str(error)))
    if not any(found.values()) and not rejected:
        raise InvalidInputError(
            FieldProblem("file", "it has a header and no rows", "send at least one row")
        )
    return [one for rows in found.values() for one in rows], rejected


def members_told(standing: Sequence[Membership], told: Sequence[Membership]) -> MembershipRevision:
    """Take in memberships: all that was told of an index and an instrument is replaced by it."""
    pairs = {(one.index, one.instrument) for one in told}
    before = {_says(one): one for one in standing if (one.index, one.instrument) in pairs}
    after = {_says(one): one for one in told}
    return MembershipRevision(
        tuple(one for said, one in before.items() if said not in after),
        tuple(one for said, one in after.items() if said not in before),
    )


def _says(one: Membership) -> tuple[object, ...]:
    return (one.index, one.instrument, one.valid_from, one.valid_to)


def _member(text: str, at: datetime) -> Membership:
    (cells,) = csv.reader([text], strict=True)
    if len(cells) != len(COLUMNS):
        raise ValueError(f"it has {len(cells)} fields, the header has {len(COLUMNS)}")
    index, instrument, first, last = (cell.strip() for cell in cells)
    if not re.fullmatch(INDEX, index):
        raise ValueError(f"index {index[:40]!r} is not capital letters and digits")
    if not re.fullmatch(SYMBOL, instrument):
        raise ValueError(f"instrument {instrument[:40]!r} is not capital letters and digits")
    valid_from, valid_to = day_of(first), day_of(last) if last else NO_END
    if valid_from is None or valid_to is None:
        raise ValueError(f"from {first[:40]!r} and to {last[:40]!r} are not dates YYYY-MM-DD")
    if valid_to <= valid_from:
        raise ValueError(f"to {valid_to} is not after from {valid_from}")
    return Membership(index, instrument, valid_from, valid_to, SOURCE, at)


def _keep(one: Membership, above: list[Membership]) -> None:
    if any(map(one.overlaps, above)):
        raise ValueError(f"rows above have {one.instrument} in {one.index} on such days")
    above.append(one)
