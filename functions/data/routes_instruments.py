"""Addresses of instruments: what is listed, who had a symbol when, and what could be traded."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Annotated

from fastapi import Depends, Query, Request, Response
from pydantic import BaseModel

from bifrost.core.errors import NotFoundError
from bifrost.core.instruments import SYMBOL
from bifrost.data.reference.indexes import INDEX
from bifrost.data.reference.ports import UniverseQuery
from bifrost.data.reference.schemas import (
    DatedInstrumentList,
    DatedInstrumentSheet,
    InstrumentOnDay,
    PresentSheet,
    UniversePage,
)
from bifrost.data.schemas import InstrumentList, InstrumentSheet, Symbol
from bifrost.runtime.auth import Caller
from bifrost.runtime.http import create_router
from bifrost.runtime.negotiation import OFFERED, Page, answer, next_address
from bifrost.runtime.tables import table_of
from bifrost.wire.dates import MarketDate
from bifrost.wire.instants import Instant
from bifrost.wire.pages import page_of
from functions.data import wiring

router = create_router()

Limit = Annotated[int, Query(ge=1, le=1000, description="How many items a page may have.")]
SymbolCursor = Annotated[
    str, Query(pattern=rf"^{SYMBOL}$", description="`next_cursor` of the page before.")
]
AsOf = Annotated[MarketDate | None, Query(description="As it was on this day.")]
KnownBy = Annotated[
    Instant | None, Query(description="As we knew it at this instant; now by default.")
]


@dataclass(frozen=True, slots=True)
class _Dated:
    symbol: str | None
    as_of: date | None
    known_by: datetime | None

    @property
    def is_asked(self) -> bool:
        """Any of them is given."""
        return any(one is not None for one in (self.symbol, self.as_of, self.known_by))


def _dated(
    symbol: Annotated[
        str | None, Query(pattern=rf"^{SYMBOL}$", description="Who had this symbol that day.")
    ] = None,
    as_of: AsOf = None,
    known_by: KnownBy = None,
) -> _Dated:
    return _Dated(symbol, as_of, known_by)


@router.get(
    "/v1/instruments",
    tags=["data"],
    response_model=InstrumentList | DatedInstrumentList,
    responses=OFFERED,
)
def instruments(
    request: Request,
    caller: Caller,
    asked: Annotated[_Dated, Depends(_dated)],
    limit: Limit = 100,
    cursor: SymbolCursor = "",
) -> Response:
    """List what is listed, and which bars are stored of it.

    With `symbol`, `as_of` or `known_by` the answer is dated: who had that symbol on that day (at
    most one), or everything that was listed then, delisted since or not, as we knew it then.
    JSON, or by `Accept` CSV, an Arrow stream or Parquet.
    """
    if asked.is_asked:
        dated = _dated_list(asked, limit, cursor)
        return _answered(request, dated, DatedInstrumentSheet, dated.items)
    found = InstrumentList.of(wiring.data().listings(after=cursor, limit=limit + 1), limit)
    return _answered(request, found, InstrumentSheet, found.items)


def _dated_list(asked: _Dated, limit: int, cursor: str) -> DatedInstrumentList:
    reference = wiring.reference()
    day = asked.as_of or reference.today()
    if asked.symbol is not None:
        try:
            found = [reference.find(asked.symbol, day, asked.known_by)]
        except NotFoundError:
            found = []
        following = None
    else:
        query = UniverseQuery(day, "", asked.known_by, cursor, limit + 1)
        present, last = page_of(reference.universe(query), limit)
        found = [one.terms for one in present if one.terms]
        following = last.instrument if last else None
    return DatedInstrumentList(
        as_of=day,
        known_by=asked.known_by,
        items=[DatedInstrumentSheet.of(one) for one in found],
        next_cursor=following,
    )


def _answered(
    request: Request,
    shown: InstrumentList | DatedInstrumentList | UniversePage,
    sheet: type[BaseModel],
    items: Sequence[BaseModel],
) -> Response:
    page = Page(
        table=lambda: table_of(sheet, items),
        json=lambda: shown.model_dump_json().encode(),
        next_address=next_address(request, shown.next_cursor),
    )
    return answer(request, page)


@router.get("/v1/instruments/{symbol}", tags=["data"])
def instrument(
    symbol: Symbol, caller: Caller, as_of: AsOf = None, known_by: KnownBy = None
) -> InstrumentSheet | InstrumentOnDay:
    """Show one instrument; with `as_of` or `known_by`, the one that had the symbol on that day.

    Where nobody had it, of the instrument that has this key. A 404 says who had the symbol when.
    """
    if as_of is None and known_by is None:
        return InstrumentSheet.of(wiring.data().listing(symbol))
    reference = wiring.reference()
    day = as_of or reference.today()
    return InstrumentOnDay.on(reference.find(symbol, day, known_by), day, known_by)


def _universe(
    as_of: Annotated[MarketDate, Query(description="As it was on this day.")],
    index: Annotated[
        str, Query(pattern=rf"^{INDEX}$", description="Members of this index alone.")
    ] = "",
    known_by: KnownBy = None,
    limit: Limit = 100,
    cursor: SymbolCursor = "",
) -> UniverseQuery:
    return UniverseQuery(as_of, index, known_by, cursor, limit)


@router.get("/v1/universe", tags=["data"], response_model=UniversePage, responses=OFFERED)
def universe(
    request: Request, caller: Caller, asked: Annotated[UniverseQuery, Depends(_universe)]
) -> Response:
    """List every instrument that was listed, or in an index, on a day: the ones gone since too.

    JSON, or by `Accept` CSV, an Arrow stream or Parquet.
    """
    found = wiring.reference().universe(replace(asked, limit=asked.limit + 1))
    shown = UniversePage.of(asked, found, asked.limit)
    return _answered(request, shown, PresentSheet, shown.items)
