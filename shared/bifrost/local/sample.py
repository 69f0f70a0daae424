"""Sample data as a vendor would deliver it: CSV objects for the bucket, from bokeh_sampledata.

The package's CSV is read as text. Its Python API gives floats, and a price that was a float
once has lost the cent it is accountable for.
"""

import csv
import gzip
import io
from collections.abc import Iterator
from importlib.resources import files

from bifrost.data.files.bar_file import ADJUSTED
from bifrost.data.files.instrument_file import COLUMNS

INSTRUMENTS = {
    "AAPL": ("XNAS", "Apple Inc."),
    "GOOG": ("XNAS", "Google Inc."),
    "IBM": ("XNYS", "International Business Machines Corporation"),
    "MSFT": ("XNAS", "Microsoft Corporation"),
}


def sample_objects() -> Iterator[tuple[str, bytes]]:
    """Yield each object's key and content: the instruments first, then a file of bars of each.

    Real daily bars, as traded (splits not adjusted): 2000-03-01 to 2013-03-01, GOOG since 2004.
    """
    yield (
        "instruments/sample.csv",
        _csv(
            COLUMNS,
            [
                (symbol, mic, "USD", "0.01", "1", name)
                for symbol, (mic, name) in INSTRUMENTS.items()
            ],
        ),
    )
    bars: dict[str, list[tuple[str, ...]]] = {symbol: [] for symbol in INSTRUMENTS}
    for listed, *values in _rows():
        if listed in bars:
            bars[listed].append(tuple(values))
    for symbol, rows in bars.items():
        yield f"bars/daily/{symbol}.csv", _csv(ADJUSTED, rows)


def _rows() -> Iterator[list[str]]:
    source = files("bokeh_sampledata").joinpath("_data", "stocks.csv.gz").read_bytes()
    lines = csv.reader(io.StringIO(gzip.decompress(source).decode()))
    header = next(lines)
    expected = ["Ticker", "Date", "Open", "High", "Low", "Close", "Volume", "Adj Close"]
    if header != expected:
        raise ValueError(f"bokeh_sampledata's stocks have the columns {header}, not {expected}")
    yield from lines


def _csv(columns: tuple[str, ...], rows: list[tuple[str, ...]]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return text.getvalue().encode()
