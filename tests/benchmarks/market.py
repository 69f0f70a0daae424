"""Market data: a year of minutes to numpy, loads that may be repeated, the last bar of 500
instruments, and bytes on disk; at a million bars and at ten million, and how each grows.

Peers read the same rows and write the same bars, on the same server and in turn with ours. What
both read has to be the same, or the benchmark ends.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from statistics import median
from typing import Any

import numpy as np
import psycopg

from bifrost.adapters.postgres.database import Database
from bifrost.adapters.postgres.market.chunks import PostgresChunks
from bifrost.adapters.postgres.market.last_bars import PostgresLastBars
from bifrost.adapters.postgres.market.series import PostgresSeries
from bifrost.data.series.columns import BarColumns
from bifrost.data.series.ports import SeriesKey
from bifrost.data.series.timeframes import Timeframe
from bifrost.runtime.market import Market
from tests.benchmarks import market_peers
from tests.benchmarks.market_series import MINUTES, TODAY, YEAR_SESSIONS, minute_bars
from tests.benchmarks.report import ROUNDS, Row
from tests.benchmarks.server import Addresses, server

INSTRUMENTS = 500
# Sessions of each instrument: 975,000 bars, then 9,945,000.
SIZES = {"1 million": 5, "10 million": 51}
YEAR = YEAR_SESSIONS * MINUTES
READS = 3
NAMES = [f"I{number:03}" for number in range(INSTRUMENTS)]

_SIZES = """
SELECT sum(pg_relation_size(i.inhrelid)) AS rows, sum(pg_indexes_size(i.inhrelid)) AS keys
FROM pg_inherits i WHERE i.inhparent = 'data.intraday_rows'::regclass
"""
_PACKED = """
SELECT sum(bars) AS bars, pg_total_relation_size('data.bar_months') AS bytes FROM data.bar_months
"""


@dataclass(frozen=True, slots=True)
class Figure:
    """What was measured at one size, and by which peer."""

    what: str
    value: float
    unit: str
    goal: str = ""
    peer: str = ""
    peer_value: float | None = None
    note: str = ""

    def at(self, size: str) -> Row:
        """Return it as a row of this size."""
        return Row(f"{self.what}, at {size}", self.value, self.unit, self.goal, self.peer,
                   self.peer_value, self.note)  # fmt: skip


def rows() -> list[Row]:
    """Fill the tables to each size, and measure there."""
    found: dict[str, list[Figure]] = {}
    with server() as addresses:
        desk = Desk(addresses)
        filled = 0
        for size, sessions in SIZES.items():
            seconds = desk.fill(filled, sessions)
            bars = INSTRUMENTS * (sessions - filled) * MINUTES
            filled = sessions
            found[size] = [*desk.measured(), Figure("bars filled in, one instrument after another",
                                                    round(bars / seconds), "rows/s")]  # fmt: skip
    made = [figure.at(size) for size, figures in found.items() for figure in figures]
    return [*made, *_growth(*found.values())]


class Desk:
    """One server's data, and everything that reads and writes it."""

    def __init__(self, addresses: Addresses) -> None:
        url = addresses.urls["data"]
        self._url, self._rounds = url, 0
        self._database: Database = addresses.open("data")
        self._market = Market(url)
        self._inserter = market_peers.Inserter(url, url.replace("bifrost_data", "postgres"))
        self._year = minute_bars(7, 0, YEAR_SESSIONS)
        self._put("YEAR", self._year)

    def fill(self, first: int, sessions: int) -> float:
        """Give each instrument the sessions [first, sessions), pack what is closed; seconds."""
        began = time.perf_counter()
        for number, name in enumerate(NAMES):
            self._put(name, minute_bars(number, first, sessions))
        seconds = time.perf_counter() - began
        PostgresChunks(self._database).pack_closed(TODAY, 10**6)
        return seconds

    def measured(self) -> list[Figure]:
        """Measure all at the size that there is."""
        return [*self._reads(), *self._loads(), *self._lasts(), *self._bytes()]

    def _reads(self) -> list[Figure]:
        ours = self._read_ours
        readers = {
            market_peers.ADBC: market_peers.adbc_reader(self._url, "YEAR"),
            market_peers.PSYCOPG: market_peers.psycopg_reader(self._url, "YEAR"),
        }
        for reader in readers.values():
            if reader is not None:
                check_same(ours(), reader())
        calls = {"ours": ours, **{name: call for name, call in readers.items() if call}}
        took = _in_turns(calls, ROUNDS * READS)
        what = f"{YEAR:,} one-minute bars to numpy, p50"
        return [
            Figure(what, took["ours"], "ms", "<= 10", name, took.get(name),
                   "" if reader else f"{name} is not installed")
            for name, reader in readers.items()
        ]  # fmt: skip

    def _loads(self) -> list[Figure]:
        """Load a year that is new, and the same once more, each beside executemany."""
        first, again = [], []
        for _ in range(ROUNDS):
            self._rounds += 1
            name = f"NEW{self._rounds}"
            for into in (first, again):
                mine = _seconds(lambda: self._put(name, self._year))  # noqa: B023 - called at once
                theirs = _seconds(lambda: self._inserter.put(name, self._year))  # noqa: B023 - so
                into.append((mine, theirs))
        return [
            Figure(f"{YEAR:,} bars loaded, {which}", _rate(taken, 0), "rows/s", ">= 300000",
                   market_peers.EXECUTEMANY, _rate(taken, 1))
            for which, taken in (("all new", first), ("all known", again))
        ]  # fmt: skip

    def _lasts(self) -> list[Figure]:
        last = PostgresLastBars(self._database)
        with psycopg.connect(self._url, autocommit=True) as connection:
            calls = {
                "ours": lambda: last.read(NAMES, Timeframe.M1),
                "sorted": lambda: connection.execute(market_peers.LAST, (NAMES,)).fetchall(),
            }
            mine, theirs = calls["ours"](), calls["sorted"]()
            if {name: bar.occurred_at for name, bar in mine.items()} != {
                name: when for name, when, _ in theirs
            }:
                raise AssertionError("the peer's last bars are others")
            took = _in_turns(calls, ROUNDS)
        return [Figure(f"last bar of {INSTRUMENTS} instruments, p50", took["ours"], "ms", "",
                       "DISTINCT ON over the rows", took["sorted"])]  # fmt: skip

    def _bytes(self) -> list[Figure]:
        stored = self._database.fetch_one(_SIZES) or {}
        packed = self._database.fetch_one(_PACKED) or {}
        counted = self._database.fetch_one(
            "SELECT count(*) AS bars, (SELECT count(*) FROM data.naive_bars) AS naive,"
            " pg_total_relation_size('data.naive_bars') AS bytes FROM data.intraday_rows"
        )
        if counted is None:
            raise AssertionError("a count is a number")
        naive = round(counted["bytes"] / counted["naive"], 1)
        each = {
            "a bar's row on disk": stored["rows"] / counted["bars"],
            "a bar's place in the key": stored["keys"] / counted["bars"],
            "a bar packed": packed["bytes"] / packed["bars"],
        }
        peer = "a row of floats with its key"
        return [Figure(what, round(float(size), 1), "bytes", "", peer, naive)
                for what, size in each.items()]  # fmt: skip

    def _put(self, instrument: str, bars: BarColumns) -> int:
        with self._database.transaction() as cursor:
            key = SeriesKey(instrument, Timeframe.M1, "alpaca")
            return len(PostgresSeries(cursor).put(key, bars, datetime(2025, 3, 1, tzinfo=UTC)))

    def _read_ours(self) -> list[Any]:
        found = self._market.stored("YEAR", "1m")
        return [found.t, found.open, found.high, found.low, found.close, found.volume]


def check_same(ours: Sequence[Any], theirs: Sequence[Any]) -> None:
    """Raise AssertionError where two have read other bars."""
    if len(ours[0]) != YEAR:
        raise AssertionError(f"{len(ours[0])} bars were read, not {YEAR}")
    for mine, other in zip(ours[1:], theirs[1:], strict=True):
        if not np.array_equal(mine, other):
            raise AssertionError("the peer reads other prices")


def _in_turns(calls: dict[str, Callable[[], Any]], times: int) -> dict[str, float]:
    """Call each so many times, in turn; return each one's median in milliseconds."""
    took: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(times):
        for name, call in calls.items():
            took[name].append(_seconds(call) * 1000)
    return {name: round(median(each), 2) for name, each in took.items()}


def _seconds(call: Callable[[], object]) -> float:
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


def _rate(taken: Sequence[tuple[float, float]], side: int) -> float:
    return round(YEAR / median(pair[side] for pair in taken))


def _growth(small: Sequence[Figure], large: Sequence[Figure]) -> list[Row]:
    """Say how many times each figure is what it was at a tenth of the bars."""
    return [
        Row(f"{one.what}, 10 million beside 1", round(other.value / one.value, 2), "times", "",
            one.peer and f"{one.peer}, 10 million beside 1", _ratio(one, other))
        for one, other in zip(small, large, strict=True)
    ]  # fmt: skip


def _ratio(one: Figure, other: Figure) -> float | None:
    if not one.peer_value or not other.peer_value:
        return None
    return round(other.peer_value / one.peer_value, 2)
