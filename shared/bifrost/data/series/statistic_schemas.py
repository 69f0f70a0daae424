"""Statistics as JSON over HTTP: decimals in strings, like every number of the API."""

from decimal import Decimal
from typing import Annotated

from pydantic import PlainSerializer

from bifrost.wire.numbers import example


def written(statistic: float) -> str:
    """Write the fifteen digits that a float holds of any number, without an exponent or idle zeros.

    A company's total of fourteen digits stays what it reported.
    """
    return format(Decimal(f"{statistic:.15g}"), "f")


Statistic = Annotated[float, PlainSerializer(written, return_type=str), example("0.995")]
