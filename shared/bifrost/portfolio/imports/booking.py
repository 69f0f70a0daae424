"""What each activity writes in double entry.

A fill's cash is what its file states to the cent; where quantity times price differs by the
venue's rounding, the difference stands in an account of its own, so that it is seen and the cash
agrees with the statement.
"""

from bifrost.core.errors import InvalidInputError
from bifrost.core.fills import Fill
from bifrost.core.money import EXACT, Money, Price, Quantity, exact_product
from bifrost.core.orders import Side
from bifrost.portfolio.cash_flows import (
    CashFlowKind,
    expense_entries,
    fx_entries,
    income_entries,
)
from bifrost.portfolio.imports.activities import Activity, ActivityKind
from bifrost.portfolio.imports.source import Problem
from bifrost.portfolio.ledger import CASH, Entry, fill_entries, flow_entries
from bifrost.portfolio.lots import LotChange

ROUNDING = "expenses:rounding"
# The first half of every id that an import gives: of its lots, its fills and its references.
ORIGIN = "import"
_FLOWS = (ActivityKind.DEPOSIT, ActivityKind.WITHDRAWAL, ActivityKind.TRANSFER)
_INCOME = {
    ActivityKind.DIVIDEND: CashFlowKind.DIVIDEND_ORDINARY,
    ActivityKind.QUALIFIED_DIVIDEND: CashFlowKind.DIVIDEND_QUALIFIED,
    ActivityKind.INTEREST: CashFlowKind.INTEREST,
}
_EXPENSES = {
    ActivityKind.FEE: CashFlowKind.FEE,
    ActivityKind.TAX: CashFlowKind.TAX_WITHHELD,
    ActivityKind.BORROW_COST: CashFlowKind.BORROW_COST,
}
LEDGER_KINDS: dict[ActivityKind, str] = {
    **{kind: flow.value for kind, flow in (_INCOME | _EXPENSES).items()},
    ActivityKind.RETURN_OF_CAPITAL: CashFlowKind.RETURN_OF_CAPITAL.value,
    ActivityKind.FX: CashFlowKind.FX.value,
    ActivityKind.FILL: "fill",
    ActivityKind.DEPOSIT: "deposit",
    ActivityKind.WITHDRAWAL: "withdrawal",
}
_NEED_INSTRUMENT = (
    ActivityKind.DIVIDEND,
    ActivityKind.QUALIFIED_DIVIDEND,
    ActivityKind.RETURN_OF_CAPITAL,
    ActivityKind.BORROW_COST,
)


def unbookable(activity: Activity, column: str, message: str, fix: str) -> InvalidInputError:
    """Make the error of a row that was read and cannot be booked."""
    return InvalidInputError(Problem(activity.line, column, message, fix).to_field())


def require_bookable(activity: Activity, currency: str) -> None:
    """Raise InvalidInputError for what these books cannot hold; currency: the account's."""
    if activity.kind is ActivityKind.SPLIT:
        fix = (
            "leave the row out: where the desk's source knows of it, it is applied to what was"
            " imported before; so import the rows before it first, and the later ones after that"
        )
        raise unbookable(activity, "kind", "a split is no booking of one account", fix)
    if activity.kind is ActivityKind.TRANSFER and activity.quantity:
        fix = "send a deposit of their cost and a buy of the shares, or their reverse"
        raise unbookable(activity, "kind", "shares moved without their cost", fix)
    if activity.kind is ActivityKind.FILL and activity.currency != currency:
        message = f"a trade in {activity.currency}, the account is in {currency}"
        raise unbookable(
            activity, "currency", message, f"import it into one in {activity.currency}"
        )
    if activity.kind in _NEED_INSTRUMENT and not activity.instrument:
        fix = "name the instrument"
        raise unbookable(activity, "instrument", f"a {activity.kind} of nothing", fix)


def ledger_kind(activity: Activity) -> str:
    """Call the transaction as the ledger does."""
    if activity.kind is ActivityKind.TRANSFER:
        return "deposit" if activity.amount > 0 else "withdrawal"
    return LEDGER_KINDS[activity.kind]


def cash_entries(activity: Activity) -> tuple[Entry, ...]:
    """Write what moves cash and no lots."""
    money = Money(activity.amount, activity.currency)
    if activity.kind in _FLOWS:
        return flow_entries(money)
    if activity.kind in _INCOME:
        return income_entries(_INCOME[activity.kind], money, activity.instrument)
    if activity.kind in _EXPENSES:
        return expense_entries(_EXPENSES[activity.kind], -money, activity.instrument)
    if activity.kind is not ActivityKind.FX or activity.counter_amount is None:
        raise AssertionError(f"{activity.kind} moves no cash")
    other = Money(activity.counter_amount, activity.counter_currency)
    return fx_entries(-money, other) if money.amount < 0 else fx_entries(-other, money)


def to_fill(activity: Activity, account_id: str, import_id: str, number: int) -> Fill:
    """Make the fill that a row tells of; its ids are the import's, so a lot of it is unique."""
    quantity, price = activity.quantity, activity.price
    if not quantity or price is None:
        raise AssertionError("a fill was read with its quantity and price")
    return Fill(
        venue=f"{ORIGIN}:{import_id}",
        execution_id=str(number),
        order_id="",
        account_id=account_id,
        instrument=activity.instrument,
        side=Side.BUY if quantity > 0 else Side.SELL,
        quantity=Quantity(abs(quantity)),
        price=Price(price),
        commission=activity.commission,
        currency=activity.currency,
        occurred_at=activity.occurred_at,
    )


def imported_fill_entries(activity: Activity, fill: Fill, change: LotChange) -> tuple[Entry, ...]:
    """Write a fill whose cash is what the file states."""
    paid = EXACT.add(exact_product(fill.signed_quantity, fill.price), fill.commission)
    rounding = EXACT.subtract(EXACT.minus(paid), activity.amount)
    entries = fill_entries(fill, change)
    if rounding == 0:
        return entries
    others = tuple(line for line in entries if line.ledger_account != CASH)
    return (
        Entry(CASH, fill.currency, activity.amount),
        *others,
        Entry(ROUNDING, fill.currency, rounding, fill.instrument),
    )


def described(activity: Activity) -> str:
    """Say in a line what the row was."""
    if activity.kind is ActivityKind.FILL and activity.quantity and activity.price is not None:
        side = "buy" if activity.quantity > 0 else "sell"
        return f"{side} {abs(activity.quantity):f} {activity.instrument} at {activity.price:f}"
    about = f" of {activity.instrument}" if activity.instrument else ""
    text = f"{ledger_kind(activity).replace('_', ' ')}{about}: {activity.amount:f}"
    return f"{text} {activity.currency}"
