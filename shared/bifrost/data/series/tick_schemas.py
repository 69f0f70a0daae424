"""The JSON of quotes and trades, as the API describes it; routes write it column by column."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from bifrost.wire.numbers import PlainDecimal


class _Sheet(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


Conditions = Annotated[
    list[int], Field(description="Numbers of the bits that the vendor set.", examples=[[5, 29]])
]
# As a vendor numbered it; of one instant the lower came first.
Sequence = Annotated[int, Field(description="Which of the messages of one instant it is.")]
Venue = Annotated[str, Field(description="A MIC; `XXXX` where the vendor names none.")]


class TradeSheet(_Sheet):
    """A trade."""

    t: datetime
    sequence: Sequence
    price: PlainDecimal
    size: PlainDecimal
    venue: Venue
    conditions: Conditions


class QuoteSheet(_Sheet):
    """The best bid and ask from `t` on; a price of 0 says that a side is empty."""

    t: datetime
    sequence: Sequence
    bid: PlainDecimal
    bid_size: PlainDecimal
    ask: PlainDecimal
    ask_size: PlainDecimal
    bid_venue: Venue
    ask_venue: Venue
    conditions: Conditions


class TradeList(_Sheet):
    """A page of trades, oldest first; `next_cursor` asks for the page after."""

    instrument: str
    items: list[TradeSheet]
    next_cursor: str | None


class QuoteList(_Sheet):
    """A page of quotes, oldest first; `next_cursor` asks for the page after."""

    instrument: str
    items: list[QuoteSheet]
    next_cursor: str | None
