"""kill -9 of an ingester at each failpoint: after a restart there is no gap and no duplicate, and
each resume point is behind what is stored. Of several ingesters at once one works on an item.

Real processes, PostgreSQL, and Alpaca's own client against its twin. A failure prints its seed.
BIFROST_KILLS says how often each failpoint kills; once, unless it is set.
"""

import json
import os
import random
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from bifrost.adapters.clock import SystemClock
from bifrost.adapters.postgres.database import Database
from bifrost.data.ingest.jobs import TRIES_MAX
from bifrost.data.series.timeframes import Timeframe
from tests.faults.forking import Forked, Forks
from tests.faults.ingester import FAILPOINTS, PASSED_ONCE
from tests.ingestion_desk import IngestionDesk
from tests.postgres_server import Server
from tests.twins import market as truth
from tests.twins.alpaca import AlpacaTwin

FIRST, LAST = date(2024, 5, 30), date(2024, 6, 4)
# The last minute of the first slice, from which on IBM is worth a quarter less, and a minute in
# which nobody traded AAPL.
FELL_AT = datetime(2024, 5, 31, 19, 59, tzinfo=UTC)
SILENT_AT = datetime(2024, 5, 30, 15, 10, tzinfo=UTC)
# No process here waits so long for another one's death: a test lets it pass.
LEASE_SECONDS = 60
# An item that ends each process that works on it is given up: no job here is killed so often.
KILLS_OF_A_JOB = TRIES_MAX - 2
KILLS = int(os.environ.get("BIFROST_KILLS", "1"))


def fallen(share: truth.Share) -> truth.Share:
    """The share with a fall on little volume, that the gate believes when the next bar comes."""

    def later(bar: truth.TrueBar) -> truth.TrueBar:
        cents = {
            name: (getattr(bar, name) * 3 / 4).quantize(Decimal("0.01"))
            for name in ("open", "high", "low", "close")
        }
        volume = 100 if bar.starts_at == FELL_AT else bar.volume
        return replace(bar, **cents, volume=volume)

    minutes = [bar if bar.starts_at < FELL_AT else later(bar) for bar in share.minutes]
    return replace(share, minutes=minutes)


def silent(share: truth.Share) -> truth.Share:
    """The share without one of its minutes."""
    return replace(share, minutes=[bar for bar in share.minutes if bar.starts_at != SILENT_AT])


SHARES = (
    silent(truth.share("AAPL", first=FIRST, last=LAST)),
    fallen(truth.share("IBM", first=FIRST, last=LAST)),
)


@pytest.fixture(scope="module")
def twin() -> Iterator[AlpacaTwin]:
    """A vendor whose pages are short: a slice is several calls."""
    with AlpacaTwin(truth.market(*SHARES), page_rows=300) as running:
        assert isinstance(running, AlpacaTwin)
        yield running


@dataclass
class Work:
    """A job of both shares' minutes over two slices, and ingesters that work on it."""

    desk: IngestionDesk
    told: dict[str, Any]
    ingesters: Forks
    folder: Path
    begun: list[Forked] = field(default_factory=list)

    def begin(self, failpoint: str = "", passes: int = 0) -> Forked:
        """Start an ingester that dies at the failpoint's so many-th pass."""
        told = {**self.told, "failpoint": failpoint, "passes": passes}
        out = self.folder / f"{len(self.begun)}.out"
        self.begun.append(self.ingesters.start([json.dumps(told)], out))
        return self.begun[-1]

    def run(self, failpoint: str = "", passes: int = 0) -> int:
        """Let one work until it has ended; return its code, with all leases at their end."""
        code = self.begin(failpoint, passes).wait(120)
        self.desk.rows(
            "UPDATE data.ingestion_items SET leased_until = leased_until - interval '1 hour',"
            " sent_at = sent_at - interval '1 hour' RETURNING item"
        )
        return code

    def said(self, process: Forked) -> str:
        """Return what it wrote."""
        return (self.folder / f"{self.begun.index(process)}.out").read_text()


@pytest.fixture
def works(postgres_server: Server, twin: AlpacaTwin, ingesters: Forks, tmp_path: Path) -> "Works":
    """Jobs, each on a database of its own."""
    return Works(postgres_server, twin, ingesters, tmp_path)


@dataclass
class Works:
    """Where jobs come from."""

    server: Server
    twin: AlpacaTwin
    ingesters: Forks
    folder: Path

    @contextmanager
    def begun(self) -> Iterator[Work]:
        """Ask for both shares on a new database."""
        with self.server.fresh_database() as name:
            address = self.server.address("bifrost_data", name)
            database = Database(address)
            desk = IngestionDesk(database)
            desk.clock.at = SystemClock().now()
            self.twin.asked.clear()
            job = desk.start("AAPL", "IBM", timeframe=Timeframe.M1, first=FIRST, last=LAST)
            desk.rows("UPDATE data.ingestion_items SET sent_at = NULL RETURNING item")
            told = {
                "database": address,
                "twin": self.twin.url,
                "job": job,
                "lease_seconds": LEASE_SECONDS,
            }
            yield Work(desk, told, self.ingesters, self.folder)
            database.close()


def assert_whole(work: Work, seed: str) -> None:
    """Each bar of the truth is stored once with its values, and nothing else; the job is done."""
    desk = work.desk
    assert desk.progress(work.told["job"]).state == "done", seed
    for share in SHARES:
        rows = desk.rows(
            "SELECT occurred_at, open, high, low, close, volume FROM data.intraday_bars"
            " WHERE instrument = %s ORDER BY occurred_at",
            share.symbol,
        )
        stored = [(row["occurred_at"], row["close"], row["volume"]) for row in rows]
        wanted = [
            (bar.starts_at, int(bar.close * 10**6), bar.volume * 10**6) for bar in share.minutes
        ]
        assert stored == wanted, seed
    waited = desk.rows("SELECT instrument, occurred_at, released_by FROM data.quarantine")
    assert [tuple(row.values()) for row in waited] == [("IBM", FELL_AT, "gate")], seed
    absences = desk.rows("SELECT instrument FROM data.absences")
    assert [row["instrument"] for row in absences] == ["AAPL"], seed
    told = desk.rows("SELECT sum((detail ->> 'written')::int) AS n FROM data.outbox"
                     " WHERE detail_type = 'BarsTaken.v1'")  # fmt: skip
    assert told[0]["n"] == sum(len(share.minutes) for share in SHARES), seed


def assert_nothing_ahead(desk: IngestionDesk, seed: str) -> None:
    """No item says that more is there than is stored, and none has less than is stored."""
    for row in desk.rows("SELECT * FROM data.ingestion_items"):
        (share,) = (one for one in SHARES if one.symbol == row["instrument"])
        wanted = sum(row["first_at"] <= bar.starts_at < row["resume_at"] for bar in share.minutes)
        stored = desk.rows(
            "SELECT (SELECT count(*) FROM data.intraday_bars WHERE instrument = %s)"
            " + (SELECT count(*) FROM data.quarantine"
            "    WHERE instrument = %s AND released_at IS NULL) AS n",
            share.symbol,
            share.symbol,
        )
        assert stored[0]["n"] == wanted, f"{seed}: {row}"


def killed(work: Work, failpoint: str, passes: Sequence[int]) -> int:
    """Kill one ingester after the other, and let a last one end the job; return the kills."""
    kills = 0
    for number in passes:
        seed = f"{failpoint}, passes {number}, kill {kills + 1}"
        code = work.run(failpoint, number)
        assert_nothing_ahead(work.desk, seed)
        if code != -signal.SIGKILL:
            break
        kills += 1
    assert work.run() == 0, work.said(work.begun[-1])
    assert_whole(work, failpoint)
    return kills


@pytest.mark.parametrize("failpoint", FAILPOINTS)
def test_after_kills_at_a_failpoint_nothing_is_missing_and_nothing_is_there_twice(
    works: Works, failpoint: str
) -> None:
    chance = random.Random(f"ingester/{failpoint}")  # noqa: S311 - the same in every run
    left = KILLS
    while left:
        # Both items are sent at once, and none of them needs a second message.
        is_once = "sen" in failpoint or failpoint in PASSED_ONCE
        passes = [1 if is_once else chance.randint(1, 3) for _ in range(min(left, KILLS_OF_A_JOB))]
        with works.begun() as work:
            kills = killed(work, failpoint, passes)
        assert kills, f"{failpoint} was never reached"
        left -= kills


def test_of_several_ingesters_at_once_one_works_on_each_item(works: Works) -> None:
    with works.begun() as work:
        together = [work.begin() for _ in range(3)]
        codes = [one.wait(120) for one in together]

        assert codes == [0, 0, 0]
        ended = sorted(number for one in together for number in json.loads(work.said(one)))
        items = work.desk.rows("SELECT item, lease, slices FROM data.ingestion_items ORDER BY item")
        assert ended == [row["item"] for row in items]
        assert [(row["lease"], row["slices"]) for row in items] == [(1, 2), (1, 2)]
        assert_whole(work, "three at once")
    # Two slices of each share, two or three pages each: nobody asked for what another had.
    pages = {
        (one.query["symbols"], one.query["start"], one.query.get("page_token"))
        for one in works.twin.asked
    }
    assert len(pages) == len(works.twin.asked)
