"""Instants as a caller writes them: ISO 8601 with their offset, or nobody knows when that was.

pydantic itself would take a number of seconds for an instant.
"""

import re
from datetime import UTC, datetime
from typing import Annotated

from pydantic import BeforeValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from bifrost.core.sessions import EXCHANGE

_FORM = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?(Z|[+-][0-9]{2}:[0-9]{2})"
)


def instant_of(text: str) -> datetime | None:
    """Read an instant; None for none, one without offset, or of no year in UTC or New York."""
    try:
        found = datetime.fromisoformat(text) if _FORM.fullmatch(text) else None
        if found is not None:
            found.astimezone(UTC).astimezone(EXCHANGE)
    except (ValueError, OverflowError):
        return None
    return found


def _only_iso(value: object) -> object:
    if isinstance(value, datetime):
        return value
    instant = instant_of(value) if isinstance(value, str) else None
    if instant is None:
        raise PydanticCustomError(
            "datetime_type", "must be an instant with its offset, such as 2026-01-05T15:30:00Z"
        )
    return instant


Instant = Annotated[
    datetime, BeforeValidator(_only_iso), WithJsonSchema({"type": "string", "format": "date-time"})
]
