"""What is fetched by itself: subscriptions, what each session owes them, and what is missing."""

from dataclasses import dataclass
from datetime import date, datetime

from bifrost.data.series.timeframes import Timeframe


@dataclass(frozen=True, slots=True)
class Subscription:
    """Bars of an instrument that a provider is asked for, after each session or each minute.

    symbol: what the provider calls it. since: gaps are looked for from this session on. live: its
    daily bar is published as the desk's feed once its session's job has ended.
    """

    instrument: str
    timeframe: Timeframe
    provider: str
    symbol: str
    since: date
    live: bool
    calendar: str = ""
    complete_to: date | None = None


@dataclass(frozen=True, slots=True)
class Gap:
    """Bars that the calendar expects in [first, before), and that nobody accounts for.

    closed_at: since when they are there, or a vendor's word says that there are none.
    """

    instrument: str
    timeframe: Timeframe
    provider: str
    first: datetime
    before: datetime
    missing: int
    found_at: datetime
    closed_at: datetime | None = None
    job_id: str = ""
