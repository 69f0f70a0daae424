"""The demo, and the sample data it trades on."""

from bifrost.cli.output import AsJson, show_json, show_table
from bifrost.cli.stack import progress


def sample(as_json: AsJson = False) -> None:
    """Import the sample: daily bars of AAPL, GOOG, IBM and MSFT from 2000 to 2013.

    Example: bifrost sample
    """
    from bifrost.cli.session import connect
    from bifrost.local.place import this_stack
    from bifrost.local.seeding import import_sample

    with progress() as step:
        done = import_sample(connect(), this_stack().state(), step)
    if as_json:
        show_json({"imported": done})
    else:
        print("the sample is imported" if done else "the sample was imported already")


def demo(as_json: AsJson = False) -> None:
    """Bring the stack up and trade on it: real bars, real orders, books that agree.

    The stack stays up for you to look around; `bifrost down` stops it.

    Example: bifrost demo --json
    """
    import time

    from bifrost.cli.session import connect
    from bifrost.local.demo import Demo
    from bifrost.local.place import this_stack
    from bifrost.local.seeding import import_sample
    from bifrost.local.workflows import executions_of

    began = time.monotonic()
    with progress() as step:
        state = this_stack().up(step)
        api = connect()
        import_sample(api, state, step)
        report = Demo(api, step, lambda ids: executions_of(state, ids)).run()
    report["seconds"] = round(time.monotonic() - began, 2)
    if as_json:
        show_json(report)
        return
    columns = ("instrument", "side", "type", "quantity", "status", "filled_quantity",
               "average_price")  # fmt: skip
    show_table(report["orders"], columns, empty="")
    for order in report["orders"]:
        for reason in order["reasons"]:
            print(f"  refused by {reason['rule']}: {reason['message']}")
    print()
    show_table(report["positions"], tuple(report["positions"][0]), empty="")
    print(
        f"\ncash {report['cash']}  equity {report['equity']}"
        f"  realised P&L {report['realised_pnl']}\n"
        f"ledger imbalance {report['ledger_imbalance']},"
        f" reconciliation breaks {report['reconciliation_breaks']},"
        f" {report['workflow_executions']} workflow executions, {report['seconds']} s\n"
        f"the API is at {report['api_url']}; `bifrost down` stops the stack"
    )
