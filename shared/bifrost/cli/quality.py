"""How good stored market data is, and the release of what the gate kept apart."""

from typing import Annotated, Any

import typer

from bifrost.cli.inputs import option
from bifrost.cli.output import REFUSED, AsJson, say, show_fields, show_json, show_table

app = typer.Typer(
    help="How complete sessions are, and what the gate kept apart.\n\n"
    "Example: bifrost data quality --session 2012-01-03",
)

_DAYS = ("session", "timeframe", "expected", "stored", "quarantined", "share", "reached")
_QUARANTINED = ("quarantine_id", "instrument", "timeframe", "occurred_at", "kinds", "reason")
_TICKS = ("instrument", "kind", "occurred_at", "kinds", "reason")
_FLAGGED = ("instrument", "timeframe", "occurred_at", "kind", "reason")


@app.callback(invoke_without_command=True)
def quality(
    context: typer.Context,
    session: Annotated[str | None, option(says="One session, YYYY-MM-DD.")] = None,
    first: Annotated[str | None, option("--from", says="First session.")] = None,
    last: Annotated[str | None, option("--to", says="Last session.")] = None,
    instrument: Annotated[str | None, option(says="Of this one alone.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many rows of each list.")] = 100,
    check: Annotated[
        bool,
        typer.Option(
            "--check", help="End with 3 where a session is below the goal, or nothing is stored."
        ),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Report how complete sessions are, what is quarantined and what is odd, worst first.

    The newest session, unless --session, --from or --to say another. The goal is 99.5 %.

    Example: bifrost data quality --from 2012-01-03 --to 2012-03-30 --instrument AAPL
    """
    if context.invoked_subcommand is not None:
        return
    from bifrost.cli.session import connect

    found = connect().get(
        "/v1/data/quality",
        **{"from": session or first, "to": session or last},
        instrument=instrument,
        limit=limit,
    )
    show_json(found) if as_json else _show(found)
    if check and not found["reached"]:
        raise typer.Exit(REFUSED)


@app.command("release")
def release(
    quarantine_id: Annotated[
        int, typer.Argument(min=1, max=2**63 - 1, help="Its number in the report.")
    ],
    reason: Annotated[str, option(says="Why it is right all the same.")],
    as_json: AsJson = False,
) -> None:
    """Let a quarantined bar in; who, when and why is kept with it.

    Example: bifrost data quality release 7 --reason confirmed
    """
    from bifrost.cli.session import connect

    found = connect().post(f"/v1/data/quality/{quarantine_id}/release", {"reason": reason})
    show_json(found) if as_json else show_fields(found)


def _show(found: dict[str, Any]) -> None:
    for title, rows, columns, empty in (
        ("", found["days"], _DAYS, "nothing is stored of these days"),
        ("below the goal", found["worst"], ("instrument", *_DAYS), ""),
        ("quarantined", found["quarantined"], _QUARANTINED, ""),
        ("quarantined quotes and trades", found["quarantined_ticks"], _TICKS, ""),
        ("flagged", found["flagged"], _FLAGGED, ""),
    ):
        if rows or empty:
            if title:
                print(f"\n{title}")
            show_table(rows, columns, empty=empty)
    if older := found["days_left_out"]:
        say(f"{older:,} older rows of days are not listed; see --limit, --from and --to")
