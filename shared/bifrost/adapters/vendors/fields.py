"""Fields of a vendor's JSON, read strictly: a changed field is an error, never another value.

The libraries' own models turn "12.5" into 12.5, a missing price into None, and a renamed field
into nothing at all; so their answers are taken raw, and read here.
"""

import math
from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from typing import Any

from bifrost.core.sessions import EXCHANGE
from bifrost.data.series.columns import instant_of


class ChangedShapeError(Exception):
    """The answer is not what this vendor is known to answer; names the field and what it was."""


def mapping(value: Any, what: str) -> Mapping[str, Any]:
    """Take a JSON object."""
    if not isinstance(value, dict):
        raise ChangedShapeError(f"{what} is {_shown(value)}, not an object")
    return value


def items(value: Any, what: str) -> list[Any]:
    """Take a JSON array."""
    if not isinstance(value, list):
        raise ChangedShapeError(f"{what} is {_shown(value)}, not an array")
    return value


def field(row: Mapping[str, Any], name: str) -> Any:
    """Take what must be there."""
    if name not in row:
        raise ChangedShapeError(f"field {name!r} is missing among {', '.join(sorted(row))[:120]}")
    return row[name]


def number(row: Mapping[str, Any], name: str) -> float:
    """Take a finite number, which must not be a text."""
    value = field(row, name)
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not math.isfinite(value):
        raise ChangedShapeError(f"field {name!r} is {_shown(value)}, not a number")
    return float(value)


def whole(row: Mapping[str, Any], name: str) -> int:
    """Take an integer."""
    value = field(row, name)
    if not isinstance(value, int) or isinstance(value, bool):
        raise ChangedShapeError(f"field {name!r} is {_shown(value)}, not an integer")
    return value


def text(row: Mapping[str, Any], name: str) -> str:
    """Take a text that says something."""
    value = field(row, name)
    if not isinstance(value, str) or not value:
        raise ChangedShapeError(f"field {name!r} is {_shown(value)}, not a text")
    return value


def day(row: Mapping[str, Any], name: str) -> date:
    """Take a date, YYYY-MM-DD."""
    written = text(row, name)
    try:
        return date.fromisoformat(written)
    except ValueError:
        raise ChangedShapeError(f"field {name!r} is {written[:40]!r}, not a date") from None


def day_or_none(row: Mapping[str, Any], name: str) -> date | None:
    """Take a date, or that there is none."""
    return day(row, name) if row.get(name) else None


def instant(row: Mapping[str, Any], name: str) -> datetime:
    """Take an RFC 3339 instant that names its offset; nanoseconds are cut to microseconds."""
    written = text(row, name)
    try:
        at = datetime.fromisoformat(written)
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        raise ChangedShapeError(f"field {name!r} is {written[:40]!r}, not an instant with its zone")
    return at.astimezone(UTC)


def milliseconds(row: Mapping[str, Any], name: str) -> datetime:
    """Take an instant as milliseconds since 1970, of a year from 1900 to 2199."""
    count = whole(row, name)
    if not -2_208_988_800_000 <= count <= 7_258_118_400_000:
        raise ChangedShapeError(f"field {name!r} is {count}, not milliseconds since 1970")
    return instant_of(count * 1000)


def midnight(at: datetime) -> date:
    """Return the day that begins at this instant in New York; ChangedShapeError for another time.

    Midnight in London, taken for a day's begin, would be the evening before in New York, and
    every bar stand a day early.
    """
    local = at.astimezone(EXCHANGE)
    if local.time() != time():
        raise ChangedShapeError(
            f"a daily bar begins at {local:%H:%M} in New York, not at midnight: another time zone"
        )
    return local.date()


def bar_values(row: Mapping[str, Any]) -> tuple[float, float, float, float, float]:
    """Take a bar's five numbers, by the letters that Alpaca and massive both use."""
    return (
        number(row, "o"),
        number(row, "h"),
        number(row, "l"),
        number(row, "c"),
        number(row, "v"),
    )


def _shown(value: Any) -> str:
    return "missing" if value is None else f"{type(value).__name__} {value!r:.40}"
