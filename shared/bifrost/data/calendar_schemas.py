"""The JSON of an exchange's calendar."""

from collections.abc import Sequence
from datetime import date, datetime, time

from pydantic import BaseModel, ConfigDict

from bifrost.core.sessions import EXCHANGE, Session
from bifrost.data.schemas import cursor_of

_FULL_DAY_ENDS = time(16)


class CalendarDay(BaseModel):
    """A session: when it opens and closes, and whether that is before 16:00 in New York."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    session: date
    opens_at: datetime
    closes_at: datetime
    closes_early: bool

    @classmethod
    def of(cls, session: Session) -> "CalendarDay":
        """Show a session."""
        closes = session.closes_at.astimezone(EXCHANGE).time()
        return cls(
            session=session.session,
            opens_at=session.opens_at,
            closes_at=session.closes_at,
            closes_early=closes < _FULL_DAY_ENDS,
        )


class CalendarPage(BaseModel):
    """A page of a calendar's sessions. A day that is none of them, the exchange was closed."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    calendar: str
    items: list[CalendarDay]
    next_cursor: str | None

    @classmethod
    def of(cls, calendar: str, found: Sequence[Session], limit: int) -> "CalendarPage":
        """Show the first `limit` of these sessions."""
        return cls(
            calendar=calendar,
            items=[CalendarDay.of(one) for one in found[:limit]],
            next_cursor=cursor_of(found[limit].session) if len(found) > limit else None,
        )
