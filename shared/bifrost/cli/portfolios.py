"""Portfolios: what gathers accounts, and the strategies that divide them."""

from typing import Annotated, Any

import typer

from bifrost.cli.inputs import argument, option
from bifrost.cli.output import AsJson, show_fields, show_json, show_table

app = typer.Typer(
    no_args_is_help=True,
    help="Gather accounts, divide them by strategy.\n\nExample: bifrost portfolios list",
)

Portfolio = Annotated[str, argument("The portfolio.")]
Name = Annotated[str, argument("What to call it.")]


@app.command("list")
def list_portfolios(
    archived: Annotated[bool, typer.Option("--archived", help="Show the archived too.")] = False,
    as_json: AsJson = False,
) -> None:
    """List your portfolios and strategies, and what stands in what.

    Example: bifrost portfolios list
    """
    from bifrost.cli.session import PORTFOLIOS_MAX, connect

    items = list(connect().pages("/v1/portfolios", PORTFOLIOS_MAX, archived=archived))
    if as_json:
        show_json({"items": items})
        return
    columns = ("portfolio_id", "kind", "name", "account_id", "parent_id")
    show_table(items, columns, empty="no portfolios yet; `bifrost accounts open` makes one")


@app.command()
def show(portfolio: Portfolio, as_json: AsJson = False) -> None:
    """Show what a portfolio is worth: its own books, or the sum of those that it gathers.

    Example: bifrost portfolios show PORTFOLIO
    """
    from bifrost.cli.session import connect

    _tell(connect().get(f"/v1/portfolios/{portfolio}"), as_json)


@app.command()
def create(
    name: Name,
    strategy: Annotated[
        bool, typer.Option("--strategy", help="A strategy: a part of an account's books.")
    ] = False,
    parent: Annotated[str | None, option(says="The portfolio that it stands in.")] = None,
    key: Annotated[
        str | None, option(says="Idempotency-Key: the same key never does it twice.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Make a portfolio that gathers others, or a strategy in an account's portfolio.

    Example: bifrost portfolios create momentum --strategy --parent ID
    """
    from bifrost.adapters.ids import RandomIds
    from bifrost.cli.session import connect

    kind = "strategy" if strategy else "portfolio"
    body = {"name": name, "kind": kind, "parent_id": parent}
    key = RandomIds().new() if key is None else key
    _tell(connect().post("/v1/portfolios", body, key=key), as_json)


@app.command()
def rename(portfolio: Portfolio, name: Name, as_json: AsJson = False) -> None:
    """Give a portfolio another name.

    Example: bifrost portfolios rename PORTFOLIO "long term"
    """
    _tell(_change(portfolio, {"name": name}), as_json)


@app.command()
def move(
    portfolio: Portfolio,
    parent: Annotated[
        str | None, option(says="The portfolio to stand in; without it, in none.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Put a portfolio into another, which then adds it up, or take it out.

    Example: bifrost portfolios move PORTFOLIO --parent ID
    """
    _tell(_change(portfolio, {"parent_id": parent}), as_json)


@app.command()
def archive(portfolio: Portfolio, as_json: AsJson = False) -> None:
    """Put a portfolio or a strategy away; refused while others stand in it.

    Example: bifrost portfolios archive PORTFOLIO
    """
    from bifrost.cli.session import connect

    api = connect()
    path = f"/v1/portfolios/{portfolio}"
    _tell(api.post(f"{path}/archive", version=api.get(path)["version"]), as_json)


@app.command()
def unarchive(portfolio: Portfolio, as_json: AsJson = False) -> None:
    """Take an archived portfolio or strategy back to where it stood.

    Example: bifrost portfolios unarchive PORTFOLIO
    """
    from bifrost.cli.session import connect

    api = connect()
    path = f"/v1/portfolios/{portfolio}"
    _tell(api.post(f"{path}/unarchive", version=api.get(path)["version"]), as_json)


def _change(portfolio: str, body: dict[str, Any]) -> Any:
    from bifrost.cli.session import connect

    api = connect()
    path = f"/v1/portfolios/{portfolio}"
    return api.patch(path, body, version=api.get(path)["version"])


def _tell(done: Any, as_json: bool) -> None:
    show_json(done) if as_json else show_fields(done)
