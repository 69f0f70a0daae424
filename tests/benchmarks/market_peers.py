"""What others do with the same bars on the same server: read the rows, insert them one by one."""

from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import numpy as np
import psycopg

from bifrost.data.series.columns import UNITS, BarColumns

ADBC, PSYCOPG, EXECUTEMANY = "ADBC to Arrow to numpy", "psycopg rows to numpy", "executemany"
_NAMES = ("open", "high", "low", "close", "volume")

_READ = f"""
SELECT occurred_at, {", ".join(f"{name} / {UNITS}.0::float8 AS {name}" for name in _NAMES)}
FROM data.intraday_bars
WHERE instrument = '{{instrument}}' AND timeframe = 1 ORDER BY occurred_at
"""

# What many begin with: a table of floats, and a key that lets an insert be repeated.
TABLE = """
CREATE TABLE data.naive_bars (
    instrument text, occurred_at timestamptz, open float8, high float8, low float8, close float8,
    volume float8, PRIMARY KEY (instrument, occurred_at))
"""
_INSERT = (
    "INSERT INTO data.naive_bars VALUES (%s, %s, %s, %s, %s, %s, %s)"
    " ON CONFLICT (instrument, occurred_at) DO UPDATE SET open = excluded.open,"
    " high = excluded.high, low = excluded.low, close = excluded.close, volume = excluded.volume"
)
LAST = """
SELECT DISTINCT ON (instrument) instrument, occurred_at, close FROM data.intraday_bars
WHERE timeframe = 1 AND instrument = ANY(%s) ORDER BY instrument, occurred_at DESC
"""


def adbc_reader(url: str, instrument: str) -> Callable[[], list[Any]] | None:
    """Return what reads an instrument's bars by ADBC; None where it is not installed."""
    if find_spec("adbc_driver_postgresql") is None:
        return None
    from adbc_driver_postgresql import dbapi  # type: ignore[import-not-found,unused-ignore] # a peer

    cursor = dbapi.connect(url).cursor()

    def read() -> list[Any]:
        cursor.execute(_READ.format(instrument=instrument))
        table = cursor.fetch_arrow_table()
        return [column.to_numpy() for column in table.columns]

    return read


def psycopg_reader(url: str, instrument: str) -> Callable[[], list[Any]]:
    """Return what reads an instrument's bars by psycopg's binary cursor."""
    connection = psycopg.connect(url, autocommit=True)

    def read() -> list[Any]:
        cursor = connection.execute(_READ.format(instrument=instrument), binary=True)
        return [np.array(column) for column in zip(*cursor.fetchall(), strict=True)]

    return read


class Inserter:
    """Inserts rows by executemany, and updates those that are there."""

    def __init__(self, url: str, owner_url: str) -> None:
        with psycopg.connect(owner_url, autocommit=True) as owner:
            owner.execute(TABLE)
        self._connection = psycopg.connect(url)

    def put(self, instrument: str, bars: BarColumns) -> None:
        """Insert and commit; what is prepared beforehand is not counted, as it is not for ours."""
        times = bars.starts_at.view("<M8[us]").tolist()
        prices = [bars.prices(name).tolist() for name in _NAMES]
        names = [instrument] * len(bars)
        with self._connection.cursor() as cursor:
            cursor.executemany(_INSERT, list(zip(names, times, *prices, strict=True)))
        self._connection.commit()
