"""The books made anew from their journal, beside those that are stored."""

from typing import Annotated

import typer

from bifrost.cli.inputs import option
from bifrost.cli.output import REFUSED, AsJson, say_on_terminal, show_json, show_table

_COLUMNS = ("account_id", "through", "transactions", "lots", "has_imports", "agrees")
_DIFFERENCES = ("account_id", "what", "subject", "stored", "rebuilt")
_REFUSED = ("account_id", "action_id", "reason")


def rebuild(
    account: Annotated[str | None, option(says="One account; all of yours by default.")] = None,
    as_json: AsJson = False,
) -> None:
    """Rebuild your accounts' books from their journal, and name whatever is stored otherwise.

    Nothing is changed. Ends with 0 where the books agree to the last digit, 3 where not, and 5
    where a rebuild did not come to its end. A long account takes minutes; one of its rebuilds
    runs at a time.

    Example: bifrost rebuild --json
    """
    from bifrost.adapters.ids import RandomIds
    from bifrost.cli.session import ACCOUNTS_MAX, connect
    from bifrost.local.desk import rebuild as rebuilt

    api = connect()
    accounts = [account] if account else [
        str(one["account_id"]) for one in api.pages("/v1/accounts", ACCOUNTS_MAX)
    ]  # fmt: skip
    made = [rebuilt(api, one, RandomIds().new(), progress=say_on_terminal) for one in accounts]
    if as_json:
        show_json({"items": made})
    else:
        show_table(made, _COLUMNS, empty="no account")
        for columns, part in ((_DIFFERENCES, "differences"), (_REFUSED, "refused_actions")):
            rows = [{"account_id": one["account_id"], **row} for one in made for row in one[part]]
            if rows:
                print()
                show_table(rows, columns, empty="")
        for one in made:
            if one["differences_found"] > len(one["differences"]):
                print(f"\nof {one['account_id']}: {one['differences_found']} differences in all")
    if not all(one["agrees"] for one in made):
        raise typer.Exit(REFUSED)
