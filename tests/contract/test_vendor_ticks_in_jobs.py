"""A backfill of quotes or trades over each vendor's real client while its twin does all that
vendors do, one after the other: the job's state is right each time, nothing wrong is stored, the
circuit opens and closes, and what goes on from inside a day ends with all that was told, each once.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from itertools import product
from typing import Any

import numpy as np
import pytest

from bifrost.adapters.postgres.database import Database
from bifrost.adapters.postgres.market.ticks import PostgresTickReader
from bifrost.adapters.vendors.registry import TICK_VENDORS
from bifrost.data.ingest import working
from bifrost.data.ingest.backfilling import BackfillRequest
from bifrost.data.ingest.jobs import ItemState, JobState
from bifrost.data.providers.breaking import CircuitState
from bifrost.data.series.columns import micros
from bifrost.data.series.kinds import Series
from bifrost.data.series.ticks import QuoteColumns, TickQuery, TradeColumns
from tests.contract.vendor_desk import BEFORE, FIRST
from tests.contract.vendor_job import VendorJob
from tests.twins.market import Share, share
from tests.twins.server import (
    WELL,
    Misbehaviour,
    Reply,
    Shape,
    empty_200,
    half_page,
    too_many,
)

pytestmark = pytest.mark.usefixtures("three_tries")

# Tuesday it did not trade.
DAYS = (date(2024, 6, 3), date(2024, 6, 5))
PRICES = ("p", "bp", "price", "bid_price")


def _share() -> Share:
    monday, wednesday = (share("AAPL", first=day, last=day) for day in DAYS)
    trades = [*monday.trades, *wednesday.trades]
    return replace(monday, trades=trades, quotes=[*monday.quotes, *wednesday.quotes])


SHARE = _share()
TRUTH = {
    Series.TRADES: [(micros(one.at), int(one.price * 10**6)) for one in SHARE.trades],
    Series.QUOTES: [(micros(one.at), int(one.bid * 10**6)) for one in SHARE.quotes],
}


def _of_each_row(change: Callable[[dict[str, Any]], None]) -> Misbehaviour:
    def step(reply: Reply, shape: Shape) -> Reply:
        content = json.loads(reply.body)
        told = content.get("results") or content.get("trades") or content.get("quotes")
        for row in told["AAPL"] if isinstance(told, dict) else told:
            change(row)
        return replace(reply, content=content)

    return step


def _rename_a_price(row: dict[str, Any]) -> None:
    for name in set(PRICES) & set(row):
        row[f"{name}_"] = row.pop(name)


def _ten_hours_early(row: dict[str, Any]) -> None:
    if "sip_timestamp" in row:
        row["sip_timestamp"] -= 10 * 3_600_000_000_000
    else:
        row["t"] = str(np.datetime64(row["t"].rstrip("Z"), "us") - np.timedelta64(10, "h")) + "Z"


class TickJob(VendorJob):
    """One backfill of quotes or trades from one vendor, and what became of it."""

    def __init__(
        self, make_database: Callable[[str], Database], vendor: str, series: Series
    ) -> None:
        super().__init__(make_database, vendor, SHARE, page_rows=20)
        self.series = series
        self.begin_days("key-1")

    def begin_days(self, key: str) -> None:
        """Ask for the three days."""
        days = (DAYS[0], DAYS[-1])
        self.begin(BackfillRequest(("AAPL",), None, *days, self.vendor, self.series), key)

    @property
    def stored(self) -> list[tuple[int, int]]:
        """The time and price of what readers see, of which each is one row."""
        reader, asked = PostgresTickReader(self.desk.database), TickQuery("AAPL", FIRST, BEFORE)
        found: TradeColumns | QuoteColumns
        if self.series is Series.TRADES:
            found = reader.trades(asked)
            prices = found.price
        else:
            found = reader.quotes(asked)
            prices = found.bid
        (rows,) = self.desk.rows(f"SELECT count(*) AS n FROM data.{self.series}")
        assert rows["n"] == len(found)
        return list(zip(found.occurred_at.tolist(), prices.tolist(), strict=True))

    @property
    def absent_days(self) -> list[date]:
        """The days of which the vendor said that it has none."""
        rows = self.desk.rows("SELECT first_at FROM data.absences WHERE timeframe = %s",
                              self.series)  # fmt: skip
        return [(row["first_at"]).date() for row in rows]


@pytest.fixture(params=product(TICK_VENDORS, (Series.TRADES, Series.QUOTES)), ids="-".join)
def job(
    request: pytest.FixtureRequest, make_database: Callable[[str], Database]
) -> Iterator[TickJob]:
    one = TickJob(make_database, *request.param)
    yield one
    one.twin.die()


def test_a_job_survives_all_that_vendors_do_and_ends_with_all_that_was_told(job: TickJob) -> None:
    truth = TRUTH[job.series]
    item = job.work(always=too_many(retry_after="600"))
    assert (item.state, job.state) == (ItemState.RATE_LIMITED, JobState.RATE_LIMITED)

    item = job.work(always=empty_200)
    assert (item.state, item.tries) == (ItemState.FAILED, 1)
    assert (job.stored, job.absent_days) == ([], [])

    item = job.work(WELL, WELL, always=half_page)
    assert (item.state, job.state) == (ItemState.PARTIAL, JobState.RUNNING)
    kept = job.stored
    assert 0 < len(kept) < len(truth)
    assert kept == truth[: len(kept)]
    assert micros(item.resume_at) == truth[len(kept)][0], "inside the day, behind what is stored"

    for trouble in (_rename_a_price, _ten_hours_early):
        job.twin.page_rows = 10_000
        item = job.work(always=_of_each_row(trouble))
        assert (item.state, job.state) == (ItemState.FAILED, JobState.FAILED), item.reason
        assert "shape" in item.reason or "outside of 4:00 to 20:00" in item.reason
        assert job.stored == kept
        job.backfills.resume(job.job_id)

    job.twin.die()
    for _ in range(2):
        item = job.work()
    assert (job.circuit, item.state) == (CircuitState.OPEN, ItemState.FAILED)
    assert (job.stored, job.absent_days) == (kept, [])
    job.twin.live()

    item = job.work()
    assert (item.state, job.state) == (ItemState.DONE, JobState.DONE)
    assert job.circuit is CircuitState.CLOSED
    assert job.stored == truth
    assert job.absent_days == [DAYS[0] + timedelta(days=1)]


def test_a_day_of_many_pages_is_kept_part_by_part_and_told_again_is_no_news(
    job: TickJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(working, "TICKS_AT_ONCE", 30)

    item = job.work()
    first = (item.state, item.rows_written, item.slices > len(DAYS) + 1)
    job.begin_days("key-2")
    job.twin.page_rows = 7
    again = job.work()

    assert first == (ItemState.DONE, len(TRUTH[job.series]), True)
    assert (again.state, again.rows_written) == (ItemState.DONE, 0)
    assert job.stored == TRUTH[job.series]
