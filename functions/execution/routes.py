"""Execution's addresses: orders, their preview and cancellation, the venue and its agreement."""

from typing import Annotated, Any

from fastapi import Path, Query, Response

from bifrost.adapters.ids import RandomIds
from bifrost.core.codec import from_json
from bifrost.core.decisions import Reason
from bifrost.core.orders import OrderStatus
from bifrost.execution.records import OrderRecord
from bifrost.execution.schemas import (
    KillSwitchBody,
    KillSwitchView,
    OrderBody,
    OrderDetail,
    OrderPage,
    OrderView,
    PreviewSheet,
    Reconciliation,
    ReconciliationBody,
    SwitchView,
    VenueView,
)
from bifrost.runtime.auth import ADMIN, Caller
from bifrost.runtime.correlation import correlation_id
from bifrost.runtime.health import database_check, queue_check
from bifrost.runtime.http import IdempotencyKey, create_app
from bifrost.runtime.reasons import reason_json
from bifrost.wire.identifiers import ID_PATTERN
from bifrost.wire.pages import page_of
from functions.execution import wiring

app = create_app(
    "execution",
    checks={"database": database_check, "queue": queue_check, "venue": wiring.venue_check},
)

OrderId = Annotated[str, Path(pattern=ID_PATTERN, description="The order.")]
AccountFilter = Annotated[
    str | None, Query(pattern=ID_PATTERN, description="Only this account's orders.")
]
StatusFilter = Annotated[OrderStatus | None, Query(description="Only orders that stand here.")]
Limit = Annotated[int, Query(ge=1, le=200, description="How many at most.")]
Cursor = Annotated[
    str | None,
    Query(pattern=r"^[0-9]{1,18}$", description="`next_cursor` of the page before."),
]
TapeCursor = Annotated[
    str,
    Query(pattern=ID_PATTERN, description="`next_cursor` of the page before."),
]
TapeLimit = Annotated[int, Query(ge=1, le=1000, description="How many prices at most.")]
StepLimit = Annotated[int, Query(ge=1, le=1000, description="How many steps at most.")]
StepCursor = Annotated[
    str,
    Query(pattern=r"^[0-9]{1,9}$", description="`next_cursor` of the answer before."),
]


@app.post(
    "/v1/orders",
    tags=["orders"],
    status_code=202,
    responses={200: {"model": OrderView, "description": "The order this key placed before"}},
)
def place_order(
    body: OrderBody, key: IdempotencyKey, caller: Caller, response: Response
) -> OrderView:
    """Take an order; its workflow checks and sends it. The same key and body is the same order."""
    placed = wiring.orders().place(body.to_request(caller.owner, key), correlation_id())
    response.headers["Location"] = f"/v1/orders/{placed.record.order_id}"
    response.status_code = 202 if placed.created else 200
    return _view(placed.record)


@app.get("/v1/orders", tags=["orders"])
def list_orders(
    caller: Caller,
    account_id: AccountFilter = None,
    status: StatusFilter = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> OrderPage:
    """List the caller's orders, the newest first."""
    # One more than asked, to know whether there is a next page.
    found = wiring.orders().page(
        caller.owner,
        account_id=account_id,
        status=status,
        before=None if cursor is None else int(cursor),
        limit=limit + 1,
    )
    shown, last = page_of(found, limit)
    return OrderPage(
        items=[_view(record) for record in shown], next_cursor=str(last.place) if last else None
    )


@app.post("/v1/orders/preview", tags=["orders"])
def preview_order(body: OrderBody, caller: Caller) -> PreviewSheet:
    """Run every check on an order; nothing is reserved, kept or sent."""
    request = body.to_request(caller.owner, RandomIds().new())
    sheet = wiring.orders().preview(request, correlation_id())
    return PreviewSheet(
        accepted=sheet["accepted"],
        reasons=_worded(sheet["reasons"]),
        checks=[{**check, "reasons": _worded(check["reasons"])} for check in sheet["checks"]],
    )


@app.get("/v1/orders/{order_id}", tags=["orders"])
def show_order(
    order_id: OrderId, caller: Caller, limit: StepLimit = 200, cursor: StepCursor = "0"
) -> OrderDetail:
    """Show an order with the steps it took, oldest first."""
    after = int(cursor)
    record, found = wiring.orders().show(order_id, caller.owner, after=after, limit=limit + 1)
    more = str(after + limit) if len(found) > limit else None
    return OrderDetail.with_steps(record, _reasons(record), found[:limit], more)


@app.post("/v1/orders/{order_id}/cancel", tags=["orders"])
def cancel_order(order_id: OrderId, caller: Caller) -> OrderView:
    """Cancel what is open; `pending_cancel` where the venue has not yet said so."""
    wiring.orders().require_order(order_id, caller.owner)
    return _view(wiring.canceller().cancel(order_id))


@app.post("/v1/reconciliations", tags=["venue"])
def reconcile(body: ReconciliationBody, caller: Caller) -> Reconciliation:
    """Compare the account's books with the venue's, now."""
    wiring.orders().require_account(body.account_id, caller.owner)
    answer = wiring.statements().reconcile(body.account_id, correlation_id())
    return Reconciliation.of(body.account_id, answer["breaks"])


@app.get("/v1/venue", tags=["venue"])
def show_venue(caller: Caller, limit: TapeLimit = 200, cursor: TapeCursor = "") -> VenueView:
    """Show the market's time and the last price of each instrument, by symbol."""
    return VenueView.of(wiring.orders().market(after=cursor, limit=limit + 1), limit)


@app.get("/v1/kill-switch", tags=["kill switch"])
def show_kill_switch(caller: Caller) -> KillSwitchView:
    """Show the desk's switch and those of the caller's accounts; to an admin, every account's."""
    owner = None if ADMIN in caller.groups else caller.owner
    return KillSwitchView.of(wiring.kill_switch().show(owner))


@app.put("/v1/kill-switch", tags=["kill switch"])
def set_kill_switch(body: KillSwitchBody, caller: Caller) -> SwitchView:
    """Set the switch; no order is claimed past it once this answers. Group `admin` only."""
    caller.require(ADMIN)
    switch = wiring.kill_switch().set(body.mode, body.reason, caller.owner, body.account_id)
    return SwitchView.of(switch)


def _view(record: OrderRecord) -> OrderView:
    return OrderView.of(record, _reasons(record))


def _reasons(record: OrderRecord) -> list[dict[str, Any]]:
    return [reason_json(reason) for reason in record.reasons]


def _worded(reasons: list[dict[str, Any]]) -> list[Any]:
    return [reason_json(from_json(Reason, reason)) for reason in reasons]
