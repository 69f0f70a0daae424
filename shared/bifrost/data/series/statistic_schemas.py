"""Statistics as JSON over HTTP: decimals in strings, like every number of the API."""

from decimal import Decimal
from typing import Annotated

from pydantic import PlainSerializer

from bifrost.wire.numbers import example


def written(statistic: float) -> str:
    """Write it to twelve digits, beyond which floats err, without an exponent or idle zeros."""
    return format(Decimal(f"{statistic:.12g}"), "f")


Statistic = Annotated[float, PlainSerializer(written, return_type=str), example("0.995")]
