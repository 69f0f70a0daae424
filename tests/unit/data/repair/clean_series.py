"""Clean daily bars out of Python packages, in the form in which a vendor tells them.

Prices of Bokeh's samples are as traded, and its adjusted closes are for splits and dividends. The
splits are public; the dividends are what the adjusted closes imply, to a hundredth of a cent.
"""

from dataclasses import fields
from functools import cache

import arch.data.nasdaq
import arch.data.sp500
import numpy as np
from bokeh_sampledata.stocks import AAPL, GOOG, IBM, MSFT

from bifrost.data.repair.vendor_series import Floats, VendorSeries

STOCKS = ("AAPL", "MSFT", "IBM", "GOOG")
INDEXES = ("SP500", "NASDAQ")
_SAMPLES = {"AAPL": AAPL, "MSFT": MSFT, "IBM": IBM, "GOOG": GOOG}
# Ex-dates and ratios, from the companies' investor pages.
SPLITS = {
    "AAPL": {"2000-06-21": 2.0, "2005-02-28": 2.0},
    "MSFT": {"2003-02-18": 2.0},
}


@cache
def as_traded(name: str) -> VendorSeries:
    """Return a stock's bars as they traded, its splits not told and its dividends neither."""
    sample = _SAMPLES[name]
    count = len(sample["date"])
    return VendorSeries(
        sessions=np.array(sample["date"], dtype="datetime64[D]"),
        open=np.array(sample["open"]),
        high=np.array(sample["high"]),
        low=np.array(sample["low"]),
        close=np.array(sample["close"]),
        adjusted_close=np.array(sample["adj_close"]),
        volume=np.array(sample["volume"], dtype=np.float64),
        dividends=np.full(count, np.nan),
        splits=np.zeros(count),
    )


_PRICES = ("open", "high", "low", "close")


@cache
def stock(name: str) -> VendorSeries:
    """Return a stock's bars adjusted for the splits of its years, with its dividends."""
    raw = as_traded(name)
    splits = np.zeros(len(raw))
    factor = np.ones(len(raw))
    for session, ratio in SPLITS.get(name, {}).items():
        at = int(np.searchsorted(raw.sessions, np.datetime64(session)))
        splits[at] = ratio
        factor[:at] *= ratio
    close = raw.close / factor
    dividends = _implied(close, raw.adjusted_close)
    prices = {field: raw.column(field) / factor for field in _PRICES}
    return VendorSeries(
        sessions=raw.sessions,
        adjusted_close=_adjusted(close, dividends),
        volume=np.round(raw.volume * factor),
        dividends=dividends,
        splits=splits,
        **prices,
    )


def _implied(close: Floats, adjusted: Floats) -> Floats:
    factor = adjusted / close
    dividends = np.zeros(len(close))
    dividends[1:] = np.round((1 - factor[:-1] / factor[1:]) * close[:-1], 4)
    return np.where(dividends > 0.005, dividends, 0.0)


def _adjusted(close: Floats, dividends: Floats) -> Floats:
    """Return closes adjusted for dividends as Yahoo writes them: in single precision."""
    kept = np.ones(len(close))
    kept[:-1] = 1 - dividends[1:] / close[:-1]
    adjusted = close * np.cumprod(kept[::-1])[::-1]
    return adjusted.astype(np.float32).astype(np.float64)


@cache
def index(name: str) -> VendorSeries:
    """Return an index's bars: no dividends and no splits, and both told to be none."""
    table = {"SP500": arch.data.sp500, "NASDAQ": arch.data.nasdaq}[name].load()
    close = table["Close"].to_numpy(dtype=np.float64)
    nothing = np.zeros(len(close))
    return VendorSeries(
        sessions=table.index.to_numpy().astype("datetime64[D]"),
        open=table["Open"].to_numpy(dtype=np.float64),
        high=table["High"].to_numpy(dtype=np.float64),
        low=table["Low"].to_numpy(dtype=np.float64),
        close=close,
        adjusted_close=table["Adj Close"].to_numpy(dtype=np.float64),
        volume=table["Volume"].to_numpy(dtype=np.float64),
        dividends=nothing,
        splits=nothing,
    )


def clean(name: str) -> VendorSeries:
    """Return the clean series of this name."""
    return index(name) if name in INDEXES else stock(name)


def window(name: str, first: int, bars: int) -> VendorSeries:
    """Return some bars of a clean series."""
    whole = clean(name)
    return VendorSeries(
        *(getattr(whole, field.name)[first : first + bars] for field in fields(whole))
    )
