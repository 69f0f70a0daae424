"""kill -9 of an ingester of trades inside a day, at one failpoint after the other: each time what
is stored is what came before the resume point, and in the end every trade is there once.
"""

import json
import signal
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

from bifrost.adapters.clock import SystemClock
from bifrost.adapters.postgres.database import Database
from bifrost.data.series.columns import micros
from bifrost.data.series.kinds import Series
from tests.faults.forking import Forks
from tests.faults.ingester import TICK_FAILPOINTS
from tests.ingestion_desk import IngestionDesk
from tests.twins.alpaca import AlpacaTwin
from tests.twins.market import market, share

DAY = date(2024, 6, 3)
SHARE = share("AAPL", first=DAY, last=DAY)


def stored(desk: IngestionDesk) -> list[tuple[int, int]]:
    """Every stored row."""
    query = "SELECT occurred_at, price FROM data.trades ORDER BY occurred_at, sequence"
    return [(micros(row["occurred_at"]), row["price"]) for row in desk.rows(query)]


def test_after_kills_inside_a_day_no_trade_is_missing_and_none_is_there_twice(
    make_database: Callable[[str], Database],
    database_url: Callable[[str], str],
    ingesters: Forks,
    tmp_path: Path,
) -> None:
    desk = IngestionDesk(make_database("data"))
    desk.clock.at = SystemClock().now()
    job = desk.start_ticks(Series.TRADES, first=DAY, last=DAY)
    desk.rows("UPDATE data.ingestion_items SET sent_at = NULL RETURNING item")

    def run(told: Any) -> int:
        """Let an ingester work until it has done all or dies, and its lease end."""
        code = ingesters.start([json.dumps(told)], tmp_path / "out").wait(120)
        desk.rows(
            "UPDATE data.ingestion_items SET leased_until = leased_until - interval '1 hour',"
            " sent_at = sent_at - interval '1 hour' RETURNING item"
        )
        return code

    truth = [(micros(one.at), int(one.price * 10**6)) for one in SHARE.trades]

    with AlpacaTwin(market(SHARE), page_rows=5) as twin:
        told = {
            "database": database_url("data"),
            "twin": twin.url,
            "job": job,
            "lease_seconds": 60,
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
