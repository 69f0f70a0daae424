"""The `bifrost` command: its commands, and how their errors end."""

import sys
from typing import NoReturn

import typer

from bifrost.cli import (
    accounts,
    bench,
    dead_letters,
    demo,
    kill_switch,
    market,
    orders,
    session,
    stack,
)
from bifrost.cli.output import exit_code, say, show_json

app = typer.Typer(
    name="bifrost",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="A trading desk on a laptop or on AWS. Start with: bifrost demo",
)
app.command()(demo.demo)
app.add_typer(stack.app)
app.add_typer(accounts.app, name="accounts")
app.add_typer(orders.app, name="orders")
app.add_typer(kill_switch.app, name="kill-switch")
app.add_typer(dead_letters.app, name="dlq")
for command in (
    demo.sample,
    accounts.deposit,
    accounts.withdraw,
    accounts.positions,
    accounts.ledger,
    market.instruments,
    market.replay,
    session.url,
    session.token,
    bench.bench,
):
    app.command()(command)


def main() -> None:
    """Run the command; every error ends in one line that names the next step, and its code."""
    from bifrost.core.errors import BifrostError, UnavailableError

    try:
        app()
    except BifrostError as error:
        _end(error)
    except OSError as error:  # a file or a folder of the stack's home, or of the user's wish
        _end(UnavailableError(f"{error}; see BIFROST_HOME and the folder's permissions"))


def _end(error: Exception) -> NoReturn:
    say(f"error: {error}")
    for one in getattr(error, "problems", ()):
        say(f"  {one.field}: {one.fix}")
    if "--json" in sys.argv:
        problem = getattr(error, "problem", None) or {"detail": str(error)}
        show_json({"error": type(error).__name__, **problem})
    sys.exit(exit_code(error))
