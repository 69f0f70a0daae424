"""Histories into an account and out of it: import, undo, export."""

from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bifrost.cli.accounts import Account, Key
from bifrost.cli.inputs import argument, option
from bifrost.cli.output import USAGE, AsJson, say, show_fields, show_json, show_table

if TYPE_CHECKING:
    from bifrost.local.api import Api
    from bifrost.portfolio.imports.formats import Format
    from bifrost.portfolio.imports.mapping import FileMapping

ALL = 10**9
_SHOWN = ("line", "date", "kind", "instrument", "quantity", "price", "amount", "currency")


def import_file(
    file: Annotated[str, argument("The file to read, or `undo`.")],
    import_id: Annotated[str | None, argument("After `undo`: the import to undo.")] = None,
    account: Account = None,
    file_format: Annotated[
        str,
        option("--format", says="own, ibkr-flex, alpaca or portfolio-performance."),
    ] = "own",
    mapping: Annotated[
        str | None, option(says="A TOML or JSON file: how the file differs from its format.")
    ] = None,
    commit: Annotated[bool, typer.Option("--commit", help="Book it; else it is shown.")] = False,
    check: Annotated[
        bool, typer.Option("--check", help="Only read the file; needs no stack.")
    ] = False,
    reason: Annotated[str, option(says="Of an undo: why.")] = "imported by mistake",
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Show what a broker's file would add to an account; book it with --commit.

    Trades, cash in and out, dividends, interest, fees, taxes and exchanges become one import with
    an id, or, where a single line cannot be read, nothing does. A row that is there already is
    left out. `bifrost import undo ID` reverses all that an import booked.

    Example: bifrost import trades.csv --account A-1 --format own --commit
    """
    if file == "undo" and import_id is not None:
        _undo(import_id, account, reason, as_json)
        return
    if import_id is not None:
        raise typer.BadParameter("only `undo` takes an import", param_hint="import_id")
    from bifrost.cli.import_parts import parts_of, read

    wanted, text, known = read(file, file_format, mapping)
    if check:
        _show_rows(wanted, text, known, as_json)
        return
    from bifrost.cli.session import connect, the_account

    api = connect()
    account_id = the_account(api, account)
    bodies = parts_of(wanted, text, known)
    if commit:
        _commit(api, account_id, bodies, key, as_json)
    else:
        _preview(api, account_id, bodies, as_json)


def export(
    account: Account = None,
    file_format: Annotated[str, option("--format", says="csv or json.")] = "csv",
    as_json: AsJson = False,
) -> None:
    """Print everything that an account's books hold.

    csv is what `bifrost import --format own` reads back: the history. json adds to it the ledger,
    lots, closures and positions.

    Example: bifrost export --account A-1 --format csv > history.csv
    """
    if file_format not in ("csv", "json"):
        raise typer.BadParameter("it is neither csv nor json", param_hint="--format")
    from bifrost.cli.export_account import everything, history
    from bifrost.cli.session import connect, the_account

    api = connect()
    account_id = the_account(api, account)
    if as_json or file_format == "json":
        show_json(everything(api, account_id))
        return
    text, left_out = history(api, account_id)
    print(text, end="")
    for one in left_out:
        say(f"left out, no row can tell it: {one['kind']} {one['description']}")


def _show_rows(wanted: "Format", text: str, known: "FileMapping", as_json: bool) -> None:
    from bifrost.portfolio.exports import to_record
    from bifrost.portfolio.imports.formats import read_file

    found = read_file(wanted, text, known)
    rows = [{"line": str(one.line), **to_record(one)} for one in found.require()]
    if as_json:
        show_json({"rows": rows, "skipped": found.skipped})
        return
    show_table(rows, _SHOWN, empty="nothing is left of the file")


def _preview(api: "Api", account_id: str, bodies: list[dict[str, Any]], as_json: bool) -> None:
    path = f"/v1/accounts/{account_id}/imports/preview"
    found = [api.post(path, body) for body in bodies]
    # What a later part needs is booked by the one before: only the first can be tried.
    problems = found[0]["problems"]
    rows = [
        {"line": str(row["line"]), **row["activity"]} for one in found for row in one["added_rows"]
    ]
    shown = {
        "account_id": account_id,
        "parts": len(bodies),
        **{name: sum(one[name] for one in found) for name in ("added", "duplicates", "skipped")},
        "problems": problems,
        # Of several parts each is tried against the books as they are, so nobody knows the end.
        "overdrawn": found[0]["overdrawn"] if len(found) == 1 else None,
    }
    if as_json:
        show_json({**shown, "added_rows": rows})
    else:
        show_table(rows, _SHOWN, empty="nothing new")
        print()
        show_fields({name: shown[name] for name in ("added", "duplicates", "skipped", "parts")})
        for one in shown["overdrawn"] or ():
            say(f"the account would owe {one['amount']} {one['currency']} ({one['owed_as']})")
        for one in problems:
            say(f"line {one['line']}, column {one['column']}: {one['message']}; {one['fix']}")
        say("nothing was written" + ("" if problems else "; book it with --commit"))
    if problems:
        raise typer.Exit(USAGE)


def _commit(
    api: "Api", account_id: str, bodies: list[dict[str, Any]], key: str | None, as_json: bool
) -> None:
    from bifrost.adapters.ids import RandomIds

    given = RandomIds().new() if key is None else key
    path = f"/v1/accounts/{account_id}/imports"
    made = []
    for number, body in enumerate(bodies, start=1):
        part = given if len(bodies) == 1 else f"{given}-{number}-of-{len(bodies)}"
        made.append(api.post(path, body, key=part))
        if len(bodies) > 1:
            say(f"part {number} of {len(bodies)}: import {made[-1]['import_id']}")
    if as_json:
        show_json({"imports": made})
        return
    columns = ("import_id", "format", "added", "duplicates", "skipped")
    show_table(made, columns, empty="nothing was imported")


def _undo(import_id: str, account: str | None, reason: str, as_json: bool) -> None:
    from bifrost.cli.session import ACCOUNTS_MAX, connect
    from bifrost.core.errors import NotFoundError
    from bifrost.local.api import found_or_none

    api = connect()
    if account is None:
        accounts = [str(one["account_id"]) for one in api.pages("/v1/accounts", ACCOUNTS_MAX)]
    else:
        accounts = [account]
    for account_id in accounts:
        path = f"/v1/accounts/{account_id}/imports/{import_id}"
        if found_or_none(partial(api.get, path)) is not None:
            undone = api.post(f"{path}/undo", {"reason": reason})
            show_json(undone) if as_json else show_fields(undone)
            return
    raise NotFoundError(f"no import {import_id} in {len(accounts)} accounts")
