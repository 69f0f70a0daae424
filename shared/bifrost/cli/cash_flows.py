"""Cash that moves without a trade, and the correction of what was booked wrong."""

from typing import Annotated, Any

from bifrost.cli.accounts import Account, Key
from bifrost.cli.inputs import argument, option
from bifrost.cli.output import AsJson, show_fields, show_json, show_table


def cash_flow(
    kind: Annotated[
        str,
        argument(
            "dividend_ordinary, dividend_qualified, return_of_capital, interest, fee, borrow_cost,"
            " tax_withheld or fx."
        ),
    ],
    amount: Annotated[str, argument("How much, above zero whichever way it goes.")],
    instrument: Annotated[str | None, option(says="What paid it, or what it was for.")] = None,
    currency: Annotated[
        str | None, option(says="The account's by default; of fx, what was sold.")
    ] = None,
    counter_amount: Annotated[str | None, option(says="Of fx: how much was bought.")] = None,
    counter_currency: Annotated[str | None, option(says="Of fx: in which currency.")] = None,
    account: Account = None,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Book a dividend, interest, a fee, a tax or an exchange of currencies, and wait for risk.

    Example: bifrost cash-flow dividend_qualified 8.20 --instrument AAPL
    """
    body = {
        "kind": kind,
        "amount": amount,
        "instrument": instrument,
        "currency": currency,
        "counter_amount": counter_amount,
        "counter_currency": counter_currency,
    }
    given = {name: value for name, value in body.items() if value is not None}
    _book("cash-flows", given, account, key, as_json)


def reverse(
    transaction: Annotated[str, argument("The ledger transaction to undo.")],
    reason: Annotated[str, option(says="Why; it stays in the ledger.")],
    account: Account = None,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Undo a booked cash flow by the opposite transaction; the ledger keeps both.

    Fills are their venue's, a deposit is undone by a withdrawal, an import by `import undo`.

    Example: bifrost reverse TRANSACTION --reason "booked twice"
    """
    _book(f"ledger/{transaction}/reversals", {"reason": reason}, account, key, as_json)


def _book(
    address: str, body: dict[str, Any], account: str | None, key: str | None, as_json: bool
) -> None:
    from bifrost.adapters.ids import RandomIds
    from bifrost.cli.session import connect, the_account
    from bifrost.local.desk import move_cash

    api = connect()
    account_id = the_account(api, account)
    done = move_cash(api, account_id, address, body, RandomIds().new() if key is None else key)
    if as_json:
        show_json(done)
        return
    show_fields({name: value for name, value in done.items() if name != "entries"})
    print()
    columns = ("ledger_account", "amount", "currency", "instrument", "quantity")
    show_table(done["entries"], columns, empty="")
