"""A backfill over each vendor's real client while its twin does all that vendors do, one after the
other: the job's state is right each time, nothing wrong is stored, the circuit opens and closes,
and what goes on from where it stopped ends with what was traded, each bar once.
"""

from collections.abc import Callable, Iterator
from datetime import date

import numpy as np
import pytest

from bifrost.adapters.postgres.database import Database
from bifrost.adapters.postgres.market.series import PostgresSeriesReader
from bifrost.adapters.vendors.registry import VENDORS
from bifrost.data.ingest.backfilling import BackfillRequest
from bifrost.data.ingest.jobs import ItemState, JobState
from bifrost.data.providers.breaking import CircuitState
from bifrost.data.series.asked import SeriesQuery
from bifrost.data.series.columns import BarColumns
from bifrost.data.series.timeframes import Timeframe
from tests.contract.vendor_desk import BEFORE, FIRST, LAST, truth
from tests.contract.vendor_job import VendorJob
from tests.twins.market import share
from tests.twins.server import (
    WELL,
    empty_200,
    half_page,
    renamed,
    shifted,
    too_many,
)

pytestmark = pytest.mark.usefixtures("three_tries")

SHARE = share("AAPL", last=LAST)
TRUTH = truth(SHARE, Timeframe.M1)


class MinutesJob(VendorJob):
    """One backfill of minutes from one vendor, and what became of it."""

    def __init__(self, make_database: Callable[[str], Database], vendor: str) -> None:
        super().__init__(make_database, vendor, SHARE, page_rows=300)
        asked = BackfillRequest(("AAPL",), Timeframe.M1, date(2024, 6, 3), LAST, vendor)
        self.begin(asked, "key-1")

    def resume(self) -> None:
        """Do as a person does who has read why it failed."""
        self.backfills.resume(self.job_id)

    @property
    def stored(self) -> BarColumns:
        """What is stored, each bar as it stands."""
        asked = SeriesQuery("AAPL", Timeframe.M1, FIRST, BEFORE)
        return PostgresSeriesReader(self.desk.database).read(asked)

    def holds_nothing_wrong(self) -> bool:
        """Say whether every stored bar is what was traded, and stored once."""
        stored = self.stored
        places = np.searchsorted(TRUTH.starts_at, stored.starts_at)
        (row,) = self.desk.rows("SELECT count(*) AS bars FROM data.intraday_bars")
        return stored.equals(TRUTH.take(places)) and row["bars"] == len(stored)


@pytest.fixture(params=VENDORS)
def job(
    request: pytest.FixtureRequest, make_database: Callable[[str], Database]
) -> Iterator[MinutesJob]:
    one = MinutesJob(make_database, request.param)
    yield one
    one.twin.die()


def test_a_job_survives_all_that_vendors_do_and_ends_with_what_was_traded(job: MinutesJob) -> None:
    item = job.work(always=too_many(retry_after="600"))
    assert (item.state, job.state) == (ItemState.RATE_LIMITED, JobState.RATE_LIMITED)
    assert len(job.stored) == 0

    item = job.work(always=empty_200)
    assert (item.state, item.tries) == (ItemState.FAILED, 1)
    assert "nothing" in item.reason
    assert len(job.stored) == 0

    item = job.work(WELL, WELL, always=half_page)
    assert (item.state, job.state) == (ItemState.PARTIAL, JobState.RUNNING)
    kept = len(job.stored)
    assert 0 < kept < len(TRUTH)
    assert job.holds_nothing_wrong()

    for trouble in (renamed("close"), shifted(-5)):
        job.twin.page_rows = 10_000
        item = job.work(always=trouble)
        assert (item.state, job.state) == (ItemState.FAILED, JobState.FAILED)
        assert "shape" in item.reason or "time zone" in item.reason
        assert (len(job.stored), job.holds_nothing_wrong()) == (kept, True)
        job.resume()

    job.twin.die()
    for _ in range(2):
        item = job.work()
    assert job.circuit is CircuitState.OPEN
    assert (item.state, len(job.stored)) == (ItemState.FAILED, kept)
    job.twin.live()

    item = job.work()
    assert (item.state, job.state) == (ItemState.DONE, JobState.DONE)
    assert job.circuit is CircuitState.CLOSED
    assert job.stored.equals(TRUTH)
    assert job.holds_nothing_wrong()
