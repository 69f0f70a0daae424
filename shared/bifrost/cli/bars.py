"""`bifrost bars`: stored bars as they are, adjusted, or as they were known."""

from typing import Annotated, Any

from bifrost.cli.inputs import argument, most, option
from bifrost.cli.output import AsJson, say, show_json, show_table

_PAGE = 5_000
_COLUMNS = ("t", "open", "high", "low", "close", "volume")


def bars(
    instrument: Annotated[str, argument("A symbol, or an instrument's key such as FB.1.")],
    timeframe: Annotated[str, option(says="1m, 5m, 15m, 30m, 1h or 1d.")] = "1d",
    first: Annotated[str | None, option("--from", says="First session, YYYY-MM-DD.")] = None,
    last: Annotated[str | None, option("--to", says="Last session, YYYY-MM-DD.")] = None,
    adjust: Annotated[str, option(says="none, splits or all: for what prices change.")] = "none",
    as_of: Annotated[
        str | None,
        option(
            "--as-of", says="Nothing known only later: YYYY-MM-DD, or an instant with its zone."
        ),
    ] = None,
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

    Example: bifrost bars AAPL --timeframe 1d --from 2012-01-03 --to 2012-01-13 --adjust splits
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
    api = connect()
    page: dict[str, Any] = api.get("/v1/bars", limit=min(limit, _PAGE), **asked)
    items = page["items"]
    for note in page["notes"]:
        say(note)
    while page["next_cursor"] is not None and len(items) < limit:
        left = min(limit - len(items), _PAGE)
        page = api.get("/v1/bars", limit=left, cursor=page["next_cursor"], **asked)
        items += page["items"]
    if page["next_cursor"] is not None:
        say(f"there are more than {limit}: ask with --limit, or --from a later session")
    shown = [{name: one[name] for name in _COLUMNS} for one in items]
    if as_json:
        show_json(
            {
                "instrument": page["instrument"],
                "timeframe": page["timeframe"],
                "adjust": page["adjust"],
                "as_of": as_of,
                "bars": shown,
            }
        )
        return
    show_table(shown, _COLUMNS, empty=f"no bars of {page['instrument']} are stored there")
