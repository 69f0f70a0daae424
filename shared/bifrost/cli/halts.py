"""Trading halts: which there were, and what a person knows of one."""

from typing import Annotated, Any

import typer

from bifrost.cli.inputs import argument, most, option
from bifrost.cli.output import AsJson, show_json, show_table

app = typer.Typer(
    help="When an instrument was halted.\n\nExample: bifrost data halts --instrument GME",
)

_ADDRESS = "/v1/data/halts"
_COLUMNS = (
    *("instrument", "state", "begins_at", "ends_at", "known_to", "source", "code", "reason"),
)


@app.callback(invoke_without_command=True)
def halts(
    context: typer.Context,
    instrument: Annotated[str | None, option(says="Of this one alone.")] = None,
    first: Annotated[str | None, option("--from", says="First session, YYYY-MM-DD.")] = None,
    last: Annotated[str | None, option("--to", says="Last session, YYYY-MM-DD.")] = None,
    known_by: Annotated[
        str | None, option(says="Leave out what was told later, such as 2026-01-05T15:30:00Z.")
    ] = None,
    limit: Annotated[int, most()] = 100,
    as_json: AsJson = False,
) -> None:
    """List trading halts that a live stream or a person told of, the last told first.

    Example: bifrost data halts --instrument GME --from 2021-01-28 --to 2021-01-28
    """
    if context.invoked_subcommand is not None:
        return
    from bifrost.cli.session import connect

    asked: dict[str, Any] = {"from": first, "to": last, "known_by": known_by}
    found = list(connect().pages(_ADDRESS, limit, instrument=instrument, **asked))
    if as_json:
        show_json({"items": found, "next_cursor": None})
        return
    show_table(found, _COLUMNS, empty="no halts")


@app.command("add")
def add(
    instrument: Annotated[str, argument("The instrument.")],
    begins_at: Annotated[str, option("--from", says="Since when, such as 2026-01-05T15:30:00Z.")],
    reason: Annotated[str, option(says="How it is known.")],
    ends_at: Annotated[
        str | None,
        option("--to", says="Until when; left out while it lasts, as --from where it was none."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Tell of a halt that no stream heard, or of its end; bars and trades are judged by it.

    What is stored already stays. The last word of the halt that begins then counts.

    Example: bifrost data halts add GME --from 2021-01-28T14:40Z --reason known
    """
    from bifrost.cli.session import connect

    body = {"instrument": instrument, "begins_at": begins_at, "ends_at": ends_at, "reason": reason}
    found = connect().post(_ADDRESS, body)
    show_json(found) if as_json else show_table(found["items"], _COLUMNS, empty="no halts")
