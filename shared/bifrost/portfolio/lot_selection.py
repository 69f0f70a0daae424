"""Which lots a sale closes: the account's standing method, or the lots named for one order.

Shares that nobody identified are sold oldest first (Treas. Reg. 1.1012-1(c)(1)); a standing order
identifies them as well as an order's own words do (1.1012-1(c)(8)). So each method but FIFO is
such a standing order, given before the sale is booked. Each picks parts whose sum is exactly the
quantity; what they cost is `lots.apply_fill`'s to say.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from enum import StrEnum
from fractions import Fraction

from bifrost.core.money import EXACT, exact_sum
from bifrost.core.sessions import exchange_date
from bifrost.portfolio.lots import COST_INCREMENT, Lot, LotPart, up_to

AVERAGE_RULE = "Treas. Reg. 1.1012-1(e)(7), the average basis"
# What sales and actions since have rounded, many times over.
_ROUNDED = Decimal("1E-9")


class LotMethod(StrEnum):
    """How lots are chosen.

    hifo: the highest basis first (of a short: what gains least).
    lowest_tax: losses before gains, so that each share sold costs the least tax; `lowest_tax`
        below has the order.
    average_cost: every share at the same basis; of one instrument, and only where
        `average_refused` has no objection.
    specific: the lots that were named.
    account: as the account's standing method says; of one instrument, which had its own.
    """

    FIFO = "fifo"
    LIFO = "lifo"
    HIFO = "hifo"
    LOWEST_TAX = "lowest_tax"
    AVERAGE_COST = "average_cost"
    SPECIFIC = "specific"
    ACCOUNT = "account"


class Security(StrEnum):
    """What average cost asks of an instrument."""

    STOCK = "stock"
    FUND = "fund"
    REINVESTMENT_PLAN = "reinvestment_plan"


@dataclass(frozen=True, slots=True)
class Selection:
    """How an account's sales, or one order's, choose their lots; `parts` only where specific."""

    method: LotMethod
    parts: tuple[LotPart, ...] = ()


@dataclass(frozen=True, slots=True)
class Method:
    """A standing method, from the fill after `after_fill` on; security: what allows the average."""

    after_fill: int
    method: LotMethod
    security: str = ""


@dataclass(frozen=True, slots=True)
class Sale:
    """What is to be closed: `quantity` is above zero, for a short that is bought back too."""

    quantity: Decimal
    price: Decimal
    occurred_at: datetime


def select(
    lots: Sequence[Lot],
    sale: Sale,
    selection: Selection,
    standing: LotMethod = LotMethod.FIFO,
) -> tuple[LotPart, ...]:
    """Pick the parts of the lots that the sale closes: together exactly its quantity.

    lots: all of one sign, of one instrument.
    selection: for specific, what of the named parts is still to be closed; a lot that has been
        sold meanwhile is passed over, and `standing` picks what the named ones do not cover.
    """
    if sale.quantity > exact_sum(abs(lot.quantity) for lot in lots):
        raise ValueError("a sale closes no more than its lots hold")
    if selection.method is not LotMethod.SPECIFIC:
        return up_to(_ordered(lots, sale, selection.method), sale.quantity)
    named, rest = _named(lots, sale.quantity, selection.parts)
    left = EXACT.subtract(sale.quantity, exact_sum(part.quantity for part in named))
    return _merged((*named, *up_to(_ordered(rest, sale, standing), left)))


def standing_method(own: LotMethod | None, account: LotMethod | None) -> LotMethod:
    """Say which method counts for an instrument: its own, or the account's, or the oldest first."""
    if own is None or own is LotMethod.ACCOUNT:
        return account or LotMethod.FIFO
    return own


def is_long_term(acquired: date, sold: date) -> bool:
    """Say whether it was held for more than a year (IRC 1222), counted from the day after.

    The year ends by the calendar: bought on the last of a month, it is long on the first of the
    thirteenth (Rev. Rul. 66-7).
    """
    begins = acquired + timedelta(days=1)
    try:
        return sold >= begins.replace(year=begins.year + 1)
    except ValueError:  # 29 February has no anniversary
        return sold >= date(begins.year + 1, 3, 1)


def average_refused(security: Security) -> str | None:
    """Say why the average basis is not allowed; None where it is."""
    if security is Security.STOCK:
        return (
            "is for shares of a regulated investment company or of a dividend reinvestment plan"
            " (Treas. Reg. 1.1012-1(e)(1)); a stock's lots are identified"
        )
    return None


def averaged(lots: Sequence[Lot]) -> list[Lot]:
    """Give every share of the lots the same basis, oldest first; together they cost the same.

    What is sold then is the oldest shares (Treas. Reg. 1.1012-1(e)(7)).
    """
    oldest = sorted(lots, key=lambda lot: lot.sequence)
    quantity = exact_sum(lot.quantity for lot in oldest)
    left = exact_sum(lot.cost for lot in oldest)
    made = []
    for lot in oldest:
        cost = left
        if lot.quantity != quantity:
            share = EXACT.divide(EXACT.multiply(left, lot.quantity), quantity)
            cost = share.quantize(COST_INCREMENT, ROUND_HALF_EVEN, EXACT)
        made.append(replace(lot, cost=cost))
        left, quantity = EXACT.subtract(left, cost), EXACT.subtract(quantity, lot.quantity)
    return made


def is_averaged(lots: Sequence[Lot]) -> bool:
    """Say whether every share of the lots has the same basis already, but for rounding."""
    before = {lot.lot_id: lot.cost for lot in lots}
    return all(
        abs(EXACT.subtract(one.cost, before[one.lot_id])) <= _ROUNDED for one in averaged(lots)
    )


def lowest_tax(lot: Lot, sale: Sale) -> tuple[int, Fraction, int]:
    """Place a lot in the order of the least tax per share.

    Losses at short term, the largest first; losses at long term; what neither gains nor loses;
    gains at long term, the smallest (highest basis) first; gains at short term, the smallest
    first. A short-term loss first meets income taxed at the full rate, and a long-term gain is
    taxed least (IRC 1(h), 1222): the order that brokers call "tax lot optimizer" or "tax
    efficient loss harvester" (TD Ameritrade, "What is a tax lot?"). It looks at the one sale:
    neither the year's other gains nor a wash sale is known here.
    """
    gain = _gain(lot, sale)
    is_long = lot.quantity > 0 and is_long_term(
        exchange_date(lot.opened_at), exchange_date(sale.occurred_at)
    )
    if gain < 0:
        rank = 1 if is_long else 0
    elif gain == 0:
        rank = 2
    else:
        rank = 3 if is_long else 4
    return rank, gain, lot.sequence


def _gain(lot: Lot, sale: Sale) -> Fraction:
    """Per share; of a short what it was sold for less what it is bought back for."""
    gain = Fraction(sale.price) - Fraction(lot.cost) / Fraction(lot.quantity)
    return gain if lot.quantity > 0 else -gain


def _ordered(lots: Sequence[Lot], sale: Sale, method: LotMethod) -> list[Lot]:
    keys: dict[LotMethod, Callable[[Lot], tuple[Fraction | int, ...]]] = {
        LotMethod.FIFO: lambda lot: (lot.sequence,),
        LotMethod.LIFO: lambda lot: (-lot.sequence,),
        LotMethod.HIFO: lambda lot: (_gain(lot, sale), lot.sequence),
        LotMethod.LOWEST_TAX: lambda lot: lowest_tax(lot, sale),
        LotMethod.AVERAGE_COST: lambda lot: (lot.sequence,),
    }
    return sorted(lots, key=keys[method])


def _named(
    lots: Sequence[Lot], quantity: Decimal, parts: Sequence[LotPart]
) -> tuple[list[LotPart], list[Lot]]:
    open_lots = {lot.lot_id: lot for lot in lots}
    taken: list[LotPart] = []
    for part in parts:
        lot = open_lots.get(part.lot_id)
        size = min(part.quantity, abs(lot.quantity) if lot else Decimal(0), quantity)
        if lot is None or size <= 0:
            continue
        taken.append(LotPart(lot.lot_id, size))
        quantity = EXACT.subtract(quantity, size)
        rest = EXACT.subtract(lot.quantity, size.copy_sign(lot.quantity))
        cost = EXACT.divide(EXACT.multiply(lot.cost, rest), lot.quantity)
        open_lots[lot.lot_id] = replace(lot, quantity=rest, cost=cost)
    return taken, [lot for lot in open_lots.values() if lot.quantity]


def _merged(parts: Sequence[LotPart]) -> tuple[LotPart, ...]:
    """Name each lot once, at its first place: a fill closes a lot in one piece."""
    sizes: dict[str, Decimal] = {}
    for part in parts:
        sizes[part.lot_id] = EXACT.add(sizes.get(part.lot_id, Decimal(0)), part.quantity)
    return tuple(LotPart(lot_id, size) for lot_id, size in sizes.items())
