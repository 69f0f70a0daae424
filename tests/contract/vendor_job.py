"""One backfill from one vendor's real client, whose twin does what vendors do."""

from collections.abc import Callable

from bifrost.adapters.ids import RandomIds
from bifrost.adapters.postgres.database import Database
from bifrost.adapters.postgres.market.items import PostgresItems
from bifrost.adapters.postgres.market.vendor_states import PostgresVendorStates
from bifrost.adapters.vendors.calls import Patience
from bifrost.adapters.vendors.registry import TICK_VENDORS, VENDORS, Vendors
from bifrost.data.ingest.backfilling import Asking, BackfillRequest, Backfills
from bifrost.data.ingest.jobs import Item, JobState
from bifrost.data.ingest.working import ItemIngester
from bifrost.data.providers.breaking import CircuitState
from tests.contract.vendor_desk import TWINS, settings_of
from tests.ingestion_desk import IngestionDesk
from tests.twins.market import Share, market
from tests.twins.server import Misbehaviour


class VendorJob:
    """One backfill from one vendor, and what became of it."""

    job_id: str

    def __init__(
        self, make_database: Callable[[str], Database], vendor: str, share: Share, page_rows: int
    ) -> None:
        self.vendor = vendor
        self.desk = IngestionDesk(make_database("data"))
        self.twin = TWINS[vendor](market(share), page_rows=page_rows)
        self.twin.live()
        self.states = PostgresVendorStates(make_database("data"))
        clock, ids = self.desk.clock, RandomIds()
        vendors = Vendors(settings_of(self.twin), self.states, clock, Patience(deadline_seconds=2))
        self.ingester = ItemIngester(PostgresItems(self.desk.database), vendors, clock, ids)
        parts = (self.desk.jobs, self.desk.subscriptions, VENDORS, self.desk.dispatcher, clock, ids)
        self.backfills = Backfills(*parts, TICK_VENDORS)

    def begin(self, asked: BackfillRequest, key: str) -> None:
        """Ask for it; what follows is of this job."""
        self.job_id = self.backfills.start(asked, Asking("owner-1", key, "request-1")).job.job_id

    def work(self, *script: Misbehaviour | None, always: Misbehaviour | None = None) -> Item:
        """Wait until the item is due, and let an ingester work while the twin does this."""
        self.twin.script(*script)
        self.twin.always = always
        self.desk.clock.pass_by(1000)
        self.ingester.work(self.desk.item(self.job_id).number)
        return self.desk.item(self.job_id)

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
