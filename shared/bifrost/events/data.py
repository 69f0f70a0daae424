"""Events published by data."""

from dataclasses import dataclass
from datetime import date
from typing import ClassVar

from bifrost.core.bars import Bar
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
class BarClosed(SequencedEvent):
    """A session of the live feed (or of a replay) closed; the stream is `bars:<instrument>`."""

    source: ClassVar[str] = "bifrost.data"

    bar: Bar
    currency: str


def bar_stream(instrument: str) -> str:
    """Name the stream in which an instrument's bars are counted."""
    return f"bars:{instrument}"
