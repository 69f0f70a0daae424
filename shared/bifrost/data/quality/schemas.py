"""The JSON of quality. Shares are of one, `goal` the one that has to be exceeded."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from bifrost.data.quality.report import (
    GOAL,
    Completeness,
    Flag,
    QualityReport,
    QuarantinedBar,
    QuarantinedTick,
)
from bifrost.data.series.statistic_schemas import Statistic
from bifrost.wire.texts import Reason


class _Sheet(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class DayCompleteness(_Sheet):
    """A session's bars of one timeframe, of all instruments together."""

    session: date
    timeframe: str
    expected: int
    stored: int
    quarantined: int
    share: Statistic
    reached: bool

    @classmethod
    def of(cls, one: Completeness) -> "DayCompleteness":
        """Show a day."""
        return cls(**_shown(one))


class InstrumentCompleteness(DayCompleteness):
    """A session's bars of one instrument and timeframe."""

    instrument: str

    @classmethod
    def of(cls, one: Completeness) -> "InstrumentCompleteness":
        """Show an instrument's day."""
        return cls(**_shown(one), instrument=one.instrument)


def _shown(one: Completeness) -> dict[str, Any]:
    names = (name for name in DayCompleteness.model_fields if name != "reached")
    return {name: getattr(one, name) for name in names} | {"reached": one.is_reached}


class QuarantinedSheet(_Sheet):
    """A bar that reaches no decision: its values as they came, and why."""

    quarantine_id: int
    instrument: str
    timeframe: str
    occurred_at: datetime
    session: date | None
    source: str
    open: str
    high: str
    low: str
    close: str
    volume: str
    kinds: list[str]
    reason: str
    recorded_at: datetime
    released_at: datetime | None
    released_by: str | None
    release_reason: str | None

    @classmethod
    def of(cls, bar: QuarantinedBar) -> "QuarantinedSheet":
        """Show one."""
        values = {name: getattr(bar, name) for name in cls.model_fields}
        for name, value in values.items():
            if isinstance(value, Decimal):
                values[name] = f"{value:f}"
        return cls(**values | {"kinds": list(bar.kinds)})


class QuarantinedTickSheet(_Sheet):
    """A quote or a trade that reaches no decision: what it says, as it came, and why."""

    number: int
    instrument: str
    kind: str
    occurred_at: datetime
    sequence: int
    session: date | None
    source: str
    told: dict[str, str]
    kinds: list[str]
    reason: str
    recorded_at: datetime

    @classmethod
    def of(cls, tick: QuarantinedTick) -> "QuarantinedTickSheet":
        """Show one."""
        values = {name: getattr(tick, name) for name in cls.model_fields}
        return cls(**values | {"kinds": list(tick.kinds), "told": dict(tick.told)})


class FlagSheet(_Sheet):
    """What is stored and odd, or what is missing."""

    instrument: str
    timeframe: str
    occurred_at: datetime
    session: date | None
    source: str
    kind: str
    reason: str
    recorded_at: datetime

    @classmethod
    def of(cls, flag: Flag) -> "FlagSheet":
        """Show one."""
        return cls(**{name: getattr(flag, name) for name in cls.model_fields})


class QualitySheet(_Sheet):
    """How good the data of some sessions is; `worst` are those below the goal, worst first.

    reached: of all of these sessions; null where nothing is stored of them and nobody subscribed
    to them. days: the newest, `days_left_out` are older ones that are not listed.
    """

    first: date = Field(alias="from")
    last: date = Field(alias="to")
    goal: Statistic
    reached: bool | None
    days: list[DayCompleteness]
    days_left_out: int
    worst: list[InstrumentCompleteness]
    quarantined: list[QuarantinedSheet]
    flagged: list[FlagSheet]
    quarantined_ticks: list[QuarantinedTickSheet]

    @classmethod
    def of(cls, report: QualityReport, limit: int) -> "QualitySheet":
        """Show a report, and the newest `limit` of its days."""
        return cls(
            **{"from": report.first, "to": report.last},
            goal=GOAL,
            reached=report.is_reached,
            days=[DayCompleteness.of(one) for one in report.days[-limit:]],
            days_left_out=max(0, len(report.days) - limit),
            worst=[InstrumentCompleteness.of(one) for one in report.worst],
            quarantined=[QuarantinedSheet.of(one) for one in report.quarantined],
            flagged=[FlagSheet.of(one) for one in report.flagged],
            quarantined_ticks=[QuarantinedTickSheet.of(one) for one in report.quarantined_ticks],
        )


class ReleaseBody(BaseModel):
    """Why a bar is let in that the gate would not have."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    reason: Reason
