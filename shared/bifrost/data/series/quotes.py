"""Quotes as columns: the best bid and ask from an instant on."""

from dataclasses import dataclass, fields

from bifrost.data.series.columns import Integers


@dataclass(frozen=True, slots=True, eq=False)
class QuoteColumns:
    """Quotes in the order in which they were told, one place in each column.

    at: microseconds since 1970. bid, ask, bid_size, ask_size: in millionths; a side whose price
        is 0 is not told of: many venues send one side at a time.
    """

    at: Integers
    bid: Integers
    bid_size: Integers
    ask: Integers
    ask_size: Integers

    def __post_init__(self) -> None:
        lengths = {len(getattr(self, field.name)) for field in fields(self)}
        if len(lengths) > 1:
            raise ValueError(f"columns of quotes have one length, were {sorted(lengths)}")

    def __len__(self) -> int:
        return len(self.at)
