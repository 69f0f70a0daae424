"""A backfill over each vendor's real client while its twin does all that vendors do, one after the
other: the job's state is right each time, nothing wrong is stored, the circuit opens and closes,
and what goes on from where it stopped ends with what was traded, each bar once.
"""

from collections.abc import Callable, Iterator
from datetime import date

import numpy as np
import pytest
import stamina

from bifrost.adapters.ids import RandomIds
from bifrost.adapters.postgres.database import Database
from bifrost.adapters.postgres.market.items import PostgresItems
from bifrost.adapters.postgres.market.series import PostgresSeriesReader
from bifrost.adapters.postgres.market.vendor_states import PostgresVendorStates
from bifrost.adapters.vendors.calls import Patience
from bifrost.adapters.vendors.registry import VENDORS, Vendors
from bifrost.data.ingest.backfilling import Asking, BackfillRequest, Backfills
from bifrost.data.ingest.jobs import Item, ItemState, JobState
from bifrost.data.ingest.working import ItemIngester
from bifrost.data.providers.breaking import CircuitState
from bifrost.data.series.asked import SeriesQuery
from bifrost.data.series.columns import BarColumns
from bifrost.data.series.timeframes import Timeframe
from tests.contract.vendor_desk import BEFORE, FIRST, LAST, TWINS, settings_of, truth
from tests.ingestion_desk import IngestionDesk
from tests.twins.market import market, share
from tests.twins.server import (
    WELL,
    Misbehaviour,
    empty_200,
    half_page,
    renamed,
    shifted,
    too_many,
)

SHARE = share("AAPL", last=LAST)
TRUTH = truth(SHARE, Timeframe.M1)


@pytest.fixture(autouse=True)
def _without_pauses() -> Iterator[None]:
    stamina.set_testing(True, attempts=3)
    yield
    stamina.set_testing(False)


class VendorJob:
    """One backfill of minutes from one vendor, and what became of it."""

    def __init__(self, make_database: Callable[[str], Database], vendor: str) -> None:
        self.vendor = vendor
        self.desk = IngestionDesk(make_database("data"))
        self.twin = TWINS[vendor](market(SHARE), page_rows=300)
        self.twin.live()
        self.states = PostgresVendorStates(make_database("data"))
        clock, ids, jobs = self.desk.clock, RandomIds(), self.desk.jobs
        settings = settings_of(self.twin)
        vendors = Vendors(settings, self.states, clock, Patience(deadline_seconds=2))
        self.ingester = ItemIngester(PostgresItems(self.desk.database), vendors, clock, ids)
        subscriptions = self.desk.subscriptions
        self.backfills = Backfills(jobs, subscriptions, VENDORS, self.desk.dispatcher, clock, ids)
        asked = BackfillRequest(("AAPL",), Timeframe.M1, date(2024, 6, 3), LAST, vendor)
        begun = self.backfills.start(asked, Asking("owner-1", "key-1", "request-1"))
        self.job_id = begun.job.job_id

    def work(self, *script: Misbehaviour | None, always: Misbehaviour | None = None) -> Item:
        """Wait until the item is due, and let an ingester work while the twin does this."""
        self.twin.script(*script)
        self.twin.always = always
        self.desk.clock.pass_by(1000)
        self.ingester.work(self.desk.item(self.job_id).number)
        return self.desk.item(self.job_id)

    def resume(self) -> None:
        """Do as a person does who has read why it failed."""
        self.backfills.resume(self.job_id)

    @property
    def state(self) -> JobState:
        """The job's."""
        return self.backfills.progress(self.job_id).state

    @property
    def circuit(self) -> CircuitState:
        """How the circuit to the vendor stands, as every process sees it."""
        found = self.states.find(self.vendor)
        assert found is not None
        return found.circuit.state

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
) -> Iterator[VendorJob]:
    one = VendorJob(make_database, request.param)
    yield one
    one.twin.die()


def test_a_job_survives_all_that_vendors_do_and_ends_with_what_was_traded(job: VendorJob) -> None:
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
