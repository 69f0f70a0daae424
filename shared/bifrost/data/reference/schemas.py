"""The JSON of instruments over time. A date that is null is not known, or is not yet."""

from collections.abc import Sequence
from datetime import date, datetime

from pydantic import BaseModel, ConfigDict

from bifrost.data.reference.ports import Present, UniverseQuery
from bifrost.data.reference.terms import NO_END, UNKNOWN_START, ListingStatus, Terms
from bifrost.wire.numbers import ExactDecimal
from bifrost.wire.pages import page_of


class _Sheet(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class DatedInstrumentSheet(_Sheet):
    """What held of an instrument on a day: `symbol` is what it was called then.

    valid_from: null where nobody said when it began. valid_to: the first day on which it held no
    more, null where no end is known. recorded_at: when we learned of it.
    """

    instrument: str
    symbol: str
    mic: str | None
    currency: str | None
    tick_size: ExactDecimal | None
    lot_size: ExactDecimal | None
    name: str | None
    status: ListingStatus
    valid_from: date | None
    valid_to: date | None
    source: str
    recorded_at: datetime
    superseded_at: datetime | None

    @classmethod
    def of(cls, terms: Terms) -> "DatedInstrumentSheet":
        """Show a row."""
        shown = {name: getattr(terms, name) for name in cls.model_fields}
        begun, ended = terms.valid_from, terms.valid_to
        days = {
            "valid_from": None if begun == UNKNOWN_START else begun,
            "valid_to": None if ended == NO_END else ended,
        }
        return cls(**shown | days)


class InstrumentOnDay(DatedInstrumentSheet):
    """An instrument as it was on `as_of`, as we knew it at `known_by` (null: now)."""

    as_of: date
    known_by: datetime | None

    @classmethod
    def on(cls, terms: Terms, as_of: date, known_by: datetime | None) -> "InstrumentOnDay":
        """Show what was found of that day."""
        shown = DatedInstrumentSheet.of(terms).model_dump()
        return cls(**shown, as_of=as_of, known_by=known_by)


class DatedInstrumentList(_Sheet):
    """A page of instruments as they were on `as_of`, as we knew them at `known_by` (null: now)."""

    as_of: date
    known_by: datetime | None
    items: list[DatedInstrumentSheet]
    next_cursor: str | None


class PresentSheet(_Sheet):
    """An instrument of a universe; what held of it then is null where nobody told."""

    instrument: str
    symbol: str | None
    mic: str | None
    currency: str | None
    name: str | None
    status: ListingStatus | None

    @classmethod
    def of(cls, found: Present) -> "PresentSheet":
        """Show one."""
        names = [name for name in cls.model_fields if name != "instrument"]
        told = {name: getattr(found.terms, name, None) for name in names}
        return cls(instrument=found.instrument, **told)


class UniversePage(_Sheet):
    """A page of what was listed, or belonged to `index`, on `as_of`, by key; also what is gone."""

    as_of: date
    index: str | None
    known_by: datetime | None
    items: list[PresentSheet]
    next_cursor: str | None

    @classmethod
    def of(cls, asked: UniverseQuery, found: Sequence[Present], limit: int) -> "UniversePage":
        """Show the first `limit` of these."""
        shown, last = page_of(found, limit)
        return cls(
            as_of=asked.on,
            index=asked.index or None,
            known_by=asked.known_by,
            items=[PresentSheet.of(one) for one in shown],
            next_cursor=last.instrument if last else None,
        )
