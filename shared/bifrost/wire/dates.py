"""Dates are the market's, a replay's included, and written YYYY-MM-DD.

pydantic itself would take a number of seconds for a date.
"""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated

from pydantic import BeforeValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from bifrost.core.sessions import exchange_date
from bifrost.core.written import day_of


def _only_iso(value: object) -> object:
    if isinstance(value, date):
        return value
    day = day_of(value) if isinstance(value, str) else None
    if day is None:
        raise PydanticCustomError("date_type", "must be a date written YYYY-MM-DD")
    return day


MarketDate = Annotated[
    date, BeforeValidator(_only_iso), WithJsonSchema({"type": "string", "format": "date"})
]


class AsOfClock(StrEnum):
    """Who says which date an answer is of."""

    CALLER = "caller"
    MARKET = "market"
    WALL = "wall"


@dataclass(frozen=True, slots=True)
class AsOf:
    """The date that an answer is of, and whose it is."""

    day: date
    clock: AsOfClock


def as_of(asked: date | None, *, market: datetime | None, wall: datetime) -> AsOf:
    """Return the date that was asked for, else the market's, else, before any bar, the wall's.

    Both are the exchange's own: its rules and limits begin at New York's midnight.
    Orders are judged by the market's date; while a year that is long past is replayed, so is it.
    """
    if asked is not None:
        return AsOf(asked, AsOfClock.CALLER)
    if market is not None:
        return AsOf(exchange_date(market), AsOfClock.MARKET)
    return AsOf(exchange_date(wall), AsOfClock.WALL)


def require_order(effective_from: date, effective_until: date | None) -> None:
    """Raise pydantic's error where a rule would end before it has held on any date."""
    if effective_until is not None and effective_until <= effective_from:
        raise PydanticCustomError("date_order", "effective_until must be after effective_from")
