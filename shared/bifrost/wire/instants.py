"""Instants as a caller writes them: ISO 8601 with their offset, or nobody knows when that was.

pydantic itself would take a number of seconds for an instant.
"""

import re
from datetime import UTC, datetime
from typing import Annotated, LiteralString

from pydantic import BeforeValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from bifrost.core.sessions import EXCHANGE

_FORM = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?(Z|[+-][0-9]{2}:[0-9]{2})"
)
# Instants are kept to the microsecond.
_TOO_FINE = re.compile(r"\.[0-9]{7,}")


def instant_of(text: str) -> datetime | None:
    """Read an instant; None for none, one without offset, or of no year in UTC or New York."""
    try:
        found = datetime.fromisoformat(text) if _FORM.fullmatch(text) else None
        if found is not None:
            found.astimezone(UTC).astimezone(EXCHANGE)
    except (ValueError, OverflowError):
        return None
    return found


def why_none(value: object) -> LiteralString | None:
    """Say why what is written as an instant is none; None: it is not written as one."""
    text = value if isinstance(value, str) else ""
    if not _FORM.fullmatch(_TOO_FINE.sub("", text)):
        return None
    if _TOO_FINE.search(text):
        return "must have at most 6 digits after the second's point"
    return "must be of a day and a time that there are, in a year from 1 to 9999 of UTC's too"


def _only_iso(value: object) -> object:
    if isinstance(value, datetime):
        return value
    instant = instant_of(value) if isinstance(value, str) else None
    if instant is None:
        wanted = "must be an instant with its offset, such as 2026-01-05T15:30:00Z"
        raise PydanticCustomError("datetime_type", why_none(value) or wanted)
    return instant


Instant = Annotated[
    datetime, BeforeValidator(_only_iso), WithJsonSchema({"type": "string", "format": "date-time"})
]
