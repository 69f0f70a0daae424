"""The activities that several formats state alike, made from a row's fields and their checks."""

from dataclasses import replace
from decimal import Decimal

from bifrost.core.money import AMOUNT_MAX, EXACT, exact_product, exact_sum
from bifrost.portfolio.imports.activities import Activity, ActivityKind
from bifrost.portfolio.imports.source import Row

# A venue settles in cents: price times quantity may miss the amount by its rounding, no more.
ROUNDING_MAX = Decimal("0.01")
PRICE_INCREMENT = Decimal("1E-12")
_SIGNS = {ActivityKind.DEPOSIT: 1, ActivityKind.WITHDRAWAL: -1}


def fill(
    row: Row, plain: Activity, *, price: Decimal | None, amount: Decimal | None
) -> list[Activity]:
    """Complete a fill from what its row states: of price and amount one may be missing.

    plain: the row with its signed quantity and its commission, of which a negative one is a
    rebate and becomes a row of its own. Its price must be positive, and the amount what quantity,
    price and commission make, but for the rounding to a cent.
    """
    quantity = plain.quantity
    if not quantity:
        raise row.unreadable("quantity", "a fill of nothing", "send a quantity that is not zero")
    rebate = -plain.commission if plain.commission < 0 else Decimal(0)
    commission = max(plain.commission, Decimal(0))
    if price is None and amount is None:
        raise row.unreadable("price", "neither a price nor an amount", "state one of them")
    if price is None:
        gross = EXACT.minus(exact_sum([amount or Decimal(0), commission, -rebate]))
        price = EXACT.divide(gross, quantity).quantize(PRICE_INCREMENT, context=EXACT)
    if price <= 0 or price > AMOUNT_MAX:
        fix = f"send one above zero, at most {AMOUNT_MAX:f}"
        raise row.unreadable("price", f"the price is {price:f}", fix)
    exact = EXACT.minus(EXACT.add(exact_product(quantity, price), commission))
    stated = exact if amount is None else EXACT.subtract(amount, rebate)
    if abs(EXACT.subtract(stated, exact)) > ROUNDING_MAX:
        message = f"quantity, price and commission make {exact:f}, the amount is {stated:f}"
        raise row.unreadable("amount", message, "correct whichever is wrong")
    if abs(stated) > AMOUNT_MAX:
        raise row.unreadable("amount", f"it is {stated:f}", f"send at most {AMOUNT_MAX:f}")
    made = replace(plain, price=price, commission=commission, amount=stated)
    return [made, *extra(made, ActivityKind.FEE, rebate)]


def extra(of: Activity, kind: ActivityKind, amount: Decimal) -> list[Activity]:
    """Make the fee or tax that a row states beside what it is; none where it is zero."""
    if amount == 0:
        return []
    return [
        replace(
            of,
            kind=kind,
            amount=amount,
            quantity=None,
            price=None,
            commission=Decimal(0),
            reference=f"{of.reference}:{kind}" if of.reference else "",
        )
    ]


def cash(row: Row, made: Activity) -> list[Activity]:
    """Check a row that moves cash and nothing else."""
    if made.amount == 0:
        raise row.unreadable("amount", "an amount of nothing", "send one that is not zero")
    sign = _SIGNS.get(made.kind)
    if sign is not None and made.amount * sign < 0:
        fix = "deposits are positive and withdrawals negative"
        raise row.unreadable("amount", f"a {made.kind} of {made.amount:f}", fix)
    return [made]


def flow(amount: Decimal) -> ActivityKind:
    """Say which way cash from outside went."""
    return ActivityKind.DEPOSIT if amount > 0 else ActivityKind.WITHDRAWAL
