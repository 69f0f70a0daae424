"""What a series is of: bars, or the single trades and quotes that bars are made of."""

from enum import StrEnum


class Series(StrEnum):
    """What may be asked for and stored."""

    BARS = "bars"
    TRADES = "trades"
    QUOTES = "quotes"
