"""Lots: what is left of each purchase, and which of them a sale closes."""

from typing import Annotated, Any

import typer

from bifrost.cli.accounts import Account
from bifrost.cli.inputs import argument, each_filled, most, option
from bifrost.cli.output import AsJson, show_fields, show_json, show_table

app = typer.Typer(
    no_args_is_help=True,
    help="See lots, and choose which of them a sale closes.\n\nExample: bifrost lots list",
)

_METHODS = "fifo, lifo, hifo or lowest_tax."


@app.command("list")
def list_lots(
    instrument: Annotated[str | None, option(says="Of this instrument only.")] = None,
    account: Account = None,
    most: Annotated[int, most()] = 200,
    as_json: AsJson = False,
) -> None:
    """List an account's open lots, oldest first, and how its sales choose among them.

    Example: bifrost lots list --instrument AAPL
    """
    from bifrost.cli.session import connect, the_account

    api = connect()
    path = f"/v1/accounts/{the_account(api, account)}/lots"
    first = api.get(path, limit=1)
    ways = {"method": first["method"], "methods": first["methods"]}
    items = list(api.pages(path, most, instrument=instrument))
    if as_json:
        show_json({**ways, "items": items})
        return
    columns = ("lot_id", "instrument", "opened_at", "quantity", "cost", "currency")
    show_table(items, columns, empty="no open lots")
    print()
    show_fields({"method": ways["method"], **ways["methods"]})


@app.command()
def choose(
    order: Annotated[str, option(says="The order; none of it may have filled yet.")],
    lot: Annotated[
        list[str] | None,
        typer.Option(
            "--lot", callback=each_filled, help="LOT=QUANTITY, closed in this order; repeatable."
        ),
    ] = None,
    method: Annotated[str | None, option(says=f"Instead of naming lots: {_METHODS}")] = None,
    account: Account = None,
    as_json: AsJson = False,
) -> None:
    """Name the lots that an order's sale closes, or how it chooses them.

    Example: bifrost lots choose --order ID --lot LOT=10 --lot OTHER=5
    """
    if lot and method is not None:
        raise typer.BadParameter("name lots, or one method instead", param_hint="--lot")
    if not lot and method is None:
        raise typer.BadParameter("name lots, or a method", param_hint="--lot")
    parts = [_part(one) for one in lot or ()]
    body: dict[str, Any] = {"method": method or "specific"}
    _select(account, f"lot-selection/{order}", {**body, "lots": parts}, as_json)


@app.command()
def method(
    name: Annotated[str, argument(f"{_METHODS} Of an instrument also average_cost, or account.")],
    instrument: Annotated[
        str | None, option(says="Of this one alone; `account` makes it do as the others.")
    ] = None,
    security: Annotated[
        str | None,
        option(says="What it is: fund or reinvestment_plan have the average, a stock has not."),
    ] = None,
    account: Account = None,
    as_json: AsJson = False,
) -> None:
    """Say how an account's sales choose their lots where an order does not; from the next fill on.

    A fund's shares may be sold at their average: `average_cost --instrument VTI --security fund`.

    Example: bifrost lots method hifo
    """
    given = {"method": name, "instrument": instrument, "security": security}
    body = {key: value for key, value in given.items() if value is not None}
    _select(account, "lot-selection", body, as_json)


def _select(account: str | None, address: str, body: dict[str, Any], as_json: bool) -> None:
    from bifrost.cli.session import connect, the_account

    api = connect()
    done = api.put(f"/v1/accounts/{the_account(api, account)}/{address}", body)
    if as_json:
        show_json(done)
        return
    show_fields({name: value for name, value in done.items() if name != "lots"})
    if done["lots"]:
        show_table(done["lots"], ("lot_id", "quantity"), empty="")


def _part(text: str) -> dict[str, str]:
    lot_id, sign, quantity = (part.strip() for part in text.rpartition("="))
    if not (lot_id and sign and quantity):
        raise typer.BadParameter(f"{text!r} is not LOT=QUANTITY", param_hint="--lot")
    return {"lot_id": lot_id, "quantity": quantity}
