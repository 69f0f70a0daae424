"""A live market for the runner's processes: twins of Alpaca's line and history, on a fast clock."""

import json
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bifrost.adapters.postgres.database import Database
from bifrost.adapters.postgres.market.series import PostgresSeriesReader
from bifrost.data.series.asked import SeriesQuery
from bifrost.data.series.columns import UNITS, micros
from bifrost.data.series.timeframes import Timeframe
from tests.data_desk import DataDesk
from tests.faults.forking import Forked, Forks
from tests.twins.alpaca import KEYS, AlpacaTwin
from tests.twins.alpaca_stream import StreamTwin, status, trade
from tests.twins.market import Share, TrueBar, market, sessions, share

SYMBOLS = ("AAA", "BBB")
SPEED = 60.0
OPEN = sessions()[0].opens_at

Bars = dict[int, tuple[int, ...]]


@dataclass
class StreamMarket:
    """A market that trades a minute in each second, and processes that listen to it."""

    database_url: str
    folder: Path
    line: StreamTwin
    history: AlpacaTwin
    shares: Sequence[Share]
    runners: Forks
    began: float = 0.0
    processes: list[Forked] = field(default_factory=list)
    is_over: threading.Event = field(default_factory=threading.Event)
    more: dict[str, str] = field(default_factory=dict)

    @property
    def now(self) -> datetime:
        """The market's time."""
        passed = (time.time() - self.began) * SPEED
        return datetime.fromtimestamp(OPEN.timestamp() + passed, UTC)

    def start(self, failpoint: str = "none:0") -> Forked:
        """Start a runner that dies at the failpoint."""
        clock = f"{self.began},{OPEN.timestamp()},{SPEED}"
        told = [clock, failpoint, f"--instruments={','.join(SYMBOLS)}", "--every=0.5"]
        out = self.folder / f"{len(self.processes)}.out"
        out.touch()
        self.processes.append(self.runners.start(told, out, self._environment()))
        return self.processes[-1]

    def dies_at(self, failpoint: str) -> int:
        """Start a runner, wait until it has died, let its lease end, and return its code.

        That a lease ends by itself is what two runners at once show.
        """
        process = self.start(failpoint)
        wait(lambda: process.poll() is not None, lambda: f"{failpoint}: {self.last_words()}")
        with closing_database(self.database_url) as database:
            database.fetch_all("UPDATE data.leases SET ends_at = clock_timestamp() RETURNING name")
        return process.wait(1)

    def last_words(self) -> str:
        """Return the end of what the newest process wrote."""
        return self.output(self.processes[-1])

    def said(self, process: Forked) -> list[dict[str, Any]]:
        """Return the process's reports so far."""
        text = (self.folder / f"{self.processes.index(process)}.out").read_text()
        return [json.loads(line) for line in text.splitlines() if line.startswith("{")]

    def output(self, process: Forked) -> str:
        """Return the end of what the process wrote."""
        return (self.folder / f"{self.processes.index(process)}.out").read_text()[-3000:]

    def state_of(self, process: Forked) -> str:
        """Return whether it works or waits, as it said last."""
        said = self.said(process)
        return said[-1]["state"] if said else ""

    def wait_for_state(self, process: Forked, state: str) -> None:
        """Wait until the process says so."""
        wait(lambda: self.state_of(process) == state, lambda: self.output(process))

    def truth(self, share_: Share, before: datetime) -> Bars:
        """Return what truly traded in the minutes that begin before the instant."""
        return {
            micros(bar.starts_at): tuple(
                int(value * UNITS) for value in (bar.open, bar.high, bar.low, bar.close, bar.volume)
            )
            for bar in share_.minutes
            if bar.starts_at < before
        }

    def stored(self, symbol: str, before: datetime) -> Bars:
        """Return what stands of the minutes that begin before the instant."""
        with closing_database(self.database_url) as database:
            reader = PostgresSeriesReader(database)
            found = reader.read(SeriesQuery(symbol, Timeframe.M1, OPEN, before))
        rows = zip(*(column.tolist() for column in found.columns()), strict=True)
        return {row[0]: tuple(row[1:]) for row in rows}

    def wait_whole(self, before: datetime) -> None:
        """Wait until every minute before the instant is stored as it was, of each symbol."""

        def is_whole() -> bool:
            return all(
                self.stored(one.symbol, before) == self.truth(one, before) for one in self.shares
            )

        wait(is_whole, lambda: self.difference(before), seconds=60)

    def difference(self, before: datetime) -> str:
        """Say what is stored otherwise than it was."""
        lines = []
        for one in self.shares:
            truth, stored = self.truth(one, before), self.stored(one.symbol, before)
            for at in sorted({*truth, *stored}):
                if truth.get(at) != stored.get(at):
                    minute = (at - micros(OPEN)) // 60_000_000
                    lines.append(f"{one.symbol} {minute}: {truth.get(at)} != {stored.get(at)}")
        return "\n".join([*lines[:20], *(self.output(one) for one in self.processes[-2:])])

    def repeated(self) -> list[dict[str, Any]]:
        """Return rows that say the same as another row of their minute and source."""
        with closing_database(self.database_url) as database:
            return database.fetch_all(
                "SELECT instrument, occurred_at, source, count(*) AS rows FROM data.intraday_bars"
                " GROUP BY instrument, occurred_at, source, open, high, low, close, volume"
                " HAVING count(*) > 1"
            )

    def words(self) -> set[str]:
        """Return what was noted of trading."""
        with closing_database(self.database_url) as database:
            rows = database.fetch_all("SELECT DISTINCT status FROM data.trading_statuses")
        return {row["status"] for row in rows}

    def _environment(self) -> dict[str, str]:
        settings = {
            "ALPACA_KEY_ID": KEYS["key_id"],
            "ALPACA_SECRET_KEY": KEYS["secret_key"],
            "ALPACA_URL": self.history.url,
            "ALPACA_STREAM_URL": self.line.url,
            "ALPACA_FEED": "sip",
            "ALPACA_CALLS_PER_MINUTE": 100_000,
        }
        return {
            "DATABASE_URL": self.database_url,
            "VENDOR_SETTINGS": json.dumps(settings),
            "CAPABILITY": "data",
            **self.more,
        }

    def trade_on(self) -> None:
        """Send each trade and halt when its time has come, until the market is over."""
        waiting = sorted(
            (
                told
                for one in self.shares
                for bar in one.minutes[:390]
                for told in (*trades_of(one.symbol, bar), *words_of(one.symbol, bar))
            ),
            key=lambda pair: pair[0],
        )
        place = 0
        while not self.is_over.wait(0.02):
            now = micros(self.now)
            due = place
            while due < len(waiting) and waiting[due][0] <= now:
                due += 1
            if due > place:
                self.line.send(*(message for _, message in waiting[place:due]))
            place = due


def trades_of(symbol: str, bar: TrueBar) -> list[tuple[int, dict[str, Any]]]:
    """Return four trades that make the bar: its open, high, low and close."""
    at = micros(bar.starts_at)
    sizes = (bar.volume - 30, 10, 10, 10)
    prices = (bar.open, bar.high, bar.low, bar.close)
    times = (at + 1_000_000, at + 20_000_000, at + 35_000_000, at + 50_000_000)
    number = at // 60_000_000 * 4
    return [
        (when, trade(symbol, when, number + place, float(price), s=size))
        for place, (when, price, size) in enumerate(zip(times, prices, sizes, strict=True))
    ]


def words_of(symbol: str, bar: TrueBar) -> list[tuple[int, dict[str, Any]]]:
    """Return the words of a halt between two trades; of every other one the end is never told."""
    at = micros(bar.starts_at)
    halted, resumed = at + 36_000_000, at + 49_000_000
    words = [(halted, status(symbol, halted, "H")), (resumed, status(symbol, resumed, "T"))]
    return words if at // 60_000_000 % 2 else words[:1]


def wait(is_so: Any, otherwise: Any, seconds: float = 40) -> None:
    """Wait until it is so."""
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, otherwise()
        time.sleep(0.1)


@contextmanager
def closing_database(url: str) -> Iterator[Database]:
    """Open a connection for a moment."""
    database = Database(url)
    try:
        yield database
    finally:
        database.close()


@contextmanager
def running_market(database_url: str, folder: Path, runners: Forks) -> Iterator[StreamMarket]:
    """Open the market, and end every process afterwards."""
    with closing_database(database_url) as database:
        rows = [f"{one},XNYS,USD,0.01,1,{one} Inc." for one in SYMBOLS]
        header = "symbol,mic,currency,tick_size,lot_size,name"
        DataDesk(database).put("instruments/test.csv", "\n".join([header, *rows]).encode())
    shares = [share(symbol) for symbol in SYMBOLS]
    with StreamTwin() as line, AlpacaTwin(market(*shares)) as history:
        line.keys = (KEYS["key_id"], KEYS["secret_key"])
        made = StreamMarket(database_url, folder, line, history, shares, runners, began=time.time())
        trading = threading.Thread(target=made.trade_on, daemon=True)
        trading.start()
        try:
            yield made
        finally:
            for process in made.processes:
                process.kill()
                process.wait(10)
            made.is_over.set()
            trading.join(10)
