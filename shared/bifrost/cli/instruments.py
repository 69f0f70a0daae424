"""Instruments: what is listed, who had a symbol on a day, and what could be traded then."""

from typing import Annotated, Any

import typer

from bifrost.cli.inputs import argument, option
from bifrost.cli.output import AsJson, show_fields, show_json, show_table

app = typer.Typer(
    help="What can be traded, and who had which symbol when.\n\nExample: bifrost instruments list",
)

_ITEMS_MAX = 10**6
_LISTED = ("symbol", "mic", "currency", "name")
_PRESENT = ("instrument", "symbol", "mic", "status", "name")

AsOf = Annotated[str | None, option("--as-of", says="As it was on this day, YYYY-MM-DD.")]
KnownBy = Annotated[
    str | None,
    option("--known-by", says="As we knew it then, such as 2026-01-05T15:30:00Z; now by default."),
]


@app.callback(invoke_without_command=True)
def instruments(context: typer.Context, as_json: AsJson = False) -> None:
    """List what can be traded, or show who had which symbol when.

    Example: bifrost instruments
    """
    if context.invoked_subcommand is None:
        list_instruments(as_json=as_json)


@app.command("list")
def list_instruments(as_json: AsJson = False) -> None:
    """List what can be traded.

    Example: bifrost instruments list
    """
    from bifrost.cli.session import connect

    found = list(connect().pages("/v1/instruments", _ITEMS_MAX))
    if as_json:
        show_json({"items": found, "next_cursor": None})
        return
    show_table(found, _LISTED, empty="nothing is listed")


@app.command("show")
def show(
    symbol: Annotated[str, argument("A symbol, or an instrument's key such as FB.1.")],
    as_of: AsOf = None,
    known_by: KnownBy = None,
    as_json: AsJson = False,
) -> None:
    """Show an instrument: the one that has the symbol, or that had it on a day.

    A symbol is another instrument's at another time: FB was not Facebook before 2012-05-18.

    Example: bifrost instruments show FB --as-of 2012-05-21
    """
    from urllib.parse import quote

    from bifrost.cli.session import connect

    found = connect().get(
        f"/v1/instruments/{quote(symbol, safe='')}", as_of=as_of, known_by=known_by
    )
    show_json(found) if as_json else show_fields(found)


def universe(
    as_of: Annotated[str, option("--as-of", says="The day, YYYY-MM-DD.")],
    index: Annotated[str | None, option(says="Members of this index alone.")] = None,
    known_by: KnownBy = None,
    as_json: AsJson = False,
) -> None:
    """List everything that was listed on a day, or in an index: what is gone since, too.

    Example: bifrost universe --as-of 2001-01-02
    """
    from bifrost.cli.session import connect

    asked: dict[str, Any] = {"as_of": as_of, "index": index, "known_by": known_by}
    found = list(connect().pages("/v1/universe", _ITEMS_MAX, **asked))
    if as_json:
        show_json(asked | {"items": found})
        return
    whose = f"in {index}" if index else "listed"
    show_table(found, _PRESENT, empty=f"nothing is known that was {whose} on {as_of}")
