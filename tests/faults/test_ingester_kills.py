"""kill -9 of an ingester at each failpoint: after a restart there is no gap and no duplicate, and
each resume point is behind what is stored. Of several ingesters at once one works on an item.

Real processes, PostgreSQL, and Alpaca's own client against its twin. A failure prints its seed.
"""

import json
import random
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

import pytest

from bifrost.adapters.postgres.database import Database
from bifrost.data.series.timeframes import Timeframe
from tests.faults.ingester import FAILPOINTS
from tests.ingestion_desk import IngestionDesk
from tests.live_desk import PROJECT
from tests.twins import market as truth
from tests.twins.alpaca import AlpacaTwin

MakeDatabase = Callable[[str], Database]
FIRST, LAST = date(2024, 5, 30), date(2024, 6, 4)
SHARES = tuple(truth.share(symbol, first=FIRST, last=LAST) for symbol in ("AAPL", "IBM"))
# Shorter than a person waits, longer than a slice takes.
LEASE_SECONDS = 3
KILLS = 1


@pytest.fixture(scope="module")
def twin() -> Iterator[AlpacaTwin]:
    """A vendor whose pages are short: a slice is several calls."""
    with AlpacaTwin(truth.market(*SHARES), page_rows=300) as running:
        assert isinstance(running, AlpacaTwin)
        yield running


@pytest.fixture
def desk(make_database: MakeDatabase) -> IngestionDesk:
    return IngestionDesk(make_database("data"))


@pytest.fixture
def told(desk: IngestionDesk, twin: AlpacaTwin, database_url: Callable[[str], str]) -> Any:
    """A job of both shares' minutes over two slices, and what an ingester is told of it."""
    from bifrost.adapters.clock import SystemClock

    desk.clock.at = SystemClock().now()
    twin.asked.clear()
    job = desk.start("AAPL", "IBM", timeframe=Timeframe.M1, first=FIRST, last=LAST)
    desk.rows("UPDATE data.ingestion_items SET sent_at = NULL RETURNING item")
    return {
        "database": database_url("data"),
        "twin": twin.url,
        "job": job,
        "failpoint": "",
        "passes": 0,
        "lease_seconds": LEASE_SECONDS,
    }


def begin(told: Any) -> "subprocess.Popen[str]":
    """Start an ingester."""
    command = [sys.executable, "-m", "tests.faults.ingester", json.dumps(told)]
    return subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True)


def end(process: "subprocess.Popen[str]") -> tuple[int, str]:
    """Wait for its end; return its code and what it said."""
    said, _ = process.communicate(timeout=120)
    return process.returncode, said


def assert_whole(desk: IngestionDesk, job: str, seed: str) -> None:
    """Each bar of the truth is stored once with its values, and nothing else; the job is done."""
    assert desk.progress(job).state == "done", seed
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
    assert desk.rows("SELECT * FROM data.quarantine") == [], seed
    told = desk.rows("SELECT sum((detail ->> 'written')::int) AS n FROM data.outbox"
                     " WHERE detail_type = 'BarsTaken.v1'")  # fmt: skip
    assert told[0]["n"] == sum(len(share.minutes) for share in SHARES), seed


def assert_nothing_ahead(desk: IngestionDesk, seed: str) -> None:
    """No item says that more is there than is stored, and none has less than is stored."""
    for row in desk.rows("SELECT * FROM data.ingestion_items"):
        (share,) = (one for one in SHARES if one.symbol == row["instrument"])
        wanted = sum(row["first_at"] <= bar.starts_at < row["resume_at"] for bar in share.minutes)
        stored = desk.rows(
            "SELECT count(*) AS n FROM data.intraday_bars WHERE instrument = %s", share.symbol
        )
        assert stored[0]["n"] == wanted, f"{seed}: {row}"


@pytest.mark.parametrize("failpoint", FAILPOINTS)
def test_after_kills_at_a_failpoint_nothing_is_missing_and_nothing_is_there_twice(
    desk: IngestionDesk, told: Any, failpoint: str
) -> None:
    chance = random.Random(f"ingester/{failpoint}")  # noqa: S311 - the same in every run
    killed = 0
    for _ in range(KILLS):
        # Both items are sent at once, and none of them needs a second message.
        passes = 1 if "sen" in failpoint else chance.randint(1, 3)
        code, _ = end(begin({**told, "failpoint": failpoint, "passes": passes}))
        seed = f"{failpoint}, passes {passes}, kill {killed + 1}"
        assert_nothing_ahead(desk, seed)
        killed += code == -signal.SIGKILL

    code, _ = end(begin(told))

    assert killed, f"{failpoint} was never reached"
    assert code == 0
    assert_whole(desk, told["job"], failpoint)


def test_of_several_ingesters_at_once_one_works_on_each_item(
    desk: IngestionDesk, told: Any, twin: AlpacaTwin
) -> None:
    together = [begin({**told, "lease_seconds": 60}) for _ in range(3)]
    codes, said = zip(*map(end, together), strict=True)

    assert codes == (0, 0, 0)
    ended = sorted(number for one in said for number in json.loads(one))
    items = desk.rows("SELECT item, lease, slices FROM data.ingestion_items ORDER BY item")
    assert ended == [row["item"] for row in items]
    assert [(row["lease"], row["slices"]) for row in items] == [(1, 2), (1, 2)]
    assert_whole(desk, told["job"], "three at once")
    # Two slices of each share, two or three pages each: nobody asked for what another had.
    pages = {
        (one.query["symbols"], one.query["start"], one.query.get("page_token"))
        for one in twin.asked
    }
    assert len(pages) == len(twin.asked)
