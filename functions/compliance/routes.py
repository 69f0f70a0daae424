"""Compliance's addresses: the restricted list and the decision log."""

from typing import Annotated

from fastapi import Path, Query

from bifrost.adapters.clock import SystemClock
from bifrost.compliance.schemas import (
    DecisionPage,
    DecisionSheet,
    RestrictedInstrument,
    RestrictedListPage,
    RestrictionBody,
)
from bifrost.runtime.auth import ADMIN, Caller
from bifrost.runtime.health import database_check, queue_check
from bifrost.runtime.http import create_app
from bifrost.wire.dates import MarketDate, as_of
from bifrost.wire.identifiers import ID_PATTERN
from functions.compliance import wiring

app = create_app("compliance", checks={"database": database_check, "queue": queue_check})

Symbol = Annotated[str, Path(pattern=r"^[A-Z0-9][A-Z0-9.-]{0,31}$", description="Its symbol.")]
AccountId = Annotated[
    str | None,
    Query(pattern=ID_PATTERN, description="The restriction of this account; else of all."),
]
AsOf = Annotated[
    MarketDate | None,
    Query(alias="as_of", description="The market's date; its newest if absent."),
]
Until = Annotated[
    MarketDate, Query(description="The first market date on which it is no longer restricted.")
]
OrderId = Annotated[str, Query(pattern=ID_PATTERN, description="The order.")]


@app.get("/v1/restricted-list", tags=["compliance"])
def restricted_list(caller: Caller, asked: AsOf = None) -> RestrictedListPage:
    """List what is restricted on a date. Group `admin` only: the reasons are confidential."""
    caller.require(ADMIN)
    date = as_of(asked, market=wiring.market_clock().time(), wall=SystemClock().now())
    entries = wiring.restricted_list().in_force(date.day)
    return RestrictedListPage(
        as_of=date.day,
        as_of_clock=date.clock,
        items=[RestrictedInstrument.of(one) for one in entries],
    )


@app.put("/v1/restricted-list/{instrument}", tags=["compliance"])
def restrict(instrument: Symbol, body: RestrictionBody, caller: Caller) -> RestrictedInstrument:
    """Restrict an instrument from a date on, in place of what held from then. `admin` only."""
    caller.require(ADMIN)
    entry = wiring.restricted_list().put(body.to_restriction(instrument), caller.owner)
    return RestrictedInstrument.of(entry)


@app.delete("/v1/restricted-list/{instrument}", tags=["compliance"])
def end_restriction(
    instrument: Symbol, effective_until: Until, caller: Caller, account_id: AccountId = None
) -> RestrictedInstrument:
    """End a restriction; its row stays on record. Group `admin` only."""
    caller.require(ADMIN)
    book = wiring.restricted_list()
    return RestrictedInstrument.of(book.end(instrument, account_id, effective_until, caller.owner))


@app.get("/v1/decisions", tags=["compliance"])
def decisions(order_id: OrderId, caller: Caller) -> DecisionPage:
    """Show what was decided on an order of the caller's own, and by which rules."""
    logged = wiring.decision_log().of_order(order_id, caller.owner)
    return DecisionPage(items=[DecisionSheet.of(one) for one in logged])
