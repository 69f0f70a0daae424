"""Numbers are decimal strings both ways: a JSON number is a float."""

from decimal import Decimal
from typing import Annotated

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema
from pydantic_core import PydanticCustomError

from bifrost.core.written import is_decimal

# The longest number that any book keeps has 28 digits; what is longer is zeros.
WRITTEN_MAX = 64


def example(text: str) -> WithJsonSchema:
    """Describe a decimal to the API's reader by one that is written so."""
    return WithJsonSchema({"type": "string", "format": "decimal", "examples": [text]})


def _only_text(value: object) -> object:
    if isinstance(value, str) and len(value) > WRITTEN_MAX:
        raise PydanticCustomError("decimal_length", f"must be written in {WRITTEN_MAX} characters")
    if isinstance(value, Decimal) or (isinstance(value, str) and is_decimal(value)):
        return value
    raise PydanticCustomError("decimal_type", "must be a decimal in a string")


def _as_kept(number: Decimal) -> str:
    return format(number, "f")


def _plain(number: Decimal) -> str:
    return format(number.normalize(), "f")


# Read strictly; whoever uses it says how it is shown.
WrittenDecimal = Annotated[
    Decimal,
    BeforeValidator(_only_text),
    WithJsonSchema({"type": "string", "format": "decimal"}),
]
# Shown with the zeros that it was kept with: `410.50`.
ExactDecimal = Annotated[WrittenDecimal, PlainSerializer(_as_kept, return_type=str)]
# Shown without zeros at its end: `410.5`.
PlainDecimal = Annotated[WrittenDecimal, PlainSerializer(_plain, return_type=str), example("10.50")]
