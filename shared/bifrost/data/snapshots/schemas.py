"""The JSON of snapshots. Numbers are statistics, written as text; each says since when."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from bifrost.data.series.statistic_schemas import Statistic
from bifrost.data.snapshots.kinds import EarningsReport, Known, Reported, Setup, Snapshot
from bifrost.wire.pages import page_of

# An address takes 64 KiB of JSON.
TEXT_MAX = 60_000


class _Sheet(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class KnownValue(_Sheet):
    """A number, and the instant from which on it could be known."""

    value: Statistic
    known_at: datetime

    @classmethod
    def of(cls, known: Known) -> "KnownValue":
        """Show a number."""
        return cls(value=known.value, known_at=known.known_at)


class ReportedValue(KnownValue):
    """A number that a company reported of the period that ended then."""

    period_end: date
    currency: str

    @classmethod
    def of_report(cls, one: Reported) -> "ReportedValue":
        """Show a number."""
        return cls(
            value=one.value,
            known_at=one.known_at,
            period_end=one.period_end,
            currency=one.currency,
        )


class EarningsSheet(_Sheet):
    """Earnings per share: expected or told, as far as it is known."""

    earnings_at: datetime
    eps_estimate: Statistic | None
    eps_actual: Statistic | None
    known_at: datetime

    @classmethod
    def of(cls, report: EarningsReport | None) -> "EarningsSheet | None":
        """Show a report; nothing of none."""
        if report is None:
            return None
        return cls(**{name: getattr(report, name) for name in cls.model_fields})


class SetupSheet(_Sheet):
    """A rule that saw its pattern at a close."""

    name: str
    known_at: datetime

    @classmethod
    def of(cls, setup: Setup) -> "SetupSheet":
        """Show a setup."""
        return cls(name=setup.name, known_at=setup.known_at)


class SnapshotSheet(_Sheet):
    """What could be known of an instrument; a value that is left out is not known.

    session: of its last bar.
    """

    instrument: str
    session: date
    overview: dict[str, KnownValue]
    technicals: dict[str, KnownValue]
    fundamentals: dict[str, ReportedValue]
    last_earnings: EarningsSheet | None
    next_earnings: EarningsSheet | None
    setups: list[SetupSheet]

    @classmethod
    def of(cls, snapshot: Snapshot) -> "SnapshotSheet":
        """Show one."""
        fundamentals = snapshot.fundamentals.items()
        return cls(
            instrument=snapshot.instrument,
            session=snapshot.session,
            overview={name: KnownValue.of(one) for name, one in snapshot.overview.items()},
            technicals={name: KnownValue.of(one) for name, one in snapshot.technicals.items()},
            fundamentals={name: ReportedValue.of_report(one) for name, one in fundamentals},
            last_earnings=EarningsSheet.of(snapshot.last_earnings),
            next_earnings=EarningsSheet.of(snapshot.next_earnings),
            setups=[SetupSheet.of(one) for one in snapshot.setups],
        )


class SnapshotPage(_Sheet):
    """A page of snapshots, by instrument."""

    as_of: datetime
    items: list[SnapshotSheet]
    next_cursor: str | None

    @classmethod
    def of(cls, as_of: datetime, found: Sequence[Snapshot], limit: int) -> "SnapshotPage":
        """Show the first `limit` of these."""
        shown, last = page_of(found, limit)
        return cls(
            as_of=as_of,
            items=[SnapshotSheet.of(one) for one in shown],
            next_cursor=last.instrument if last else None,
        )


class FactsBody(_Sheet):
    """A CSV file of fundamentals or earnings; its header says which."""

    text: Annotated[str, Field(min_length=1, max_length=TEXT_MAX, pattern=r"^[^\x00]+$")]


class FactsSheet(_Sheet):
    """What became of a file: a row that was there already is no news."""

    rows_read: int
    rows_written: int
