"""Rows of a text file, a block at a time: what fits its form as columns, what does not kept apart.

In blocks, because half a million rows as Python's texts would be half a gigabyte.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import islice

import numpy as np

from bifrost.core.errors import FieldProblem, InvalidInputError
from bifrost.data.files.bar_file import RejectedRow
from bifrost.data.series.columns import UNITS, BarColumns, Integers

TEXT_KEPT = 500
# Twelve digits before the point are what 64 bits of millionths hold.
NUMBER = r"([0-9]{1,12}(?:\.[0-9]{0,20})?(?:[eE]-[0-9]{1,2})?)"
NUMBER_FORM = "a number of at least 0 in plain digits, at most 12 before the point"
# Why a price that is told is not stored: as nothing it would be another's word.
TOO_SMALL = "less than half a millionth, and prices are kept in millionths"
_BLOCK_ROWS = 50_000
# As many are told of one by one; a file with more of them is another file than it was sent as.
REFUSED_MAX = 100_000
# Below it a double's own error, times UNITS, stays below one half.
_DOUBLE_EXACT_BELOW = 2e9


@dataclass(frozen=True, slots=True, eq=False)
class FileBars:
    """What a file told: bars, oldest first, each start once.

    lines: where each bar stood. rows_read: how many rows there were, believed or not.
    rejected: those that are not. note: what was assumed of the file, for a person.
    """

    bars: BarColumns
    lines: Integers
    rows_read: int
    rejected: tuple[RejectedRow, ...] = ()
    note: str = ""


@dataclass(slots=True)
class Reading:
    """What has been read so far."""

    starts: list[Integers] = field(default_factory=list)
    numbers: list[Integers] = field(default_factory=list)
    lines: list[Integers] = field(default_factory=list)
    rejected: list[RejectedRow] = field(default_factory=list)
    rows: int = 0

    def add(self, starts: Integers, numbers: Integers, lines: Integers) -> None:
        """Add rows: their starts, and open, high, low, close, volume by row."""
        self.starts.append(starts)
        self.numbers.append(numbers)
        self.lines.append(lines)

    def refuse(self, line: int, text: str, reason: str) -> None:
        """Keep a row apart; raise InvalidInputError where they are too many to be told."""
        self.rejected.append(RejectedRow(line, text[:TEXT_KEPT], reason))
        if len(self.rejected) > REFUSED_MAX:
            first = self.rejected[0]
            message = f"{first.reason} (and more than {REFUSED_MAX} other rows cannot be believed)"
            fix = "correct the file and import it again"
            raise InvalidInputError(FieldProblem(f"line {first.line}", message, fix))

    def bars(self, note: str = "") -> FileBars:
        """Return what was read, in order; of two rows of one start none is better."""
        if not self.lines:
            return FileBars(
                BarColumns.empty(), np.empty(0, np.int64), self.rows, tuple(self.rejected)
            )
        starts, lines = np.concatenate(self.starts), np.concatenate(self.lines)
        numbers = np.concatenate(self.numbers)
        order = np.argsort(starts, kind="stable")
        starts, lines, numbers = starts[order], lines[order], numbers[order]
        keep = self._judge_repeated(starts, lines, numbers)
        columns = BarColumns(starts[keep], *(numbers[keep, place] for place in range(5)))
        self.rejected.sort(key=lambda one: one.line)
        return FileBars(columns, lines[keep], self.rows, tuple(self.rejected), note)

    def _judge_repeated(
        self, starts: Integers, lines: Integers, numbers: Integers
    ) -> "np.ndarray[tuple[int], np.dtype[np.bool_]]":
        """Keep each start once; rows that differ are both refused: nothing says which is true."""
        keep = np.ones(len(starts), dtype=np.bool_)
        for place in np.flatnonzero(np.diff(starts) == 0) + 1:
            first = int(np.searchsorted(starts, starts[place]))
            keep[place] = False
            same = bool((numbers[place] == numbers[first]).all())
            said = "already" if same else "with other numbers"
            self.refuse(int(lines[place]), "", f"its time stands on line {lines[first]} {said}")
            if not same and keep[first]:
                keep[first] = False
                self.refuse(int(lines[first]), "", f"its time stands on line {lines[place]} {said}")
        return keep


def blocks(
    rows: Iterable[tuple[int, str]],
    form: re.Pattern[str],
    explain: Callable[[str], str],
    reading: Reading,
) -> Iterator[tuple[Integers, list[tuple[str, ...]]]]:
    """Yield line numbers and the form's groups as columns; `explain` says why a row does not fit.

    A row may be in quotes, with spaces beside its commas.
    """
    unread = iter(rows)
    while block := list(islice(unread, _BLOCK_ROWS)):
        reading.rows += len(block)
        found, lines = [], []
        for line, text in block:
            match = form.fullmatch(text) or form.fullmatch(",".join(fields_of(text)))
            if match is None:
                reading.refuse(line, text, explain(text))
            else:
                found.append(match.groups())
                lines.append(line)
        if found:
            yield np.array(lines, dtype=np.int64), list(zip(*found, strict=True))


def fields_of(text: str) -> list[str]:
    """Split a row at its commas; quotes and spaces around a field say nothing."""
    return [one.strip() for one in text.replace('"', "").split(",")]


def counted_texts(texts: tuple[str, ...]) -> Integers:
    """Count decimals (each fits NUMBER) in millionths, to six places and half to even beyond."""
    values = np.array(texts, dtype=np.float64)
    counts = np.rint(values * UNITS)
    large = np.flatnonzero(values >= _DOUBLE_EXACT_BELOW)
    if not len(large):
        return counts.astype(np.int64)
    counts[large] = 0
    exact = counts.astype(np.int64)
    for place in large:
        exact[place] = int((Decimal(texts[place]) * UNITS).to_integral_value())
    return exact
