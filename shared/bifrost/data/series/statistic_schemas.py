"""Statistics as JSON over HTTP: decimals in strings, like every number of the API."""

from decimal import Decimal
from typing import Annotated

from pydantic import PlainSerializer

from bifrost.wire.numbers import example


def written(statistic: float) -> str:
    """Write it in as few digits as read back the same, without an exponent."""
    return format(Decimal(repr(statistic)), "f")


Statistic = Annotated[float, PlainSerializer(written, return_type=str), example("0.995")]
