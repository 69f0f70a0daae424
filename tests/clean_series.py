"""Daily bars that are known to be clean, from packages that everybody has.

AAPL, MSFT, IBM and GOOG 2000-2013 as traded (bokeh_sampledata), S&P 500 and Nasdaq composite
1999-2018 (arch.data), with the splits and the one special dividend that explain their gaps.
"""

import csv
import gzip
import io
from datetime import date, datetime
from functools import lru_cache
from importlib import import_module
from importlib.resources import files

import numpy as np

from bifrost.adapters.calendars import xnys
from bifrost.core.sessions import Session
from bifrost.data.quality.context import PriceStep
from bifrost.data.series.columns import BarColumns, counted, micros

STOCKS = ("AAPL", "MSFT", "IBM", "GOOG")
INDEXES = {"S&P 500": "arch.data.sp500", "Nasdaq": "arch.data.nasdaq"}

_EX_DATES = {
    "AAPL": {date(2000, 6, 21): 0.5, date(2005, 2, 28): 0.5},
    "MSFT": {date(2003, 2, 18): 0.5},
}


@lru_cache
def sessions(first: date, last: date) -> tuple[Session, ...]:
    """Return the exchange's sessions of [first, last]."""
    return tuple(xnys.sessions(first, last))


@lru_cache
def clean(name: str) -> tuple[tuple[Session, ...], BarColumns]:
    """Return a series' sessions and its bars: one for each session."""
    days, rows = _index(name) if name in INDEXES else _stock(name)
    known = sessions(days[0], days[-1])
    assert [one.session for one in known] == days
    starts = np.array([micros(one.opens_at) for one in known], dtype=np.int64)
    return known, BarColumns(starts, *(counted(column) for column in rows.T))


def steps(name: str) -> tuple[PriceStep, ...]:
    """Return the splits that are known of it."""
    opens = {one.session: one.opens_at for one in clean(name)[0]}
    return tuple(
        PriceStep(opens[day], factor, "split") for day, factor in _EX_DATES.get(name, {}).items()
    )


def received(name: str) -> datetime:
    """Return when the last bar was complete."""
    return clean(name)[0][-1].closes_at


def _stock(symbol: str) -> tuple[list[date], "np.ndarray[tuple[int, int], np.dtype[np.float64]]"]:
    packed = files("bokeh_sampledata").joinpath("_data", "stocks.csv.gz").read_bytes()
    lines = csv.reader(io.StringIO(gzip.decompress(packed).decode()))
    rows = [line for line in lines if line[0] == symbol]
    values = np.array([[float(value) for value in row[2:7]] for row in rows])
    return [date.fromisoformat(row[1]) for row in rows], values


def _index(name: str) -> tuple[list[date], "np.ndarray[tuple[int, int], np.dtype[np.float64]]"]:
    table = import_module(INDEXES[name]).load()
    values = table[["Open", "High", "Low", "Close", "Volume"]].to_numpy(dtype=float)
    return [day.date() for day in table.index], values
