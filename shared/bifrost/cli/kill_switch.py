"""The kill switch: what may leave the desk, or one account."""

from typing import Annotated

import typer

from bifrost.cli.inputs import argument, option
from bifrost.cli.output import AsJson, show_fields, show_json, show_table

app = typer.Typer(
    no_args_is_help=True,
    help="Stop orders from leaving, and let them leave again.\n\nExample: bifrost kill-switch show",
)


@app.command()
def show(as_json: AsJson = False) -> None:
    """Show the desk's switch and those of your accounts; the stricter one holds.

    Example: bifrost kill-switch show
    """
    from bifrost.cli.session import connect

    found = connect().get("/v1/kill-switch")
    if as_json:
        show_json(found)
        return
    columns = ("account_id", "mode", "reason", "set_by", "set_at")
    show_table(found["items"], columns, empty="no switch is set, which is a halt")


@app.command("set")
def set_switch(
    mode: Annotated[str, argument("trade, stop_new (only reduce) or halt (nothing)")],
    reason: Annotated[str, option(says="Why; kept for the audit.")],
    account: Annotated[str | None, option(says="Only this account; else the desk.")] = None,
    as_json: AsJson = False,
) -> None:
    """Set the switch; once this answers, no order is sent past it. Group `admin` only.

    Example: bifrost kill-switch set halt --reason "the feed is wrong"
    """
    from bifrost.cli.session import connect

    body = {"mode": mode, "reason": reason, "account_id": account}
    done = connect().put("/v1/kill-switch", body)
    show_json(done) if as_json else show_fields(done)
