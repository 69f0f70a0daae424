"""The JSON of repairs. Prices and volumes are decimals as strings, null where none was told."""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from bifrost.data.repair.kinds import RepairKind
from bifrost.data.repair.stored import (
    Cell,
    Looked,
    RepairRecord,
    RepairState,
    RepairStep,
    Scan,
    ScanAsked,
    Suspicion,
)
from bifrost.data.schemas import Symbol
from bifrost.data.series.statistic_schemas import Statistic
from bifrost.data.series.timeframes import Timeframe
from bifrost.wire.pages import page_of
from bifrost.wire.texts import Reason

_Reason = Annotated[Reason, Field(examples=["the exchange confirmed these prices"])]
SourceName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,31}$", examples=["yahoo"])]


class _Sheet(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ReasonBody(_Sheet):
    """Why somebody makes a repair, or takes it back."""

    reason: _Reason


class ScanBody(_Sheet):
    """What to look at: all that is stored of an instrument, or one source's or one timeframe's.

    source: in a person's own file repairs are made only where it is named. dry_run: keep and make
    nothing. after: `following` of the answer before, to go on.
    """

    instrument: Symbol
    source: SourceName | None = None
    timeframe: Timeframe | None = None
    dry_run: bool = False
    after: Annotated[str, Field(pattern=r"^([0-9]{4}\.[a-z0-9_-]{1,32}\.[0-9]{8})?$")] = ""

    def to_asked(self) -> ScanAsked:
        """Return what is asked."""
        return ScanAsked(
            self.instrument,
            self.source or "",
            self.timeframe,
            dry_run=self.dry_run,
            after=self.after,
        )


class CellSheet(_Sheet):
    """One value, as it was told and as repaired; begins_at: of a bar shorter than its session."""

    session: date
    begins_at: datetime | None
    raw: str | None
    repaired: str | None

    @classmethod
    def of(cls, cell: Cell) -> "CellSheet":
        """Show one."""
        return cls(
            session=cell.session,
            begins_at=cell.begins_at,
            raw=_text(cell.raw),
            repaired=_text(cell.repaired),
        )


class StepSheet(_Sheet):
    """What was done with a repair: by whom, when and why."""

    state: RepairState
    by: str
    reason: str
    at: datetime

    @classmethod
    def of(cls, step: RepairStep) -> "StepSheet":
        """Show one."""
        return cls(state=step.state, by=step.by, reason=step.reason, at=step.at)


class RepairSheet(_Sheet):
    """A repair: which sessions and columns, why it is believed, and how it stands.

    score: the least of its evidence, in [0, 1]. known_from: the session at whose close it could
    first be made.
    """

    repair_id: str
    instrument: str
    timeframe: str
    source: str
    kind: RepairKind
    first_session: date
    last_session: date
    columns: list[str]
    bars: int
    state: RepairState
    score: Statistic
    evidence: dict[str, Statistic]
    reason: str
    method: str
    known_from: date
    recorded_at: datetime

    @classmethod
    def of(cls, record: RepairRecord) -> "RepairSheet":
        """Show one without its values."""
        return cls(**_shown(record))


class RepairDetail(RepairSheet):
    """A repair with every value that it changes, and every step taken with it."""

    cells: dict[str, list[CellSheet]]
    steps: list[StepSheet]

    @classmethod
    def of(cls, record: RepairRecord) -> "RepairDetail":
        """Show all of one."""
        cells = {
            name: [CellSheet.of(cell) for cell in column]
            for name, column in record.repair.cells.items()
        }
        steps = [StepSheet.of(step) for step in record.steps]
        return cls(**_shown(record), cells=cells, steps=steps)


class RepairPage(_Sheet):
    """Some repairs, in the order they were found; `next_cursor` is null at the end."""

    items: list[RepairSheet]
    next_cursor: str | None

    @classmethod
    def of(cls, found: Sequence[RepairRecord], limit: int) -> "RepairPage":
        """Show a page of `limit`; found: one more, where there is more."""
        shown, last = page_of(found, limit)
        following = str(last.place) if last else None
        return cls(items=[RepairSheet.of(one) for one in shown], next_cursor=following)


class SuspicionSheet(_Sheet):
    """Something wrong that cannot be mended from what is known, or that is only claimed."""

    source: str
    timeframe: Timeframe
    kind: RepairKind
    session: date
    reason: str

    @classmethod
    def of(cls, one: Suspicion) -> "SuspicionSheet":
        """Show one."""
        return cls(**{name: getattr(one, name) for name in cls.model_fields})


class LookedSheet(_Sheet):
    """A source's bars of a timeframe that were looked at, and from which session to which."""

    source: str
    timeframe: Timeframe
    first_session: date
    last_session: date
    bars: int

    @classmethod
    def of(cls, one: Looked) -> "LookedSheet":
        """Show one."""
        return cls(
            source=one.source,
            timeframe=one.timeframe,
            first_session=one.first,
            last_session=one.last,
            bars=one.bars,
        )


class ScanSheet(_Sheet):
    """What a look at an instrument found.

    following: what to send as `after` to go on; null where all was looked at.
    """

    instrument: str
    sources: list[str]
    looked: list[LookedSheet]
    following: str | None
    repairs: list[RepairSheet]
    suspicions: list[SuspicionSheet]

    @classmethod
    def of(cls, scan: Scan) -> "ScanSheet":
        """Show one."""
        return cls(
            instrument=scan.instrument,
            sources=list(scan.sources),
            looked=[LookedSheet.of(one) for one in scan.looked],
            following=scan.following or None,
            repairs=[RepairSheet.of(one) for one in scan.records],
            suspicions=[SuspicionSheet.of(one) for one in scan.suspicions],
        )


def _shown(record: RepairRecord) -> dict[str, object]:
    repair = record.repair
    names = (
        *("repair_id", "instrument", "timeframe", "source", "kind", "bars", "score", "reason"),
        *("method", "known_from", "recorded_at"),
    )
    return {
        **{name: getattr(repair, name) for name in names},
        "first_session": repair.first,
        "last_session": repair.last,
        "columns": list(repair.columns),
        "state": record.state,
        "evidence": dict(repair.evidence),
    }


def _text(value: Decimal | None) -> str | None:
    return None if value is None else f"{value:f}"
