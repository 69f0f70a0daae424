"""A CSV of daily bars as Yahoo's downloads have it: prices, Adj Close, Dividends, Stock Splits."""

import csv
from collections.abc import Mapping, Sequence
from datetime import date
from io import StringIO
from itertools import pairwise

import numpy as np

from bifrost.core.errors import FieldProblem, InvalidInputError
from bifrost.data.repair.vendor_series import Floats, VendorSeries

_DATES = ("Date", "Datetime")
_COLUMNS = {
    "open": "Open",
    "high": "High",
    "low": "Low",
    "close": "Close",
    "adjusted_close": "Adj Close",
    "volume": "Volume",
    "dividends": "Dividends",
    "splits": "Stock Splits",
}
_NEEDED = ("Open", "High", "Low", "Close", "Volume")


def read_yahoo(text: str) -> VendorSeries:
    """Return the file's bars, oldest first; an empty cell, or a column it lacks, is NaN.

    Raises InvalidInputError naming the line and the column of what cannot be read.
    """
    reader = csv.DictReader(StringIO(text))
    names = reader.fieldnames or []
    dated = next((name for name in _DATES if name in names), None)
    missing = [name for name in _NEEDED if name not in names]
    if dated is None or missing:
        lacking = ", ".join(["Date"] * (dated is None) + missing)
        advice = "send Yahoo's daily bars: Date,Open,High,Low,Close,Adj Close,Volume,…"
        raise InvalidInputError(FieldProblem("file", f"has no column {lacking}", advice))
    rows = list(reader)
    days = [_day(row[dated], line) for line, row in enumerate(rows, start=2)]
    order = sorted(range(len(rows)), key=lambda at: days[at])
    ordered = [days[at] for at in order]
    for before, after in pairwise(ordered):
        if before == after:
            advice = "keep one bar of each session"
            raise InvalidInputError(FieldProblem("Date", f"{after} comes twice", advice))
    columns = {field: _column(rows, name)[order] for field, name in _COLUMNS.items()}
    return VendorSeries(sessions=np.array(ordered, dtype="datetime64[D]"), **columns)


def _day(text: str | None, line: int) -> date:
    try:
        return date.fromisoformat((text or "")[:10])
    except ValueError:
        problem = FieldProblem("Date", f"{text!r} in line {line} is no date", "write 2024-05-31")
        raise InvalidInputError(problem) from None


def _column(rows: Sequence[Mapping[str, str | None]], name: str) -> Floats:
    return np.array([_number(row.get(name), name, line) for line, row in enumerate(rows, start=2)])


def _number(text: str | None, name: str, line: int) -> float:
    if text is None or not text.strip() or text.strip().lower() in ("nan", "null"):
        return float("nan")
    try:
        return float(text)
    except ValueError:
        problem = FieldProblem(name, f"{text!r} in line {line} is no number", "write 14.55")
        raise InvalidInputError(problem) from None
