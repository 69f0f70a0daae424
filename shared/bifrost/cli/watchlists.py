"""Watchlists: instruments to keep an eye on."""

from typing import Annotated, Any

import typer

from bifrost.cli.inputs import argument, each_filled, option
from bifrost.cli.output import AsJson, show_fields, show_json, show_table

app = typer.Typer(
    no_args_is_help=True,
    help="Keep lists of instruments.\n\nExample: bifrost watchlists list",
)

WATCHLISTS_MAX = 10_000

Watchlist = Annotated[str, argument("The watchlist.")]
Symbols = Annotated[
    list[str] | None, typer.Argument(help="Symbols, in their order.", callback=each_filled)
]


@app.command("list")
def list_watchlists(as_json: AsJson = False) -> None:
    """List your watchlists with their instruments.

    Example: bifrost watchlists list
    """
    from bifrost.cli.session import connect

    items = list(connect().pages("/v1/watchlists", WATCHLISTS_MAX))
    if as_json:
        show_json({"items": items})
        return
    columns = ("watchlist_id", "name", "instruments")
    show_table(items, columns, empty="no watchlists yet; `bifrost watchlists create`")


@app.command()
def create(
    name: Annotated[str, argument("What to call it.")],
    symbols: Symbols = None,
    key: Annotated[
        str | None, option(says="Idempotency-Key: the same key never does it twice.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Make a watchlist of listed instruments.

    Example: bifrost watchlists create tech AAPL MSFT
    """
    from bifrost.adapters.ids import RandomIds
    from bifrost.cli.session import connect

    body = {"name": name, "instruments": symbols or []}
    key = RandomIds().new() if key is None else key
    _tell(connect().post("/v1/watchlists", body, key=key), as_json)


@app.command()
def put(
    watchlist: Watchlist,
    symbols: Symbols = None,
    name: Annotated[str | None, option(says="Another name, too.")] = None,
    as_json: AsJson = False,
) -> None:
    """Replace a watchlist's instruments by these, in this order.

    Example: bifrost watchlists put WATCHLIST MSFT IBM
    """
    from bifrost.cli.session import connect

    api = connect()
    path = f"/v1/watchlists/{watchlist}"
    found = api.get(path)
    body = {"name": name or found["name"], "instruments": symbols or []}
    _tell(api.put(path, body, version=found["version"]), as_json)


@app.command()
def delete(watchlist: Watchlist, as_json: AsJson = False) -> None:
    """Forget a watchlist; it is shown as it was.

    Example: bifrost watchlists delete WATCHLIST
    """
    from bifrost.cli.session import connect

    api = connect()
    path = f"/v1/watchlists/{watchlist}"
    _tell(api.delete(path, version=api.get(path)["version"]), as_json)


def _tell(done: Any, as_json: bool) -> None:
    show_json(done) if as_json else show_fields(done)
