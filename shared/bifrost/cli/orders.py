"""Orders: place, preview, list, show, cancel."""

from typing import Annotated, Any

import typer

from bifrost.cli.accounts import Account, Key
from bifrost.cli.inputs import argument, most, option
from bifrost.cli.output import (
    OK,
    REFUSED,
    UNKNOWN,
    AsJson,
    show_fields,
    show_json,
    show_table,
)

app = typer.Typer(
    no_args_is_help=True,
    help="Place and follow orders.\n\nExample: bifrost orders place buy 10 AAPL",
)

Side = Annotated[str, argument("buy or sell")]
Quantity = Annotated[str, argument("How many shares.")]
Symbol = Annotated[str, argument("The instrument, such as AAPL.")]
Kind = Annotated[str, option("--type", says="market, limit, stop or stop_limit")]
Limit = Annotated[str | None, option("--limit", says="Limit price.")]
Stop = Annotated[str | None, option("--stop", says="Stop price.")]
Force = Annotated[str, option("--tif", says="day or gtc")]
Strategy = Annotated[
    str | None, option("--strategy", says="A strategy of the account: its name or its id.")
]
DoNotReduce = Annotated[
    bool, typer.Option("--do-not-reduce", help="Keep the price over dividends and spin-offs.")
]
DoNotIncrease = Annotated[
    bool, typer.Option("--do-not-increase", help="Keep the quantity over splits.")
]
OrderId = Annotated[str, argument("The order's id.")]


@app.command()
def place(
    side: Side,
    quantity: Quantity,
    instrument: Symbol,
    kind: Kind = "market",
    limit: Limit = None,
    stop: Stop = None,
    tif: Force = "day",
    strategy: Strategy = None,
    do_not_reduce: DoNotReduce = False,
    do_not_increase: DoNotIncrease = False,
    account: Account = None,
    key: Key = None,
    wait: Annotated[bool, typer.Option(help="Wait until the venue or a rule has answered.")] = True,
    as_json: AsJson = False,
) -> None:
    """Place an order. Exit code 3: refused by a rule; 4: sent and no answer yet.

    Example: bifrost orders place buy 10 AAPL --type limit --limit 410.50
    """
    from bifrost.adapters.ids import RandomIds
    from bifrost.cli.session import connect, the_account, the_strategy
    from bifrost.local.desk import place as place_order

    api = connect()
    account_id = the_account(api, account)
    body = _body(account_id, side, quantity, instrument, kind, limit, stop, tif,
                 the_strategy(api, account_id, strategy))  # fmt: skip
    marks = {"do_not_reduce": do_not_reduce, "do_not_increase": do_not_increase}
    body |= {name: True for name, is_marked in marks.items() if is_marked}
    order = place_order(api, body, RandomIds().new() if key is None else key, wait=wait)
    show_json(order) if as_json else _show(order)
    raise typer.Exit(_exit_code(order["status"]))


@app.command()
def preview(
    side: Side,
    quantity: Quantity,
    instrument: Symbol,
    kind: Kind = "market",
    limit: Limit = None,
    stop: Stop = None,
    tif: Force = "day",
    strategy: Strategy = None,
    account: Account = None,
    as_json: AsJson = False,
) -> None:
    """Run every check on an order and send nothing. Exit code 3: it would be refused.

    Example: bifrost orders preview buy 1000000 AAPL
    """
    from bifrost.cli.session import connect, the_account, the_strategy

    api = connect()
    account_id = the_account(api, account)
    body = _body(account_id, side, quantity, instrument, kind, limit, stop, tif,
                 the_strategy(api, account_id, strategy))  # fmt: skip
    sheet = api.post("/v1/orders/preview", body)
    if as_json:
        show_json(sheet)
    else:
        print("it would be accepted" if sheet["accepted"] else "it would be refused:")
        for reason in sheet["reasons"]:
            print(f"  {reason['rule']}: {reason['message']}")
    raise typer.Exit(OK if sheet["accepted"] else REFUSED)


@app.command("list")
def list_orders(
    account: Account = None,
    status: Annotated[str | None, option(says="Only orders that stand so.")] = None,
    most: Annotated[int, most()] = 50,
    as_json: AsJson = False,
) -> None:
    """List an account's orders, newest first.

    Example: bifrost orders list --status filled
    """
    from bifrost.cli.session import connect, the_account

    api = connect()
    account_id = the_account(api, account)
    items = list(api.pages("/v1/orders", most, account_id=account_id, status=status))
    if as_json:
        show_json({"items": items})
        return
    columns = (
        "order_id", "instrument", "side", "type", "quantity", "status", "filled_quantity",
        "average_price",
    )  # fmt: skip
    show_table(items, columns, empty="no orders yet; `bifrost orders place`")


@app.command()
def show(order_id: OrderId, as_json: AsJson = False) -> None:
    """Show an order and every step it took, with its time.

    Example: bifrost orders show 6f1c8c1e-5d0a-5c52-8f0b-5a9d54f3a001
    """
    from bifrost.cli.session import connect

    order = connect().get(f"/v1/orders/{order_id}")
    show_json(order) if as_json else _show(order)


@app.command()
def cancel(order_id: OrderId, as_json: AsJson = False) -> None:
    """Cancel what is still open of an order.

    Example: bifrost orders cancel 6f1c8c1e-5d0a-5c52-8f0b-5a9d54f3a001
    """
    from bifrost.cli.session import connect

    order = connect().post(f"/v1/orders/{order_id}/cancel")
    show_json(order) if as_json else _show(order)


def _body(
    account_id: str, side: str, quantity: str, instrument: str, kind: str,
    limit: str | None, stop: str | None, tif: str, strategy_id: str | None,
) -> dict[str, Any]:  # fmt: skip
    body = {
        "account_id": account_id,
        "instrument": instrument,
        "side": side,
        "type": kind,
        "quantity": quantity,
        "time_in_force": tif,
        "limit_price": limit,
        "stop_price": stop,
        "strategy_id": strategy_id,
    }
    return {name: value for name, value in body.items() if value is not None}


def _show(order: dict[str, Any]) -> None:
    reasons, steps = order.get("reasons", []), order.get("steps", [])
    beside = ("reasons", "steps", "next_cursor")
    show_fields({name: v for name, v in order.items() if name not in beside})
    for reason in reasons:
        print(f"refused by {reason['rule']}: {reason['message']}")
    if steps:
        print()
        show_table(steps, ("recorded_at", "occurred_at", "what", "status", "detail"), empty="")
    if order.get("next_cursor"):
        print(f"later steps: GET /v1/orders/{order['order_id']}?cursor={order['next_cursor']}")


def _exit_code(status: str) -> int:
    return {"refused": REFUSED, "rejected": REFUSED, "unknown": UNKNOWN}.get(status, OK)
