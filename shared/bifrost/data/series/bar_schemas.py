"""The JSON of bars."""

from datetime import date, datetime

from pydantic import BaseModel, ConfigDict

from bifrost.data.ports import StoredBar
from bifrost.data.series.asked import Adjustment, Knowledge
from bifrost.data.series.timeframes import Timeframe
from bifrost.wire.numbers import ExactDecimal


class _Sheet(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class BarSheet(_Sheet):
    """A bar.

    t: its session where it is one session's, else the instant at which it began.
    adjusted_close: the source's own, of daily bars that are asked for as they were imported.
    """

    t: date | datetime
    session: date
    closed_at: datetime
    open: ExactDecimal
    high: ExactDecimal
    low: ExactDecimal
    close: ExactDecimal
    volume: ExactDecimal
    adjusted_close: ExactDecimal | None

    @classmethod
    def of(cls, stored: StoredBar) -> "BarSheet":
        """Show a stored daily bar."""
        bar = stored.bar
        return cls(
            t=bar.session,
            session=bar.session,
            closed_at=bar.closed_at,
            open=bar.open,
            high=bar.high,
            low=bar.low,
            close=bar.close,
            volume=bar.volume,
            adjusted_close=stored.adjusted_close,
        )


class BarList(_Sheet):
    """A page of bars, oldest first; `next_cursor` asks for the page after.

    instrument: whose they are, which need not be the symbol that was asked for. notes: what is to
    be said of them to a person.
    """

    instrument: str
    timeframe: Timeframe
    adjust: Adjustment
    as_of: date | datetime | None
    knowledge: Knowledge
    notes: list[str]
    items: list[BarSheet]
    next_cursor: str | None
