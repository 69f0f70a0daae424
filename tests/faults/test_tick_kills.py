"""kill -9 of an ingester of trades inside a day, at one failpoint after the other: each time what
is stored is what came before the resume point, and in the end every trade is there once.
"""

import json
import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import date
from typing import Any

from bifrost.adapters.clock import SystemClock
from bifrost.adapters.postgres.database import Database
from bifrost.data.series.columns import micros
from bifrost.data.series.kinds import Series
from tests.faults.ingester import TICK_FAILPOINTS
from tests.ingestion_desk import IngestionDesk
from tests.live_desk import PROJECT
from tests.twins.alpaca import AlpacaTwin
from tests.twins.market import market, share

DAY = date(2024, 6, 3)
SHARE = share("AAPL", first=DAY, last=DAY)


def run(told: Any) -> int:
    """Let an ingester work until it has done all or dies; return its code."""
    command = [sys.executable, "-m", "tests.faults.ingester", json.dumps(told)]
    done = subprocess.run(command, cwd=PROJECT, stdout=subprocess.PIPE, timeout=120, check=False)
    return done.returncode


def stored(desk: IngestionDesk) -> list[tuple[int, int]]:
    """Every stored row."""
    query = "SELECT occurred_at, price FROM data.trades ORDER BY occurred_at, sequence"
    return [(micros(row["occurred_at"]), row["price"]) for row in desk.rows(query)]


def test_after_kills_inside_a_day_no_trade_is_missing_and_none_is_there_twice(
    make_database: Callable[[str], Database], database_url: Callable[[str], str]
) -> None:
    desk = IngestionDesk(make_database("data"))
    desk.clock.at = SystemClock().now()
    job = desk.start_ticks(Series.TRADES, first=DAY, last=DAY)
    desk.rows("UPDATE data.ingestion_items SET sent_at = NULL RETURNING item")
    truth = [(micros(one.at), int(one.price * 10**6)) for one in SHARE.trades]

    with AlpacaTwin(market(SHARE), page_rows=5) as twin:
        told = {
            "database": database_url("data"),
            "twin": twin.url,
            "job": job,
            "lease_seconds": 1,
            "ticks_at_once": 8,
        }
        for failpoint, passes in TICK_FAILPOINTS:
            code = run({**told, "failpoint": failpoint, "passes": passes})
            resume_at = micros(desk.item(job).resume_at)
            assert code == -signal.SIGKILL, failpoint
            assert stored(desk) == [one for one in truth if one[0] < resume_at], failpoint
        between = len(stored(desk))
        assert run({**told, "failpoint": "", "passes": 0}) == 0

    assert 0 < between < len(truth)
    assert desk.progress(job).state == "done"
    assert stored(desk) == truth
