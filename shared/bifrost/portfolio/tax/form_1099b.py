"""An imported 1099-B against our own books: what differs, by how much, and why where we can tell.

A broker watches each account alone and one CUSIP (Reg. 1.6045-1(d)(6)(iii)): its box 1g is right
for it and too low for an owner with another account. So ours is computed a second time as the
broker sees it, and a difference that this explains says so.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from itertools import chain

from bifrost.core.money import EXACT
from bifrost.portfolio.tax.delimited import Row, read
from bifrost.portfolio.tax.disposals import Disposal
from bifrost.portfolio.tax.elections import Elections
from bifrost.portfolio.tax.history import Trade
from bifrost.portfolio.tax.kept import NOTHING_KEPT, Act, Kept
from bifrost.portfolio.tax.rounding import cents, quantity
from bifrost.portfolio.tax.shares import ZERO
from bifrost.portfolio.tax.wash_sales import wash_sales

FIGURES = ("quantity", "proceeds", "cost_basis", "wash_sale_disallowed")
COLUMNS = ("account", "instrument", "date_sold", *FIGURES)

Key = tuple[str, str, date]
Figures = dict[str, Fraction]


@dataclass(frozen=True, slots=True)
class BrokerRow:
    """A line of a 1099-B: boxes 1a, 1c, 1d, 1e and 1g."""

    key: Key
    figures: Figures


@dataclass(frozen=True, slots=True)
class Difference:
    """One figure of one account, instrument and day; `difference` is the broker's less ours.

    cause: `one_account_view` where the broker is right by what it can see; `only_ours` or
    `only_broker` where the other has no such sale; else `unexplained`.
    """

    account: str
    instrument: str
    date_sold: date
    figure: str
    ours: Decimal
    broker: Decimal
    difference: Decimal
    cause: str


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """compared: how many account-instrument-days; all figures of `agreed` are the same."""

    compared: int
    agreed: int
    differences: tuple[Difference, ...]


def read_1099b(content: bytes) -> list[BrokerRow]:
    """Read `account,instrument,date_sold` and the figures, by column; errors as for trades."""
    return read(content, COLUMNS, _broker_row)


def reconcile(
    trades: Sequence[Trade],
    broker: Iterable[BrokerRow],
    year: int,
    elections: Elections,
    kept: Kept = NOTHING_KEPT,
    *,
    owner: str | None = None,
) -> Reconciliation:
    """Compare a year's taxable sales, the rows of one account, instrument and day added up.

    owner: whose sales; all by default.
    """
    found = wash_sales(trades, elections, kept).disposals
    ours = _figures((one for one in found if owner in (None, one.sale.owner)), year)
    alone = [replace(one, owner=_apart_owner(one.owner, one.account)) for one in trades]
    apart = replace(kept, acts=tuple(_apart(one) for one in kept.acts))
    seen = _figures(wash_sales(alone, replace(elections, spouses=()), apart).disposals, year)
    theirs: dict[Key, Figures] = {}
    for row in broker:
        held = theirs.setdefault(row.key, dict.fromkeys(FIGURES, ZERO))
        for name in FIGURES:
            held[name] += row.figures[name]
    keys = sorted({*ours, *theirs}, key=lambda key: (key[2], key))
    each = [_differences(key, ours.get(key), theirs.get(key), seen.get(key)) for key in keys]
    agreed = sum(not differences for differences in each)
    return Reconciliation(len(keys), agreed, tuple(chain.from_iterable(each)))


def _apart_owner(owner: str, account: str) -> str:
    """Name each account's own owner, as its broker knows no other account of theirs."""
    return f"{owner}\n{account}"


def _apart(act: Act) -> Act:
    if act.accounts is None:
        return act
    return replace(act, accounts=frozenset((_apart_owner(*one), one[1]) for one in act.accounts))


def _broker_row(row: Row) -> BrokerRow:
    key = (row.text("account"), row.text("instrument"), row.day("date_sold"))
    return BrokerRow(key, {name: Fraction(row.number(name)) for name in FIGURES})


def _figures(disposals: Iterable[Disposal], year: int) -> dict[Key, Figures]:
    found: dict[Key, Figures] = defaultdict(lambda: dict.fromkeys(FIGURES, ZERO))
    for one in disposals:
        if one.closing.on.year != year or one.sale.kind.is_retirement or not one.is_shown:
            continue
        figures = found[one.sale.account, one.instrument, one.closing.on]
        figures["quantity"] += one.quantity
        figures["proceeds"] += one.proceeds
        figures["cost_basis"] += one.cost + one.adjustment
        figures["wash_sale_disallowed"] += one.washed.disallowed + one.washed.forfeited
    return dict(found)


def _differences(
    key: Key, ours: Figures | None, theirs: Figures | None, seen: Figures | None
) -> list[Difference]:
    nothing = dict.fromkeys(FIGURES, ZERO)
    found = []
    for name in FIGURES:
        mine, other = _shown(name, ours or nothing), _shown(name, theirs or nothing)
        if mine == other:
            continue
        cause = "unexplained"
        if ours is None or theirs is None:
            cause = "only_broker" if ours is None else "only_ours"
        elif other == _shown(name, seen or nothing):
            cause = "one_account_view"
        found.append(Difference(*key, name, mine, other, EXACT.subtract(other, mine), cause))
    return found


def _shown(name: str, figures: Figures) -> Decimal:
    return quantity(figures[name]) if name == "quantity" else cents(figures[name])
