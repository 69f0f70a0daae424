"""`bifrost bars`: stored bars as they are, adjusted, or as they were known."""

from typing import TYPE_CHECKING, Annotated, Any

from bifrost.cli.inputs import argument, most, option
from bifrost.cli.output import AsJson, say, show_json, show_table

if TYPE_CHECKING:
    from bifrost.local.api import Api

AsOf = Annotated[
    str | None,
    option("--as-of", says="Nothing known only later: YYYY-MM-DD, or an instant with its zone."),
]
_PAGE = 5_000
_COLUMNS = ("t", "open", "high", "low", "close", "volume")


def bars(
    instrument: Annotated[str, argument("A symbol, or an instrument's key such as FB.1.")],
    timeframe: Annotated[str, option(says="1m, 5m, 15m, 30m, 1h or 1d.")] = "1d",
    first: Annotated[str | None, option("--from", says="First session, YYYY-MM-DD.")] = None,
    last: Annotated[str | None, option("--to", says="Last session, YYYY-MM-DD.")] = None,
    adjust: Annotated[str, option(says="none, splits or all: for what prices change.")] = "none",
    as_of: AsOf = None,
    knowledge: Annotated[
        str, option(says="effective: known in the world by then; recorded: by this desk.")
    ] = "effective",
    limit: Annotated[int, most("How many at the most, from the first on.")] = 10_000,
    as_json: AsJson = False,
) -> None:
    """Print an instrument's bars, oldest first.

    Prices are raw unless --adjust says. With --as-of nothing is used that could be known only
    later; a bar is known at its close, a split on its ex-date. A symbol means whoever had it in
    the range. `t` is a daily bar's session, else the instant at which the bar began.

    Example: bifrost bars AAPL --from 2012-01-03 --to 2012-01-13
    """
    from bifrost.cli.session import connect

    asked = {
        "instrument": instrument,
        "timeframe": timeframe,
        "from": first,
        "to": last,
        "adjust": adjust,
        "as_of": as_of,
        "knowledge": knowledge,
    }
    page, items = _read(connect(), asked, limit)
    shown = [{name: one[name] for name in _COLUMNS} for one in items]
    if as_json:
        whose = {name: page[name] for name in ("instrument", "timeframe", "adjust")}
        show_json({**whose, "as_of": as_of, "bars": shown})
    else:
        show_table(shown, _COLUMNS, empty=f"no bars of {page['instrument']} are stored there")


def _read(
    api: "Api", asked: dict[str, Any], limit: int
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Return the first page, and the bars of it and those after it; say what is to be said."""
    page: dict[str, Any] = api.get("/v1/bars", limit=min(limit, _PAGE), **asked)
    items, cursor = list(page["items"]), page["next_cursor"]
    for note in page["notes"]:
        say(note)
    while cursor is not None and len(items) < limit:
        left = min(limit - len(items), _PAGE)
        following = api.get("/v1/bars", limit=left, cursor=cursor, **asked)
        items += following["items"]
        cursor = following["next_cursor"]
    if cursor is not None:
        say(f"there are more than {limit}: ask with --limit, or --from a later session")
    return page, items
