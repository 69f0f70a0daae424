"""Data's JSON over HTTP. Prices are decimal strings: a JSON number is a float."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import date, datetime
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema, field_validator
from pydantic_core import PydanticCustomError

from bifrost.core.errors import not_a_cursor
from bifrost.core.instruments import SYMBOL
from bifrost.core.sessions import Session
from bifrost.data.ports import Listing
from bifrost.data.reference.terms import NO_VENUE
from bifrost.data.replay import INSTRUMENTS_MAX, SPEED_MAX, Replay, ReplayRequest
from bifrost.wire.dates import MarketDate
from bifrost.wire.numbers import ExactDecimal
from bifrost.wire.pages import page_of

FULL_SPEED = "max"


def _speed(value: object) -> object:
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    is_number = isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 4
    if value == FULL_SPEED or (is_number and 1 <= int(str(value)) <= SPEED_MAX):
        return value
    raise PydanticCustomError(
        "enum", f'must be "{FULL_SPEED}" or sessions per second from 1 to {SPEED_MAX}'
    )


Symbol = Annotated[str, Field(pattern=rf"^{SYMBOL}$", examples=["AAPL"])]
Speed = Annotated[
    str,
    BeforeValidator(_speed),
    WithJsonSchema(
        {
            "anyOf": [
                {"const": FULL_SPEED},
                {"type": "integer", "minimum": 1, "maximum": SPEED_MAX},
                {"type": "string", "pattern": "^[1-9][0-9]{0,2}$"},
            ]
        }
    ),
]


class _Sheet(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, validate_by_name=True)


class InstrumentSheet(_Sheet):
    """An instrument, and which bars are stored of it; `mic`: null where nobody knows its venue."""

    symbol: str
    mic: str | None
    currency: str
    tick_size: ExactDecimal
    lot_size: ExactDecimal
    name: str
    calendar: str
    first_session: date | None
    last_session: date | None
    bars: int

    @classmethod
    def of(cls, listing: Listing) -> "InstrumentSheet":
        """Show a listing."""
        one = listing.instrument
        return cls(
            symbol=one.symbol,
            mic=None if one.mic == NO_VENUE else one.mic,
            currency=one.currency,
            tick_size=one.tick_size,
            lot_size=one.lot_size,
            name=one.name,
            calendar=listing.calendar,
            first_session=listing.first_session,
            last_session=listing.last_session,
            bars=listing.bars,
        )


class InstrumentList(_Sheet):
    """A page of instruments, by symbol; `next_cursor` asks for the page after."""

    items: list[InstrumentSheet]
    next_cursor: str | None

    @classmethod
    def of(cls, found: list[Listing], limit: int) -> "InstrumentList":
        """Show the first `limit` of these."""
        shown, last = page_of(found, limit)
        return cls(
            items=[InstrumentSheet.of(one) for one in shown],
            next_cursor=last.instrument.symbol if last else None,
        )


class SessionSheet(_Sheet):
    """A trading day, from its open to its close (UTC)."""

    session: date
    opens_at: datetime
    closes_at: datetime


class SessionList(_Sheet):
    """A page of a calendar's sessions, and when the feed's last bar closed."""

    calendar: str
    market_time: datetime | None
    items: list[SessionSheet]
    next_cursor: str | None

    @classmethod
    def of(
        cls, calendar: str, market_time: datetime | None, found: list[Session], limit: int
    ) -> "SessionList":
        """Show the first `limit` of these sessions."""
        return cls(
            calendar=calendar,
            market_time=market_time,
            items=[
                SessionSheet(session=one.session, opens_at=one.opens_at, closes_at=one.closes_at)
                for one in found[:limit]
            ],
            next_cursor=cursor_of(found[limit].session) if len(found) > limit else None,
        )


class ReplayBody(_Sheet):
    """What to play: stored bars of these instruments, as the live feed."""

    instruments: tuple[Symbol, ...] = Field(min_length=1, max_length=INSTRUMENTS_MAX)
    first: MarketDate = Field(alias="from")
    last: MarketDate = Field(alias="to")
    speed: Speed = FULL_SPEED

    @field_validator("instruments")
    @classmethod
    def _once_each(cls, symbols: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(symbols)) != len(symbols):
            raise PydanticCustomError("unique", "must name each instrument once")
        return symbols

    def to_request(self) -> ReplayRequest:
        """Return it in the domain's words."""
        return ReplayRequest(
            instruments=self.instruments,
            first=self.first,
            last=self.last,
            sessions_per_second=None if self.speed == FULL_SPEED else int(self.speed),
        )


class ReplaySheet(_Sheet):
    """A replay and how far it is: `published` of `total` sessions."""

    replay_id: str
    instruments: list[str]
    first: date = Field(alias="from")
    last: date = Field(alias="to")
    speed: str
    state: str
    published: int
    total: int
    bars_published: int
    published_to: date | None
    requested_at: datetime
    progressed_at: datetime

    @classmethod
    def of(cls, replay: Replay) -> "ReplaySheet":
        """Show a replay."""
        asked = replay.request
        return cls(
            replay_id=replay.replay_id,
            instruments=list(asked.instruments),
            first=asked.first,
            last=asked.last,
            speed=str(asked.sessions_per_second or FULL_SPEED),
            state=replay.status.value,
            published=replay.sessions_published,
            total=replay.sessions_total,
            bars_published=replay.bars_published,
            published_to=replay.published_to,
            requested_at=replay.requested_at,
            progressed_at=replay.progressed_at,
        )


def cursor_of(session: date) -> str:
    """Make the cursor of the page that begins with this session."""
    return urlsafe_b64encode(session.isoformat().encode()).decode().rstrip("=")


def session_of(cursor: str) -> date:
    """Read a cursor; raise InvalidInputError where it is not one of ours."""
    try:
        return date.fromisoformat(urlsafe_b64decode(cursor + "==").decode())
    except ValueError:
        raise not_a_cursor() from None
