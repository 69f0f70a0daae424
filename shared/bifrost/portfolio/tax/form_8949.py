"""Rows of Form 8949: a year's sales in taxable accounts, a row for shares that are alike.

Cash that an action paid for no share has a row of its own, which names the law instead of a count.
Column (g) is what the wash sale rule disallows, code W, a positive number; (h) = (d) - (e) + (g).
The box says what the broker reported: it reports each account alone, so the caller knows best.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from bifrost.core.money import EXACT
from bifrost.core.orders import Side
from bifrost.portfolio.tax.disposals import Disposal
from bifrost.portfolio.tax.preview import term_of
from bifrost.portfolio.tax.rounding import cents, quantity
from bifrost.portfolio.tax.shares import ZERO

COLUMNS = (
    "owner", "account", "box", "description", "date_acquired", "date_sold", "proceeds",
    "cost_basis", "code", "adjustment", "gain",
)  # fmt: skip


class Reported(StrEnum):
    """What a 1099-B said of the sales."""

    BASIS = "basis"
    NO_BASIS = "no_basis"
    NOTHING = "nothing"


_BOXES = {
    Reported.BASIS: {"short": "A", "long": "D"},
    Reported.NO_BASIS: {"short": "B", "long": "E"},
    Reported.NOTHING: {"short": "C", "long": "F"},
}


@dataclass(frozen=True, slots=True)
class Form8949Row:
    """One row; `date_acquired` is when they were bought, `box` by the period with its tack-on."""

    owner: str
    account: str
    box: str
    description: str
    date_acquired: date
    date_sold: date
    proceeds: Decimal
    cost_basis: Decimal
    code: str
    adjustment: Decimal
    gain: Decimal


def form_8949(
    disposals: Iterable[Disposal], year: int, reported: Reported = Reported.BASIS
) -> list[Form8949Row]:
    """Return the rows of a year, by box, then in the order sold.

    A short sale belongs to the year in which it was closed, and is sold on that day.
    """
    alike: dict[tuple[object, ...], list[Disposal]] = defaultdict(list)
    for one in disposals:
        if one.closing.on.year != year or one.sale.kind.is_retirement or not one.is_shown:
            continue
        basis = one.cost + one.adjustment
        unit_basis = basis / one.quantity if one.quantity else one.rule
        is_washed = bool(one.washed.disallowed or one.washed.forfeited)
        place = (one.sale.owner, one.sale.account, one.sale.line, one.closing.line, one.instrument)
        alike[(*place, one.acquired.on, one.held_since, unit_basis, is_washed)].append(one)
    rows = [_row(parts, reported) for parts in alike.values()]
    return sorted(rows, key=lambda row: (row.box, row.date_sold))


def _row(parts: list[Disposal], reported: Reported) -> Form8949Row:
    one = parts[0]
    proceeds = cents(sum((part.proceeds for part in parts), ZERO))
    basis = cents(sum((part.cost + part.adjustment for part in parts), ZERO))
    washed = (part.washed for part in parts)
    adjustment = cents(sum((wash.disallowed + wash.forfeited for wash in washed), ZERO))
    return Form8949Row(
        owner=one.sale.owner,
        account=one.sale.account,
        box=_BOXES[reported][term_of(one)],
        description=_description(parts),
        date_acquired=one.acquired.on,
        date_sold=one.closing.on,
        proceeds=proceeds,
        cost_basis=basis,
        code="W" if adjustment else "",
        adjustment=adjustment,
        gain=EXACT.add(EXACT.subtract(proceeds, basis), adjustment),
    )


def _description(parts: list[Disposal]) -> str:
    one = parts[0]
    if one.rule:
        return f"{one.instrument}: {one.rule}"
    sold = quantity(sum((part.quantity for part in parts), ZERO))
    if one.closing.side is Side.BUY:
        return f"{sold:f} {one.instrument} (short sale)"
    return f"{sold:f} sh. {one.instrument}"
