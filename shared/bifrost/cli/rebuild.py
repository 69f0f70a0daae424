"""The books made anew from their journal, beside those that are stored."""

from typing import Annotated

import typer

from bifrost.cli.inputs import option
from bifrost.cli.output import REFUSED, AsJson, show_json, show_table

_COLUMNS = ("account_id", "through", "transactions", "lots", "has_imports", "agrees")
_DIFFERENCES = ("account_id", "what", "subject", "stored", "rebuilt")
_REFUSED = ("account_id", "action_id", "reason")


def rebuild(
    account: Annotated[str | None, option(says="One account; all of yours by default.")] = None,
    as_json: AsJson = False,
) -> None:
    """Rebuild your accounts' books from their journal, and name whatever is stored otherwise.

    Nothing is changed. Ends with 0 where the books agree to the last digit, and 3 where not.

    Example: bifrost rebuild --json
    """
    from bifrost.cli.session import ACCOUNTS_MAX, connect

    api = connect()
    accounts = [account] if account else [
        str(one["account_id"]) for one in api.pages("/v1/accounts", ACCOUNTS_MAX)
    ]  # fmt: skip
    made = [api.post(f"/v1/accounts/{one}/rebuilds") for one in accounts]
    if as_json:
        show_json({"items": made})
    else:
        show_table(made, _COLUMNS, empty="no account")
        for columns, part in ((_DIFFERENCES, "differences"), (_REFUSED, "refused_actions")):
            rows = [{"account_id": one["account_id"], **row} for one in made for row in one[part]]
            if rows:
                print()
                show_table(rows, columns, empty="")
    if not all(one["agrees"] for one in made):
        raise typer.Exit(REFUSED)
