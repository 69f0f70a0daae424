"""Corporate actions: take in what a vendor announced, and see what is known."""

from typing import Annotated, Any

import typer

from bifrost.cli.inputs import argument, option
from bifrost.cli.output import AsJson, say, show_json, show_table

app = typer.Typer(
    no_args_is_help=True,
    help="Splits, dividends, mergers and their like.\n\nExample: bifrost actions list",
)

_ACTIONS_MAX = 10**6
_SHOWN = ("action_id", "revision", "instrument", "kind", "ex_date", "pay_date", "status", "told_by",
          "lacks", "terms")  # fmt: skip


@app.command("import")
def import_actions(
    actions_file: Annotated[str, argument("A CSV file of corporate actions.")],
    check: Annotated[
        bool, typer.Option("--check", help="Only read the file; needs no stack.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Announce the corporate actions of a file: all of them or, naming each wrong line, none.

    Columns: action_id, vendor, revision, kind, instrument, currency, ex_date, and those that the
    kind has. A vendor's correction is the next revision; `withdrawn` takes one back. What is known
    already is left out, so a file may be sent again. A row whose vendor is yahoo, massive or alpaca
    is that vendor's claim: alone it is kept, and changes nothing.

    Example: bifrost actions import actions.csv
    """
    from bifrost.cli.import_parts import text_of
    from bifrost.data.files.corporate_action_file import read_corporate_actions

    text = text_of(actions_file)
    read = read_corporate_actions(text.encode())
    if check:
        _show({"read": len(read)}, f"{len(read)} rows can be imported", as_json)
        return
    from bifrost.cli.session import connect

    done = connect().post("/v1/corporate-actions", {"text": text})
    _show(done, "nothing in it is new", as_json)


@app.command("list")
def list_actions(
    instrument: Annotated[str | None, option(says="Of this one; of all by default.")] = None,
    first: Annotated[str | None, option("--from", says="First ex-date, YYYY-MM-DD.")] = None,
    last: Annotated[str | None, option("--to", says="Last ex-date, YYYY-MM-DD.")] = None,
    revisions: Annotated[
        bool, typer.Option("--revisions", help="Every revision, not the newest alone.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """List corporate actions in the order in which they came in.

    Example: bifrost actions list --instrument AAPL
    """
    from bifrost.cli.session import connect

    asked = {"instrument": instrument, "from": first, "to": last}
    given = {name: one for name, one in asked.items() if one is not None}
    if revisions:
        given["revisions"] = "true"
    items = list(connect().pages("/v1/corporate-actions", _ACTIONS_MAX, **given))
    if as_json:
        show_json({"items": items})
    else:
        show_table(items, _SHOWN, empty="no corporate action is known; `bifrost actions import`")


def _show(done: dict[str, Any], otherwise: str, as_json: bool) -> None:
    if as_json:
        show_json(done)
    else:
        added = done.get("added", [])
        show_table(added, _SHOWN, empty=otherwise)
        if any(one["status"] == "claimed" for one in added):
            say("what is only claimed changes nothing until a second source says the same")
