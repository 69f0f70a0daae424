"""Fetching from providers: backfills, subscriptions, gaps, and how fresh the newest bars are."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from bifrost.cli.inputs import argument, arguments, most, option
from bifrost.cli.output import (
    DEPENDENCY_DOWN,
    AsJson,
    say,
    show_fields,
    show_json,
    show_table,
)

if TYPE_CHECKING:
    from bifrost.local.api import Api

_JOBS = "/v1/data/backfills"
_SUBSCRIPTIONS = "/v1/data/subscriptions"
_COLUMNS = (
    "job_id",
    "kind",
    "provider",
    "series",
    "timeframe",
    "state",
    "percent_done",
    "rows_written",
)
_ITEM = ("instrument", "state", "resume_at", "rows_written", "rows_kept_apart", "reason")
_SUBSCRIBED = ("instrument", "timeframe", "provider", "since", "live", "complete_to")
_GAP = ("instrument", "timeframe", "provider", "from", "before", "missing", "job_id")
_FRESH = ("instrument", "ended_at", "age_seconds", "fresh")
_ALL, _BARS = "all", "bars"

Timeframe = Annotated[str, option(says="1m or 1d.")]
Provider = Annotated[str, option(says="alpaca, massive or yahoo.")]


def backfill(
    instruments: Annotated[
        str | None, argument("Symbols, with commas between them, or `all` that are listed.")
    ] = None,
    series: Annotated[str, option(says="bars, trades or quotes.")] = _BARS,
    timeframe: Annotated[str | None, option(says="Of bars: 1m, or 1d, the default.")] = None,
    first: Annotated[str | None, option("--from", says="First session.")] = None,
    last: Annotated[str | None, option("--to", says="Last session.")] = None,
    provider: Provider = "alpaca",
    resume: Annotated[
        str | None, option(says="Go on with this job: what failed of it or was cancelled.")
    ] = None,
    cancel: Annotated[str | None, option(says="Stop this job; what it stored stays.")] = None,
    wait: Annotated[bool, typer.Option(help="Wait until it has ended, telling how far.")] = True,
    key: Annotated[
        str | None, option(says="Idempotency key: repeat it and nothing happens twice.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Fetch bars, trades or quotes of the past; what is stored already is not stored again.

    Ends with 0 once each instrument is done or absent, with 5 where one failed: --resume goes on
    from where it stopped.

    Example: bifrost data backfill AAPL,IBM --from 2024-01-02 --to 2024-03-28

    Example: bifrost data backfill SPY --series quotes --from 2024-01-02 --to 2024-01-02
    """
    from bifrost.adapters.ids import RandomIds
    from bifrost.cli.session import connect

    api = connect()
    if cancel is not None:
        job = api.post(f"{_JOBS}/{cancel}/cancel")
    elif resume is not None:
        job = api.post(f"{_JOBS}/{resume}/resume")
    else:
        if timeframe is None and series == _BARS:
            timeframe = "1d"
        wanted = _body(instruments or "", (series, timeframe), (first, last), provider)
        job = api.post(_JOBS, wanted, key=key or RandomIds().new())
    if wait and cancel is None:
        job = _ended(api, job)
    _show(api, job, as_json=as_json)
    if job["state"] == "failed":
        raise typer.Exit(DEPENDENCY_DOWN)


def jobs(limit: Annotated[int, most()] = 20, as_json: AsJson = False) -> None:
    """List ingestion jobs, those of the schedule too, the newest first.

    Example: bifrost data jobs --limit 5
    """
    from bifrost.cli.session import connect

    found = list(connect().pages(_JOBS, limit))
    show_json({"items": found}) if as_json else show_table(found, _COLUMNS, empty="no job")


def subscribe(
    instruments: Annotated[str, argument("Symbols, with commas between them.")],
    timeframe: Timeframe = "1d",
    provider: Provider = "alpaca",
    since: Annotated[
        str | None, option(says="Look for gaps from this session on; today by default.")
    ] = None,
    live: Annotated[
        bool, typer.Option("--live", help="Its daily bars become the desk's feed at each close.")
    ] = False,
    symbol: Annotated[
        str | None, option(says="What the provider calls it, where that is another name.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Have bars fetched by themselves: after each session's close, minutes while it is open too.

    Example: bifrost data subscribe AAPL,MSFT --timeframe 1d --since 2024-01-02
    """
    from bifrost.cli.session import connect

    api = connect()
    body: dict[str, Any] = {"since": since or _today(), "live": live, "symbol": symbol}
    made = [
        api.put(f"{_SUBSCRIPTIONS}/{name}/{timeframe}/{provider}", body)
        for name in _names(instruments)
    ]
    show_json({"items": made}) if as_json else show_table(made, _SUBSCRIBED, empty="none")


def unsubscribe(
    instruments: Annotated[str, argument("Symbols, with commas between them.")],
    timeframe: Timeframe = "1d",
    provider: Provider = "alpaca",
    as_json: AsJson = False,
) -> None:
    """Fetch them no more; what was fetched stays.

    Example: bifrost data unsubscribe MSFT --timeframe 1d
    """
    from bifrost.cli.session import connect

    api = connect()
    ended = [
        api.delete(f"{_SUBSCRIPTIONS}/{name}/{timeframe}/{provider}")
        for name in _names(instruments)
    ]
    show_json({"items": ended}) if as_json else show_table(ended, _SUBSCRIBED, empty="none")


def subscriptions(as_json: AsJson = False) -> None:
    """List what is fetched by itself.

    Example: bifrost data subscriptions
    """
    from bifrost.cli.session import connect

    found = connect().get(_SUBSCRIPTIONS)["items"]
    empty = "nothing; subscribe: `bifrost data subscribe AAPL`"
    show_json({"items": found}) if as_json else show_table(found, _SUBSCRIBED, empty=empty)


def gaps(
    instrument: Annotated[str | None, option(says="Of this one.")] = None,
    closed: Annotated[
        bool, typer.Option("--closed", help="Those that are filled or explained, too.")
    ] = False,
    limit: Annotated[int, most()] = 100,
    as_json: AsJson = False,
) -> None:
    """List bars that the calendar expects, and that are neither stored nor explained.

    Example: bifrost data gaps --instrument AAPL
    """
    from bifrost.cli.session import connect

    asked = {"instrument": instrument or "", "closed": closed, "limit": min(limit, 1000)}
    found = connect().get("/v1/data/gaps", **asked)["items"]
    show_json({"items": found}) if as_json else show_table(found, _GAP, empty="no gap")


def freshness(as_json: AsJson = False) -> None:
    """Show how old the newest minute of each subscribed instrument is, while its session is open.

    Example: bifrost data freshness
    """
    from bifrost.cli.session import connect

    found = connect().get("/v1/data/freshness")["items"]
    empty = "no session is open of anything that is subscribed to by the minute"
    show_json({"items": found}) if as_json else show_table(found, _FRESH, empty=empty)


def keys(
    given: Annotated[
        list[str] | None,
        arguments("NAME=VALUE, such as ALPACA_KEY_ID=...; `-` reads lines of them."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Tell the local stack the keys of providers; on AWS they are the secret `<stack>/vendors`.

    An empty value takes one away. Prints which are set, and no value.

    Example: bifrost data keys ALPACA_KEY_ID=... ALPACA_SECRET_KEY=...
    """
    import sys

    from bifrost.local.vendor_keys import keep_keys

    lines = [*(given or [])]
    if lines == ["-"]:
        lines = [line for line in sys.stdin.read().splitlines() if line.strip()]
    known = keep_keys(dict(_pair(line) for line in lines))
    show_json({"set": known}) if as_json else show_fields({"set": known})


def _pair(line: str) -> tuple[str, str]:
    name, equals, value = line.strip().partition("=")
    if not equals:
        raise typer.BadParameter("say NAME=VALUE, such as ALPACA_KEY_ID=...")
    return name, value


def _body(
    instruments: str,
    what: tuple[str, str | None],
    sessions: tuple[str | None, str | None],
    provider: str,
) -> dict[str, Any]:
    (series, timeframe), (first, last) = what, sessions
    if not instruments.strip():
        raise typer.BadParameter("name instruments, such as AAPL,MSFT, or say all")
    if first is None or last is None:
        raise typer.BadParameter("say from when to when: --from 2024-01-02 --to 2024-03-28")
    names = _ALL if instruments.strip() == _ALL else _names(instruments)
    return {
        "instruments": names,
        "series": series,
        "timeframe": timeframe,
        "from": first,
        "to": last,
        "provider": provider,
    }


def _names(instruments: str) -> list[str]:
    return [name.strip() for name in instruments.split(",") if name.strip()]


def _today() -> str:
    from bifrost.adapters.clock import SystemClock
    from bifrost.core.sessions import exchange_date

    return exchange_date(SystemClock().now()).isoformat()


def _ended(api: "Api", job: dict[str, Any]) -> dict[str, Any]:
    from bifrost.local.desk import followed

    return followed(api, job, progress=say)


def _show(api: "Api", job: dict[str, Any], *, as_json: bool) -> None:
    items = list(api.pages(f"{_JOBS}/{job['job_id']}/items", 1000))
    if as_json:
        show_json({**job, "instruments": items})
        return
    show_fields(job)
    print()
    show_table(items, _ITEM, empty="no instrument")
