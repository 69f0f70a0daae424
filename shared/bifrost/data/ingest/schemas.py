"""The JSON of backfills, subscriptions, gaps and freshness."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema, field_validator
from pydantic_core import PydanticCustomError

from bifrost.core.instruments import SYMBOL
from bifrost.data.ingest.backfilling import BackfillRequest, Progress, counts
from bifrost.data.ingest.freshness import Freshness
from bifrost.data.ingest.jobs import Item
from bifrost.data.ingest.subscriptions import Gap, Subscription
from bifrost.data.schemas import Symbol
from bifrost.data.series.kinds import Series
from bifrost.data.series.timeframes import Timeframe
from bifrost.wire.dates import MarketDate
from bifrost.wire.pages import page_of

# Beyond this a job is several: what one person watches and cancels stays readable.
INSTRUMENTS_MAX = 1_000
ALL = "all"
ProviderName = Annotated[str, Field(pattern="^[a-z][a-z0-9_-]{0,31}$", examples=["alpaca"])]


class _Sheet(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, validate_by_name=True)


def _none_for_all(value: object) -> object:
    """Take `all` for no names: a forgotten list must not fetch everything."""
    if value == ALL:
        return ()
    if not value or isinstance(value, str):
        raise PydanticCustomError("names_or_all", f'must name instruments, or be "{ALL}"')
    return value


class BackfillBody(_Sheet):
    """What to fetch, and of whom: the names of instruments, or `all` that are listed.

    Bars have a `timeframe`, `1m` or `1d`; trades and quotes have none.
    """

    instruments: Annotated[
        tuple[Symbol, ...],
        Field(max_length=INSTRUMENTS_MAX),
        BeforeValidator(_none_for_all),
        WithJsonSchema(
            {
                "anyOf": [
                    {"const": ALL},
                    {
                        "type": "array",
                        "items": {"type": "string", "pattern": f"^{SYMBOL}$"},
                        "minItems": 1,
                        "maxItems": INSTRUMENTS_MAX,
                    },
                ]
            }
        ),
    ]
    series: Series = Series.BARS
    timeframe: Timeframe | None = None
    first: MarketDate = Field(alias="from")
    last: MarketDate = Field(alias="to")
    provider: ProviderName

    @field_validator("instruments")
    @classmethod
    def _once_each(cls, symbols: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(symbols)) != len(symbols):
            raise PydanticCustomError("unique", "must name each instrument once")
        return symbols

    def to_request(self) -> BackfillRequest:
        """Return it in the domain's words."""
        return BackfillRequest(
            self.instruments, self.timeframe, self.first, self.last, self.provider, self.series
        )


class JobSheet(_Sheet):
    """A job, and what its items add up to.

    state: computed from `items`, how many there are in each state. rows: bars, trades or quotes.
    percent_done: of the range. ended: nothing more happens unless somebody resumes it.
    """

    job_id: str
    kind: str
    provider: str
    series: str
    timeframe: str | None
    first: datetime = Field(alias="from")
    before: datetime
    session: date | None
    state: str
    ended: bool
    items: dict[str, int]
    rows_read: int
    rows_written: int
    rows_kept_apart: int
    percent_done: int
    eta_seconds: int | None
    requested_by: str
    requested_at: datetime
    cancelled_at: datetime | None

    @classmethod
    def of(cls, progress: Progress) -> "JobSheet":
        """Show a job."""
        job, tally = progress.job, progress.tally
        eta = progress.eta
        return cls(
            job_id=job.job_id,
            kind=job.kind.value,
            provider=job.scope.provider,
            series=job.scope.series.value,
            timeframe=job.scope.timeframe,
            first=job.scope.first,
            before=job.scope.before,
            session=job.session,
            state=progress.state.value,
            ended=progress.has_ended,
            items=counts(tally),
            rows_read=tally.rows_read,
            rows_written=tally.rows_written,
            rows_kept_apart=tally.rows_kept_apart,
            percent_done=progress.percent_done,
            eta_seconds=None if eta is None else int(eta.total_seconds()),
            requested_by=job.requested_by,
            requested_at=job.requested_at,
            cancelled_at=job.cancelled_at,
        )


class JobList(_Sheet):
    """A page of jobs, the newest first; `next_cursor` asks for the page after."""

    items: list[JobSheet]
    next_cursor: str | None

    @classmethod
    def of(cls, found: Sequence[Progress], limit: int) -> "JobList":
        """Show the first `limit` of these jobs."""
        shown, last = page_of(found, limit)
        return cls(
            items=[JobSheet.of(one) for one in shown], next_cursor=last.job.job_id if last else None
        )


class ItemSheet(_Sheet):
    """One instrument of a job. All before `resume_at` is there; `reason`: why it stopped."""

    item: int
    instrument: str
    state: str
    first: datetime = Field(alias="from")
    before: datetime
    resume_at: datetime
    due_at: datetime | None
    tries: int
    rows_read: int
    rows_written: int
    rows_kept_apart: int
    reason: str

    @classmethod
    def of(cls, item: Item) -> "ItemSheet":
        """Show an item."""
        return cls(
            item=item.number,
            instrument=item.instrument,
            state=item.state.value,
            first=item.scope.first,
            before=item.scope.before,
            resume_at=item.resume_at,
            due_at=item.due_at,
            tries=item.tries,
            rows_read=item.rows_read,
            rows_written=item.rows_written,
            rows_kept_apart=item.rows_kept_apart,
            reason=item.reason,
        )


class ItemList(_Sheet):
    """A page of a job's items, in the order in which they were asked for."""

    items: list[ItemSheet]
    next_cursor: str | None

    @classmethod
    def of(cls, found: Sequence[Item], limit: int) -> "ItemList":
        """Show the first `limit` of these items."""
        shown, last = page_of(found, limit)
        return cls(
            items=[ItemSheet.of(one) for one in shown],
            next_cursor=str(last.number) if last else None,
        )


class SubscriptionBody(_Sheet):
    """From which session on; `live`: its daily bars become the desk's feed at each close."""

    since: MarketDate
    live: bool = False
    symbol: Annotated[str, Field(pattern="^[A-Za-z0-9.^=-]{1,32}$")] | None = None

    def to_subscription(self, instrument: str, timeframe: Timeframe, provider: str) -> Subscription:
        """Return it in the domain's words."""
        symbol = self.symbol or instrument
        return Subscription(instrument, timeframe, provider, symbol, self.since, self.live)


class SubscriptionSheet(_Sheet):
    """What is fetched by itself; sessions before `complete_to` have no gap."""

    instrument: str
    timeframe: str
    provider: str
    symbol: str
    since: date
    live: bool
    complete_to: date | None

    @classmethod
    def of(cls, one: Subscription) -> "SubscriptionSheet":
        """Show a subscription."""
        return cls(
            instrument=one.instrument,
            timeframe=one.timeframe.value,
            provider=one.provider,
            symbol=one.symbol,
            since=one.since,
            live=one.live,
            complete_to=one.complete_to,
        )


class SubscriptionList(_Sheet):
    """Every subscription, by instrument."""

    items: list[SubscriptionSheet]


class GapSheet(_Sheet):
    """Bars that the calendar expects in [from, before) and nobody accounts for."""

    instrument: str
    timeframe: str
    provider: str
    first: datetime = Field(alias="from")
    before: datetime
    missing: int
    found_at: datetime
    closed_at: datetime | None
    job_id: str | None

    @classmethod
    def of(cls, gap: Gap) -> "GapSheet":
        """Show a gap."""
        return cls(
            instrument=gap.instrument,
            timeframe=gap.timeframe.value,
            provider=gap.provider,
            first=gap.first,
            before=gap.before,
            missing=gap.missing,
            found_at=gap.found_at,
            closed_at=gap.closed_at,
            job_id=gap.job_id or None,
        )


class GapList(_Sheet):
    """Gaps, the newest first."""

    items: list[GapSheet]


class FreshnessSheet(_Sheet):
    """How old the newest bar of an instrument is, whose session is open."""

    instrument: str
    ended_at: datetime | None
    age_seconds: int
    fresh: bool

    @classmethod
    def of(cls, one: Freshness) -> "FreshnessSheet":
        """Show it."""
        return cls(
            instrument=one.instrument,
            ended_at=one.ended_at,
            age_seconds=int(one.age.total_seconds()),
            fresh=one.is_fresh,
        )


class FreshnessList(_Sheet):
    """Of every minute subscription whose session is open; empty while none is."""

    items: list[FreshnessSheet]
