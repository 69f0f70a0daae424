"""Risk's addresses: an account's buying power and its limits."""

from typing import Annotated

from fastapi import Path, Query

from bifrost.core.errors import NotFoundError
from bifrost.risk.schemas import BuyingPower, LimitsBody, LimitsInForce, LimitsSheet
from bifrost.runtime.auth import ADMIN, Caller
from bifrost.runtime.health import database_check, queue_check
from bifrost.runtime.http import create_app
from bifrost.wire.dates import MarketDate, as_of
from bifrost.wire.identifiers import ID_PATTERN
from functions.risk import wiring

app = create_app("risk", checks={"database": database_check, "queue": queue_check})

AccountId = Annotated[str, Path(pattern=ID_PATTERN, description="The account.")]
EventId = Annotated[
    str | None,
    Query(
        pattern=ID_PATTERN, description="An event; `seen` then says whether it is in the answer."
    ),
]
AsOf = Annotated[
    MarketDate | None,
    Query(alias="as_of", description="The market's date to judge by; its newest if absent."),
]


@app.get("/v1/accounts/{account_id}/buying-power", tags=["risk"])
def buying_power(account_id: AccountId, caller: Caller, seen: EventId = None) -> BuyingPower:
    """Show what the account could still spend."""
    # Asked first: an event that is heard between the two is in the numbers and not yet claimed.
    heard = None if seen is None else wiring.accounts().has_heard(seen)
    return BuyingPower.of(wiring.accounts().cash_of(account_id, caller.owner), heard)


@app.get("/v1/accounts/{account_id}/limits", tags=["risk"])
def limits(account_id: AccountId, caller: Caller, asked: AsOf = None) -> LimitsInForce:
    """Show the limits by which the account's orders are judged on a date."""
    owner = wiring.limit_book().owner_of(account_id)
    if owner != caller.owner and ADMIN not in caller.groups:
        raise NotFoundError(f"no account {account_id}")
    book = wiring.limit_book()
    date = as_of(asked, market=book.market_time(), wall=wiring.clock().now())
    return LimitsInForce.on(account_id, book.in_force(account_id, date.day), date)


@app.put("/v1/accounts/{account_id}/limits", tags=["risk"])
def set_limits(account_id: AccountId, body: LimitsBody, caller: Caller) -> LimitsSheet:
    """Add a version of the account's limits; earlier ones stay on record. Group `admin` only."""
    caller.require(ADMIN)
    wiring.limit_book().owner_of(account_id)
    new = wiring.limit_book().add(account_id, body.to_limits(account_id), caller.owner)
    return LimitsSheet.of(account_id, new)
