"""A day or an instant, whichever a caller writes: `as_of` takes both."""

from datetime import date, datetime
from typing import Annotated

from pydantic import PlainValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from bifrost.core.written import day_of
from bifrost.wire.instants import instant_of, why_none


def _read(value: object) -> date | datetime:
    if isinstance(value, date):
        return value
    found = None
    if isinstance(value, str):
        found = day_of(value) or instant_of(value)
    if found is None:
        raise PydanticCustomError(
            "date_type",
            why_none(value)
            or "must be a date written YYYY-MM-DD, or an instant with its offset, such as"
            " 2026-01-05T15:30:00Z",
        )
    return found


Moment = Annotated[
    date | datetime,
    PlainValidator(_read),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "format": "date"},
                {"type": "string", "format": "date-time"},
            ]
        }
    ),
]
