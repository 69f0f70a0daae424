"""What ingestion is plugged into. What works on bars is loaded by who does: numpy stands behind."""

from functools import lru_cache
from typing import TYPE_CHECKING

from bifrost.adapters.clock import SystemClock
from bifrost.adapters.ids import RandomIds
from bifrost.adapters.postgres.market.feeds import PostgresFeeds
from bifrost.adapters.postgres.market.instruments import PostgresReference
from bifrost.adapters.postgres.market.items import PostgresItems
from bifrost.adapters.postgres.market.jobs import PostgresJobs
from bifrost.adapters.postgres.market.subscriptions import PostgresSubscriptions
from bifrost.data.ingest.backfilling import Backfills
from bifrost.data.ingest.dispatching import Dispatcher
from bifrost.data.ingest.feeding import DailyFeed
from bifrost.data.ingest.freshness import FreshnessReport
from bifrost.data.ingest.planning import Planner
from bifrost.data.ingest.subscribing import Subscribing
from bifrost.runtime.environment import environment
from bifrost.runtime.plugs import database, second_database, secrets, work_queue
from functions.data import wiring

if TYPE_CHECKING:
    from bifrost.adapters.vendors.registry import Vendors
    from bifrost.data.ingest.gaps import GapFinder
    from bifrost.data.ingest.working import ItemIngester
    from bifrost.data.reference.asking import ActionAsker


@lru_cache
def jobs() -> PostgresJobs:
    """Ingestion's jobs."""
    return PostgresJobs(database())


@lru_cache
def subscriptions() -> PostgresSubscriptions:
    """What is fetched by itself, and what is missing of it."""
    return PostgresSubscriptions(database())


@lru_cache
def dispatcher() -> Dispatcher:
    """Who sends items to the ingesters."""
    return Dispatcher(jobs(), work_queue(), SystemClock())


@lru_cache
def backfills() -> Backfills:
    """Jobs that a person asks for."""
    from bifrost.adapters.vendors.registry import TICK_VENDORS, VENDORS

    return Backfills(
        jobs(),
        subscriptions(),
        VENDORS,
        dispatcher(),
        SystemClock(),
        RandomIds(),
        TICK_VENDORS,
    )


@lru_cache
def subscribing() -> Subscribing:
    """Who says what is fetched by itself."""
    from bifrost.adapters.vendors.registry import VENDORS

    return Subscribing(subscriptions(), VENDORS, SystemClock())


@lru_cache
def planner() -> Planner:
    """Who makes the jobs that the clock owes."""
    return Planner(jobs(), subscriptions(), subscriptions(), dispatcher(), SystemClock())


@lru_cache
def gap_finder() -> "GapFinder":
    """Who finds what is missing, and has it fetched."""
    from bifrost.data.ingest.gaps import GapFinder

    return GapFinder(
        jobs(), subscriptions(), subscriptions(), dispatcher(), SystemClock(), RandomIds()
    )


@lru_cache
def daily_feed() -> DailyFeed:
    """Who publishes a session once its jobs have ended."""
    return DailyFeed(PostgresFeeds(database()), SystemClock())


@lru_cache
def freshness() -> FreshnessReport:
    """Who tells how old the newest bars are."""
    return FreshnessReport(subscriptions(), SystemClock())


def ingester() -> "ItemIngester":
    """Who works on items."""
    from bifrost.data.ingest.working import ItemIngester

    return ItemIngester(
        PostgresItems(database()), vendors(), SystemClock(), RandomIds(), names=names()
    )


def action_asker() -> "ActionAsker":
    """Who asks vendors for corporate actions."""
    from bifrost.data.reference.asking import ActionAsker

    return ActionAsker(vendors(), wiring.imports(), names())


def names() -> PostgresReference:
    """What each instrument was called when."""
    return PostgresReference(database())


def vendors() -> "Vendors":
    """The vendors that this desk has keys of: a key that is new counts after a minute."""
    return _vendors(int(SystemClock().now().timestamp()) // 60)


@lru_cache(maxsize=1)
def _vendors(_minute: int) -> "Vendors":
    from bifrost.adapters.postgres.market.vendor_states import PostgresVendorStates
    from bifrost.adapters.vendors.registry import Vendors
    from bifrost.adapters.vendors.settings import vendor_settings

    kept = environment().vendor_keys
    settings = vendor_settings(secrets().get(kept) if kept else "")
    # A connection of its own: a vendor's state is never part of a slice's transaction.
    return Vendors(settings, PostgresVendorStates(second_database()), SystemClock())
