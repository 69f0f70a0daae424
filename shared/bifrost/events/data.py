"""Events published by data."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import ClassVar

from bifrost.core.bars import Bar
from bifrost.core.corporate_actions import CorporateAction
from bifrost.core.instruments import Instrument
from bifrost.events.base import Event, SequencedEvent, register


@register
@dataclass(frozen=True, slots=True, kw_only=True)
class InstrumentListed(Event):
    """An instrument can be traded; sent again when its terms change."""

    source: ClassVar[str] = "bifrost.data"

    instrument: Instrument


@register
@dataclass(frozen=True, slots=True, kw_only=True)
class BarsImported(Event):
    """Stored bars of one instrument were added or corrected by an import."""

    source: ClassVar[str] = "bifrost.data"

    instrument: str
    first_session: date
    last_session: date
    rows: int
    object_key: str


@register
@dataclass(frozen=True, slots=True, kw_only=True)
class BarsTaken(Event):
    """New bars of one instrument went through the gate: stored, or kept apart.

    first, last: when the first and the last began that were written; where none was, of those kept
    apart. written: new or corrected ones. kept_apart: quarantined now. What a vendor repeats is in
    none of them.
    """

    source: ClassVar[str] = "bifrost.data"

    instrument: str
    timeframe: str
    provider: str
    first: datetime
    last: datetime
    written: int
    kept_apart: int


@register
@dataclass(frozen=True, slots=True, kw_only=True)
class TicksTaken(Event):
    """Quotes or trades of a live stream were stored, and somebody wants to be told of them.

    kind: `quotes` or `trades`. first, last: when the first and the last of them were made.
    """

    source: ClassVar[str] = "bifrost.data"

    instrument: str
    kind: str
    first: datetime
    last: datetime
    written: int


@register
@dataclass(frozen=True, slots=True, kw_only=True)
class BarClosed(SequencedEvent):
    """A session of the live feed (or of a replay) closed; the stream is `bars:<instrument>`."""

    source: ClassVar[str] = "bifrost.data"

    bar: Bar
    currency: str


@register
@dataclass(frozen=True, slots=True, kw_only=True)
class CorporateActionAnnounced(Event):
    """A vendor announced a corporate action: its first revision that we have."""

    source: ClassVar[str] = "bifrost.data"

    action: CorporateAction

    def __post_init__(self) -> None:
        _require_complete(self.action)


@register
@dataclass(frozen=True, slots=True, kw_only=True)
class CorporateActionCorrected(Event):
    """The vendor corrected or withdrew one; `action` stands in the place of `corrects`."""

    source: ClassVar[str] = "bifrost.data"

    action: CorporateAction
    corrects: int

    def __post_init__(self) -> None:
        _require_complete(self.action)
        if self.action.revision <= self.corrects:
            raise ValueError(
                f"revision {self.action.revision} of {self.action.action_id}"
                f" cannot correct revision {self.corrects}"
            )


def _require_complete(action: CorporateAction) -> None:
    """Refuse what nobody's books could follow: a number that is not known is not zero."""
    if action.lacks:
        raise ValueError(f"{action.action_id} lacks {' and '.join(action.lacks)}: it is a claim")


def bar_stream(instrument: str) -> str:
    """Name the stream in which an instrument's bars are counted."""
    return f"bars:{instrument}"
