"""Addresses of single quotes and trades, page by page, in any form that a table has."""

import json
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from fastapi import Depends, Query, Request, Response

from bifrost.core.errors import FieldProblem, InvalidInputError, not_a_cursor
from bifrost.data.schemas import Symbol
from bifrost.data.series.asked import Knowledge, is_settled
from bifrost.data.series.columns import Integers
from bifrost.data.series.tick_schemas import QuoteList, TradeList
from bifrost.data.series.ticks import (
    QuoteColumns,
    TickQuery,
    Ticks,
    TradeColumns,
    Venues,
    taken,
)
from bifrost.runtime.auth import Caller
from bifrost.runtime.http import create_router
from bifrost.runtime.negotiation import OFFERED, Page, answer, next_address
from bifrost.runtime.tables import Column, Kind, Table, instant_text, millionths_text
from bifrost.wire.instants import Instant
from functions.data import wiring

router = create_router()

# A page of so many as base64 stays below the six megabytes that a Lambda may answer.
LIMIT_MAX = 25_000
_CURSOR = re.compile(r"([0-9]{1,18})-([0-9]{1,18})")


@dataclass(frozen=True, slots=True)
class _Told:
    """By whom, and known by when."""

    as_of: datetime | None
    knowledge: Knowledge
    source: str | None


def _told(
    as_of: Annotated[Instant | None, Query(description="Nothing that was known later.")] = None,
    knowledge: Annotated[
        Knowledge, Query(description="`recorded`: nothing that we recorded after `as_of`.")
    ] = Knowledge.EFFECTIVE,
    source: Annotated[
        str | None, Query(pattern=r"^[a-z][a-z0-9_]{0,31}$", description="As this one told it.")
    ] = None,
) -> _Told:
    return _Told(as_of, knowledge, source)


@dataclass(frozen=True, slots=True)
class _Asked:
    query: TickQuery
    limit: int


def _asked(
    instrument: Symbol,
    first: Annotated[Instant, Query(alias="from", description="From this instant on.")],
    before: Annotated[Instant, Query(alias="to", description="Up to this instant, without it.")],
    told: Annotated[_Told, Depends(_told)],
    limit: Annotated[int, Query(ge=1, le=LIMIT_MAX, description="How many at most.")] = 1000,
    cursor: Annotated[
        str | None, Query(max_length=64, description="`next_cursor` of the page before.")
    ] = None,
) -> _Asked:
    if before <= first:
        message = f"{before.isoformat()} is not after from, {first.isoformat()}"
        raise InvalidInputError(FieldProblem("to", message, "send a `to` after `from`"))
    query = TickQuery(
        instrument,
        first,
        before,
        told.as_of,
        told.knowledge,
        told.source,
        after=None if cursor is None else _message_of(cursor),
        limit=limit + 1,
    )
    return _Asked(query, limit)


Asked = Annotated[_Asked, Depends(_asked)]


@router.get("/v1/trades", tags=["data"], response_model=TradeList, responses=OFFERED)
def trades(request: Request, asked: Asked, caller: Caller) -> Response:
    """List the trades of an instrument in [from, to), in order, as the best source told them.

    JSON, or by `Accept` CSV, an Arrow stream or Parquet; `conditions` are the numbers of the
    sale conditions' bits, in a table the mask itself. The next page is at `Link` and `cursor`.
    """
    wiring.data().listing(asked.query.instrument)
    found = wiring.ticks().trades(asked.query)
    return _answered(request, asked, found, _trade_columns)


@router.get("/v1/quotes", tags=["data"], response_model=QuoteList, responses=OFFERED)
def quotes(request: Request, asked: Asked, caller: Caller) -> Response:
    """List the best bids and offers of an instrument in [from, to); see `/v1/trades`."""
    wiring.data().listing(asked.query.instrument)
    found = wiring.ticks().quotes(asked.query)
    return _answered(request, asked, found, _quote_columns)


def _trade_columns(found: TradeColumns) -> tuple[Column, ...]:
    return (
        *_place_of(found),
        Column("price", Kind.MILLIONTHS, found.price.tolist()),
        Column("size", Kind.MILLIONTHS, found.size.tolist()),
        Column("venue", Kind.TEXT, _mics(found.venue)),
        Column("conditions", Kind.INTEGER, found.conditions.tolist()),
    )


def _quote_columns(found: QuoteColumns) -> tuple[Column, ...]:
    return (
        *_place_of(found),
        Column("bid", Kind.MILLIONTHS, found.bid.tolist()),
        Column("bid_size", Kind.MILLIONTHS, found.bid_size.tolist()),
        Column("ask", Kind.MILLIONTHS, found.ask.tolist()),
        Column("ask_size", Kind.MILLIONTHS, found.ask_size.tolist()),
        Column("bid_venue", Kind.TEXT, _mics(found.bid_venue)),
        Column("ask_venue", Kind.TEXT, _mics(found.ask_venue)),
        Column("conditions", Kind.INTEGER, found.conditions.tolist()),
    )


def _place_of(found: TradeColumns | QuoteColumns) -> tuple[Column, Column]:
    return (
        Column("t", Kind.INSTANT, found.occurred_at.tolist()),
        Column("sequence", Kind.INTEGER, found.sequence.tolist()),
    )


def _mics(venues: Venues) -> list[str]:
    return [venue.decode() for venue in venues.tolist()]


def _answered(request: Request, asked: _Asked, found: Ticks, columns_of: Any) -> Response:
    more = len(found) > asked.limit
    shown = taken(found, slice(asked.limit))
    following = _cursor(shown.occurred_at, shown.sequence) if more else None
    columns: tuple[Column, ...] = columns_of(shown)
    body = {"instrument": asked.query.instrument, "items": _items(columns)}
    page = Page(
        table=lambda: Table(columns),
        json=lambda: json.dumps(body | {"next_cursor": following}).encode(),
        next_address=next_address(request, following),
        is_final=is_settled(asked.query.knowledge, asked.query.as_of, wiring.now()),
    )
    return answer(request, page)


def _items(columns: tuple[Column, ...]) -> list[dict[str, Any]]:
    names = [column.name for column in columns]
    values = [[_JSON[column.kind](value) for value in column.values] for column in columns]
    rows = [dict(zip(names, row, strict=True)) for row in zip(*values, strict=True)]
    return [row | {"conditions": _bits(row["conditions"])} for row in rows]


_JSON: dict[Kind, Any] = {
    Kind.INSTANT: instant_text,
    Kind.MILLIONTHS: millionths_text,
    Kind.TEXT: str,
    Kind.INTEGER: int,
}


def _bits(mask: int) -> list[int]:
    return [bit for bit in range(mask.bit_length()) if mask >> bit & 1]


def _cursor(times: Integers, sequences: Integers) -> str:
    return f"{int(times[-1])}-{int(sequences[-1])}"


def _message_of(cursor: str) -> tuple[int, int]:
    match = _CURSOR.fullmatch(cursor)
    if match is None:
        raise not_a_cursor()
    return int(match[1]), int(match[2])
