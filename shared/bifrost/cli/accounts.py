"""Accounts, their cash, their positions and their ledger."""

from typing import Annotated

import typer

from bifrost.cli.inputs import Currency, argument, most, option
from bifrost.cli.output import AsJson, show_fields, show_json, show_table

app = typer.Typer(
    no_args_is_help=True, help="Open and list accounts.\n\nExample: bifrost accounts list"
)

Account = Annotated[str | None, option(says="The account; your newest one by default.")]
Archived = Annotated[bool, typer.Option("--archived", help="Show the archived too.")]
Key = Annotated[str | None, option(says="Idempotency-Key: the same key never does it twice.")]


@app.command("open")
def open_account(
    name: Annotated[str, argument("What to call it.")],
    kind: Annotated[str, option(says="cash, margin, ira or roth_ira.")] = "cash",
    currency: Currency = "USD",
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Open an account. No kind lends yet: margin buys with its own cash too.

    Example: bifrost accounts open "first desk" --kind roth_ira
    """
    from bifrost.adapters.ids import RandomIds
    from bifrost.cli.session import connect
    from bifrost.local.desk import open_account

    body = {"name": name, "kind": kind, "currency": currency}
    account = open_account(connect(), body, RandomIds().new() if key is None else key)
    show_json(account) if as_json else show_fields(account)


@app.command("list")
def list_accounts(archived: Archived = False, as_json: AsJson = False) -> None:
    """List your accounts.

    Example: bifrost accounts list
    """
    from bifrost.cli.session import ACCOUNTS_MAX, connect

    items = list(connect().pages("/v1/accounts", ACCOUNTS_MAX, archived=archived))
    if as_json:
        show_json({"items": items})
        return
    columns = ("account_id", "name", "kind", "currency", "opened_at")
    show_table(items, columns, empty="no accounts yet; `bifrost accounts open`")


@app.command("rename")
def rename_account(
    account: Annotated[str, argument("The account.")],
    name: Annotated[str, argument("What to call it.")],
    as_json: AsJson = False,
) -> None:
    """Give an account another name.

    Example: bifrost accounts rename ACCOUNT "second desk"
    """
    from bifrost.cli.session import connect

    api = connect()
    path = f"/v1/accounts/{account}"
    done = api.patch(path, {"name": name}, version=api.get(path)["version"])
    show_json(done) if as_json else show_fields(done)


@app.command("archive")
def archive_account(
    account: Annotated[str, argument("The account.")], as_json: AsJson = False
) -> None:
    """Put an empty account away; refused while it has cash or positions.

    Example: bifrost accounts archive ACCOUNT
    """
    from bifrost.cli.session import connect

    api = connect()
    path = f"/v1/accounts/{account}"
    done = api.post(f"{path}/archive", version=api.get(path)["version"])
    show_json(done) if as_json else show_fields(done)


@app.command("unarchive")
def unarchive_account(
    account: Annotated[str, argument("The account.")], as_json: AsJson = False
) -> None:
    """Take an archived account back, with the portfolios that went away with it.

    Example: bifrost accounts unarchive ACCOUNT
    """
    from bifrost.cli.session import connect

    api = connect()
    path = f"/v1/accounts/{account}"
    done = api.post(f"{path}/unarchive", version=api.get(path)["version"])
    show_json(done) if as_json else show_fields(done)


def deposit(
    amount: Annotated[str, argument("How much, such as 10000 or 250.50.")],
    account: Account = None,
    currency: Currency = "USD",
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Pay cash into an account and wait until risk lets you trade with it.

    Example: bifrost deposit 10000
    """
    from bifrost.adapters.ids import RandomIds
    from bifrost.cli.session import connect, the_account
    from bifrost.local.desk import deposit as pay_in

    api = connect()
    body = {"amount": amount, "currency": currency}
    done = pay_in(api, the_account(api, account), body, RandomIds().new() if key is None else key)
    show_json(done) if as_json else show_fields(done)


def withdraw(
    amount: Annotated[str, argument("How much, such as 250.50.")],
    account: Account = None,
    currency: Currency = "USD",
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Take cash out of an account; refused where open orders need it.

    Example: bifrost withdraw 250.50
    """
    from bifrost.adapters.ids import RandomIds
    from bifrost.cli.session import connect, the_account

    api = connect()
    path = f"/v1/accounts/{the_account(api, account)}/withdrawals"
    done = api.post(
        path,
        {"amount": amount, "currency": currency},
        key=RandomIds().new() if key is None else key,
    )
    show_json(done) if as_json else show_fields(done)


def positions(account: Account = None, as_json: AsJson = False) -> None:
    """Show an account's positions, with its cash and equity.

    Example: bifrost positions --json
    """
    from bifrost.cli.session import connect, the_account
    from bifrost.local.desk import portfolio_of

    api = connect()
    portfolio_id = portfolio_of(api, the_account(api, account))
    portfolio = api.get(f"/v1/portfolios/{portfolio_id}")
    items = api.get(f"/v1/portfolios/{portfolio_id}/positions")["items"]
    if as_json:
        show_json({**portfolio, "positions": items})
        return
    columns = ("instrument", "quantity", "average_cost", "market_price", "unrealised_pnl")
    show_table(items, columns, empty="no positions")
    print()
    show_fields(portfolio)


def ledger(
    account: Account = None,
    most: Annotated[int, most("How many transactions at the most.")] = 50,
    as_json: AsJson = False,
) -> None:
    """Show an account's ledger, newest first: every transaction with its balanced entries.

    Example: bifrost ledger --most 10
    """
    from bifrost.cli.session import connect, the_account
    from bifrost.local.desk import portfolio_of

    api = connect()
    portfolio_id = portfolio_of(api, the_account(api, account))
    items = list(api.pages(f"/v1/portfolios/{portfolio_id}/ledger", most))
    if as_json:
        show_json({"items": items})
        return
    rows = [
        {**entry, "occurred_at": item["occurred_at"], "kind": item["kind"]}
        for item in items
        for entry in item["entries"]
    ]
    columns = ("occurred_at", "kind", "ledger_account", "amount", "currency", "quantity")
    show_table(rows, columns, empty="the ledger is empty")


def cash(account: Account = None, as_json: AsJson = False) -> None:
    """Show what of an account's cash has settled and when the rest does, and what was broken.

    Example: bifrost cash --json
    """
    from bifrost.cli.session import connect, the_account
    from bifrost.local.desk import portfolio_of

    api = connect()
    shown = api.get(f"/v1/portfolios/{portfolio_of(api, the_account(api, account))}/cash")
    if as_json:
        show_json(shown)
        return
    rows = [
        row
        for item in shown["items"]
        for row in (
            {"currency": item["currency"], "settles_on": shown["as_of"], **item},
            *({"currency": item["currency"], **rung} for rung in item["rungs"]),
        )
    ]
    columns = ("currency", "settles_on", "settled", "sales", "purchases", "total")
    show_table(rows, columns, empty="no cash")
    if shown["violations"]:
        print()
        columns = ("sold_on", "kind", "instrument", "amount", "clean_from", "frozen_until")
        show_table(shown["violations"], columns, empty="")
    if shown["overdrawn"]:
        print()
        show_table(shown["overdrawn"], ("currency", "amount", "owed_as"), empty="")
