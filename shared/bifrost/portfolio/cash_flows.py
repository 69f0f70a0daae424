"""What dividends, interest, fees, taxes and exchanged currencies write in double entry.

Income is a credit (negative) and an expense a debit, like everywhere in the ledger. An exchange of
currencies has two entries in each currency, the second of both in `equity:fx`: so each currency
balances by itself, and what the exchanges of a currency add up to is one balance.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_EVEN, Decimal
from enum import StrEnum

from bifrost.core.money import EXACT, Money, exact_sum
from bifrost.portfolio.ledger import CASH, FX, REALISED, Entry, position_account
from bifrost.portfolio.lots import COST_INCREMENT, Lot


class CashFlowKind(StrEnum):
    """What moved the cash, other than a deposit, a withdrawal or a trade."""

    DIVIDEND_ORDINARY = "dividend_ordinary"
    DIVIDEND_QUALIFIED = "dividend_qualified"
    RETURN_OF_CAPITAL = "return_of_capital"
    INTEREST = "interest"
    FEE = "fee"
    BORROW_COST = "borrow_cost"
    TAX_WITHHELD = "tax_withheld"
    FX = "fx"


INCOME = {
    CashFlowKind.DIVIDEND_ORDINARY: "income:dividends:ordinary",
    CashFlowKind.DIVIDEND_QUALIFIED: "income:dividends:qualified",
    CashFlowKind.INTEREST: "income:interest",
}
EXPENSES = {
    CashFlowKind.FEE: "expenses:fees",
    CashFlowKind.BORROW_COST: "expenses:borrow",
    CashFlowKind.TAX_WITHHELD: "expenses:tax_withheld",
}
# These are paid by an instrument, so they must name it.
OF_INSTRUMENT = frozenset(
    {
        CashFlowKind.DIVIDEND_ORDINARY,
        CashFlowKind.DIVIDEND_QUALIFIED,
        CashFlowKind.RETURN_OF_CAPITAL,
        CashFlowKind.BORROW_COST,
    }
)


@dataclass(frozen=True, slots=True)
class CapitalReturn:
    """What a return of capital does to the lots: basis down to zero, and beyond it a gain."""

    lots: tuple[Lot, ...]
    basis: Decimal
    gain: Decimal


def income_entries(kind: CashFlowKind, money: Money, instrument: str = "") -> tuple[Entry, ...]:
    """Cash in, from a dividend or interest."""
    return (
        Entry(CASH, money.currency, money.amount),
        Entry(INCOME[kind], money.currency, EXACT.minus(money.amount), instrument),
    )


def expense_entries(kind: CashFlowKind, money: Money, instrument: str = "") -> tuple[Entry, ...]:
    """Cash out, for a fee, a borrow or a tax that was withheld."""
    return (
        Entry(CASH, money.currency, EXACT.minus(money.amount)),
        Entry(EXPENSES[kind], money.currency, money.amount, instrument),
    )


def fx_entries(sold: Money, bought: Money) -> tuple[Entry, ...]:
    """Exchange one currency for another; each balances by itself."""
    if sold.currency == bought.currency:
        raise ValueError(f"{sold.currency} is exchanged for another currency, not for itself")
    return (
        Entry(CASH, sold.currency, EXACT.minus(sold.amount)),
        Entry(FX, sold.currency, sold.amount),
        Entry(CASH, bought.currency, bought.amount),
        Entry(FX, bought.currency, EXACT.minus(bought.amount)),
    )


def return_capital(lots: Sequence[Lot], amount: Decimal) -> CapitalReturn:
    """Spread a return of capital over long lots by their shares (IRC 301(c)(2) and (3)).

    Each share takes the same: a lot whose basis is used up gains what is beyond it, though
    another lot still has basis left. Where no lot is left, all of it is beyond a basis.
    """
    if not lots:
        return CapitalReturn((), Decimal(0), amount)
    quantity = exact_sum(lot.quantity for lot in lots)
    left, gain, made = amount, Decimal(0), []
    for lot in sorted(lots, key=lambda one: one.sequence):
        share = left
        if lot.quantity != quantity:
            exact = EXACT.divide(EXACT.multiply(left, lot.quantity), quantity)
            share = exact.quantize(COST_INCREMENT, ROUND_HALF_EVEN, EXACT)
        left, quantity = EXACT.subtract(left, share), EXACT.subtract(quantity, lot.quantity)
        basis = min(share, lot.cost)
        gain = EXACT.add(gain, EXACT.subtract(share, basis))
        made.append(replace(lot, cost=EXACT.subtract(lot.cost, basis)))
    return CapitalReturn(tuple(made), EXACT.subtract(amount, gain), gain)


def capital_entries(returned: CapitalReturn, money: Money, instrument: str) -> tuple[Entry, ...]:
    """Cash in, the position's cost down, and the gain where the basis was used up."""
    currency = money.currency
    lines = (
        Entry(CASH, currency, money.amount),
        Entry(position_account(instrument), currency, EXACT.minus(returned.basis), instrument),
        Entry(REALISED, currency, EXACT.minus(returned.gain), instrument),
    )
    return tuple(line for line in lines if line.amount != 0)


def cash_changes(entries: Sequence[Entry]) -> list[Money]:
    """Say by how much the cash of each currency changes, those of no change left out."""
    currencies = dict.fromkeys(line.currency for line in entries if line.ledger_account == CASH)
    changes = [
        Money(
            exact_sum(
                line.amount
                for line in entries
                if line.ledger_account == CASH and line.currency == currency
            ),
            currency,
        )
        for currency in currencies
    ]
    return [change for change in changes if change.amount != 0]
