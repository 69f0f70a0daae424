"""The address of bars."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Annotated

from fastapi import Depends, Query, Request, Response

from bifrost.core.errors import not_a_cursor
from bifrost.data.schemas import Symbol, cursor_of, session_of
from bifrost.data.series.asked import Adjustment, Knowledge, is_settled, known_until
from bifrost.data.series.bar_schemas import BarList, BarSheet
from bifrost.data.series.owning import owner_of
from bifrost.data.series.timeframes import Timeframe
from bifrost.runtime.auth import Caller
from bifrost.runtime.http import create_router
from bifrost.runtime.negotiation import OFFERED, Page, answer, next_address
from bifrost.runtime.tables import table_of
from bifrost.wire.dates import MarketDate
from bifrost.wire.moments import Moment
from functions.data import wiring, wiring_files

router = create_router()

# What a page may have: as JSON it stays below the six megabytes that a Lambda may answer.
LIMIT_MAX = 10_000

First = Annotated[MarketDate | None, Query(alias="from", description="First session.")]
Last = Annotated[MarketDate | None, Query(alias="to", description="Last session.")]
AsOf = Annotated[
    Moment | None,
    Query(description="Nothing that could be known only later; a date is its end in New York."),
]


@dataclass(frozen=True, slots=True)
class _Asked:
    """What the query string asks for."""

    instrument: str
    timeframe: Timeframe
    first: date | None
    last: date | None
    adjust: Adjustment
    as_of: date | datetime | None
    knowledge: Knowledge
    extended: bool

    @property
    def is_as_imported(self) -> bool:
        """Daily bars as they stand: what needs no columns, and has the source's own words."""
        return (self.timeframe, self.adjust, self.as_of) == (Timeframe.D1, Adjustment.NONE, None)


def _range(
    first: First = None,
    last: Last = None,
    as_of: AsOf = None,
    knowledge: Annotated[
        Knowledge, Query(description="Whose time `as_of` is: the world's, or ours.")
    ] = Knowledge.EFFECTIVE,
) -> tuple[date | None, date | None, date | datetime | None, Knowledge]:
    return first, last, as_of, knowledge


def _asked(
    instrument: Annotated[Symbol, Query(description="A symbol, or an instrument's key.")],
    within: Annotated[
        tuple[date | None, date | None, date | datetime | None, Knowledge], Depends(_range)
    ],
    timeframe: Annotated[Timeframe, Query(description="How long a bar is.")] = Timeframe.D1,
    adjust: Annotated[
        Adjustment, Query(description="What prices are adjusted for.")
    ] = Adjustment.NONE,
    extended: Annotated[
        bool, Query(description="Minutes before the open and after the close, too.")
    ] = False,
) -> _Asked:
    first, last, as_of, knowledge = within
    return _Asked(instrument, timeframe, first, last, adjust, as_of, knowledge, extended)


@router.get("/v1/bars", tags=["data"], response_model=BarList, responses=OFFERED)
def bars(
    request: Request,
    caller: Caller,
    asked: Annotated[_Asked, Depends(_asked)],
    limit: Annotated[
        int, Query(ge=1, le=LIMIT_MAX, description="How many bars a page may have.")
    ] = 100,
    cursor: Annotated[
        str | None, Query(max_length=64, description="`next_cursor` of the page before.")
    ] = None,
) -> Response:
    """List bars of whoever had the symbol in the range, oldest first.

    All there are unless `from` and `to` say. Prices are raw unless `adjust` says, and are adjusted
    when they are read: with `as_of`, for what had happened by then. Bars longer than a minute are
    made of the minutes that there are, by the session's calendar. JSON, or by `Accept` CSV, an
    Arrow stream or Parquet; the next page is at `Link`.
    """
    read = _as_imported if asked.is_as_imported else _as_read
    found = read(asked, limit, cursor)
    page = Page(
        table=lambda: table_of(BarSheet, found.items),
        json=lambda: found.model_dump_json().encode(),
        next_address=next_address(request, found.next_cursor),
        is_final=is_settled(asked.knowledge, known_until(asked.as_of), wiring.now()),
    )
    return answer(request, page)


def _as_imported(asked: _Asked, limit: int, cursor: str | None) -> BarList:
    first, last = asked.first or date.min, asked.last or date.max
    terms = wiring.reference().reader.terms_of(asked.instrument)
    instrument, note = owner_of(asked.instrument, terms, asked.first, asked.last)
    start = first if cursor is None else max(first, session_of(cursor))
    page = wiring.data().bars(instrument, start, last, limit)
    following = page.next_session
    return _page(
        asked,
        instrument,
        [note] if note else [],
        [BarSheet.of(one) for one in page.bars],
        None if following is None else cursor_of(following),
    )


def _as_read(asked: _Asked, limit: int, cursor: str | None) -> BarList:
    # numpy comes with it, which whoever asks for plain daily bars does without.
    from bifrost.data.series.bar_sheets import sheets_of
    from bifrost.data.series.paging import read_page
    from bifrost.data.series.reading import BarsAsked

    reading = wiring_files.bars()
    found = read_page(
        reading,
        wiring_files.months(),
        BarsAsked(
            name=asked.instrument,
            timeframe=asked.timeframe,
            first=asked.first,
            last=asked.last,
            adjust=asked.adjust,
            as_of=asked.as_of,
            knowledge=asked.knowledge,
            extended=asked.extended,
            begin=None if cursor is None else begin_of(cursor),
        ),
        limit + 1,
    )
    shown = found.bars.take(slice(limit))
    ends_at = reading.ends_at(shown, asked.timeframe, found.calendar)
    following = cursor_at(int(found.bars.starts_at[limit])) if len(found.bars) > limit else None
    sheets = sheets_of(shown, ends_at, asked.timeframe)
    return _page(asked, found.instrument, found.notes, sheets, following)


def _page(
    asked: _Asked,
    instrument: str,
    notes: Sequence[str],
    items: list[BarSheet],
    next_cursor: str | None,
) -> BarList:
    return BarList(
        instrument=instrument,
        timeframe=asked.timeframe,
        adjust=asked.adjust,
        as_of=asked.as_of,
        knowledge=asked.knowledge,
        notes=list(notes),
        items=items,
        next_cursor=next_cursor,
    )


def cursor_at(microseconds: int) -> str:
    """Make the cursor of the page that begins with the bar of this beginning."""
    return f"t{microseconds}"


def begin_of(cursor: str) -> datetime:
    """Read it; raise InvalidInputError where it is not one of ours."""
    if not re.fullmatch(r"t[0-9]{1,17}", cursor):
        raise not_a_cursor()
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=int(cursor[1:]))
