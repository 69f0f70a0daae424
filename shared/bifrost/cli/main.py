"""The `bifrost` command: its commands, and how their errors end."""

import sys

import typer

from bifrost.cli import (
    accounts,
    actions,
    bars,
    bench,
    calendar,
    cash_flows,
    dead_letters,
    demo,
    feed,
    imports,
    instruments,
    kill_switch,
    lots,
    market,
    market_data,
    orders,
    performance,
    portfolios,
    rebuild,
    reconcile,
    returns,
    runner,
    session,
    stack,
    tax,
    watchlists,
)
from bifrost.cli.failures import tell, tell_of_end, tell_of_fault
from bifrost.cli.output import forget_shown_json

app = typer.Typer(
    name="bifrost",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="A trading desk on a laptop or on AWS.\n\nExample: bifrost demo",
)
app.command()(demo.demo)
app.command("import")(imports.import_file)
app.add_typer(stack.app)
app.add_typer(accounts.app, name="accounts")
app.add_typer(portfolios.app, name="portfolios")
app.add_typer(watchlists.app, name="watchlists")
app.add_typer(orders.app, name="orders")
app.add_typer(kill_switch.app, name="kill-switch")
app.add_typer(dead_letters.app, name="dlq")
app.add_typer(actions.app, name="actions")
app.add_typer(instruments.app, name="instruments")
app.add_typer(lots.app, name="lots")
app.add_typer(tax.app, name="tax")
app.add_typer(market_data.app, name="data")
for command in (
    demo.sample,
    accounts.deposit,
    accounts.withdraw,
    accounts.positions,
    accounts.ledger,
    imports.export,
    reconcile.reconcile,
    rebuild.rebuild,
    accounts.cash,
    calendar.calendar,
    cash_flows.cash_flow,
    cash_flows.reverse,
    instruments.universe,
    market.replay,
    feed.feed,
    runner.runner,
    bars.bars,
    performance.pnl,
    returns.returns,
    session.url,
    session.token,
    bench.bench,
):
    app.command()(command)


def main() -> None:
    """Run the command; every error ends in lines that name the next step, and in its code."""
    from bifrost.core.errors import BifrostError, UnavailableError

    forget_shown_json()
    try:
        # By name, however the interpreter was started: errors say which help to ask for.
        app(prog_name="bifrost")
    except SystemExit as end:
        tell_of_end(int(end.code or 0), end.__context__)
        raise
    except BifrostError as error:
        sys.exit(tell(error))
    except OSError as error:  # a file or a folder of the stack's home, or of the user's wish
        sys.exit(tell(UnavailableError(f"{error}; see BIFROST_HOME and the folder's permissions")))
    except Exception as error:
        sys.exit(tell_of_fault(error))
