"""What selling now would realise, put off or lose, and the first day on which it would not.

Judged by the trades so far. A purchase in the 30 days after the sale would still wash its loss:
`rebuy_from` is the first day on which it no longer would.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

from bifrost.core.errors import FieldProblem, InvalidInputError
from bifrost.core.money import exact_product
from bifrost.core.orders import Side
from bifrost.portfolio.tax.disposals import Disposal
from bifrost.portfolio.tax.elections import Elections
from bifrost.portfolio.tax.history import Trade
from bifrost.portfolio.tax.identity import security_of
from bifrost.portfolio.tax.kept import NOTHING_KEPT, Kept
from bifrost.portfolio.tax.policy import WASH_DAYS
from bifrost.portfolio.tax.rounding import quantity
from bifrost.portfolio.tax.shares import ZERO, Opens
from bifrost.portfolio.tax.statement import SaleLine, sale_line
from bifrost.portfolio.tax.wash_sales import wash_sales


@dataclass(frozen=True, slots=True)
class Wish:
    """A sale that somebody considers. owner: needed where accounts of two owners share a name.

    scale: the shares behind one of `quantity`, where books rounded digits away.
    """

    account: str
    instrument: str
    quantity: Decimal
    price: Decimal
    on: date
    owner: str | None = None
    scale: Fraction = Fraction(1)


@dataclass(frozen=True, slots=True)
class LotSold:
    """Shares that the sale would take. term: by their holding period, tacked on or not."""

    acquired: date
    holding_period_start: date
    term: str
    line: SaleLine


@dataclass(frozen=True, slots=True)
class Preview:
    """first_clean_day: the first on which the same sale, at the same price, washes nothing.

    rebuy_from: None where the sale has no loss, which no purchase can wash.
    """

    sale: SaleLine
    lots: tuple[LotSold, ...]
    first_clean_day: date
    rebuy_from: date | None


def preview(
    trades: Sequence[Trade], wish: Wish, elections: Elections, kept: Kept = NOTHING_KEPT
) -> Preview:
    """Play the sale after all trades; raises InvalidInputError where it cannot be.

    kept: what is known beside the trades; picks of the sale under the line after the last.
    """
    kept = _until(wish.on, trades[-1].line + 1 if trades else 1, kept)
    sale = _sale(trades, wish, _held(trades, wish, elections, kept))
    parts = _parts(trades, sale, elections, kept)
    line = sale_line(sale, parts)
    lossy = any(one.gain < 0 for one in parts)
    return Preview(
        sale=line,
        lots=tuple(_lot(sale, one) for one in parts),
        first_clean_day=_first_clean_day(trades, sale, elections, kept),
        rebuy_from=sale.on + timedelta(WASH_DAYS + 1) if lossy else None,
    )


def long_term(held_since: date, sold: date) -> bool:
    """Say whether it was held over a year, from the day after it was bought (Rev. Rul. 66-7)."""
    first = held_since + timedelta(1)
    is_leap_day = (first.month, first.day) == (2, 29)
    start = first + timedelta(1) if is_leap_day else first
    return sold >= start.replace(year=start.year + 1)


def term_of(part: Disposal) -> str:
    """Say "short" or "long"; a short sale's gain is short (§1233(b) knows exceptions)."""
    held = date.fromordinal(part.held_since)
    return "long" if long_term(held, part.closing.on) else "short"


def _until(on: date, line: int, kept: Kept) -> Kept:
    """What comes after the last trade comes before the sale, or not at all."""
    acts = (one for one in kept.acts if one.before < line or one.action.ex_date <= on)
    changes = (one for one in kept.changes if one.before < line or one.on <= on)
    return replace(
        kept,
        changes=tuple(replace(one, before=min(one.before, line)) for one in changes),
        acts=tuple(replace(one, before=min(one.before, line)) for one in acts),
    )


def _held(
    trades: Sequence[Trade], wish: Wish, elections: Elections, kept: Kept
) -> dict[str, Fraction]:
    """What each owner of such an account holds of the instrument."""
    symbol = security_of(wish.instrument).symbol
    found: dict[str, Fraction] = {}
    for one in wash_sales(trades, elections, kept).open:
        held = security_of(one.name).symbol
        if (one.kind, one.trade.account, held) == (Opens.LONG, wish.account, symbol):
            found[one.trade.owner] = found.get(one.trade.owner, ZERO) + one.quantity
    return found


def _sale(trades: Sequence[Trade], wish: Wish, held_by: dict[str, Fraction]) -> Trade:
    of_account = [one for one in trades if one.account == wish.account]
    owners = {one.owner for one in of_account if wish.owner in (None, one.owner)}
    if len(owners) != 1:
        message = f"{wish.account!r} is an account of {', '.join(sorted(owners)) or 'nobody'}"
        raise _refused(message, "name an account of the file, and its owner where two have one")
    if trades[-1].on > wish.on:
        raise _refused(f"the file goes on to {trades[-1].on}", "preview a later day, or that one")
    template = next(one for one in of_account if one.owner in owners)
    held = held_by.get(template.owner, ZERO)
    if Fraction(wish.quantity) * wish.scale > held:
        message = f"{wish.account!r} holds {quantity(held):f} {wish.instrument}"
        raise _refused(message, "sell what is held: an open short realises nothing")
    return replace(
        template,
        line=trades[-1].line + 1,
        on=wish.on,
        instrument=wish.instrument,
        side=Side.SELL,
        quantity=wish.quantity,
        amount=exact_product(wish.quantity, wish.price),
        scale=wish.scale,
    )


def _parts(
    trades: Sequence[Trade], sale: Trade, elections: Elections, kept: Kept
) -> list[Disposal]:
    found = wash_sales([*trades, sale], elections, kept).disposals
    return [one for one in found if one.sale.line == sale.line and not one.rule]


def _first_clean_day(
    trades: Sequence[Trade], sale: Trade, elections: Elections, kept: Kept
) -> date:
    """No purchase of the file is in the window of a sale 31 days on: there is such a day."""
    for days in range(WASH_DAYS + 1):
        later = replace(sale, on=sale.on + timedelta(days))
        washed = [one.washed for one in _parts(trades, later, elections, kept)]
        if not any(one.disallowed or one.forfeited for one in washed):
            return later.on
    return sale.on + timedelta(WASH_DAYS + 1)


def _lot(sale: Trade, part: Disposal) -> LotSold:
    held_since = date.fromordinal(part.held_since)
    return LotSold(part.acquired.on, held_since, term_of(part), sale_line(sale, [part]))


def _refused(message: str, fix: str) -> InvalidInputError:
    return InvalidInputError(FieldProblem("sell", message, fix))
