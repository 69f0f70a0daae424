"""An issuer's acts as Alpaca tells them, read strictly.

It finds them by the day it processed them, which for a dividend is the day it is paid: so more is
asked than the ex-dates wanted, and the rest left out. Asked for a symbol, it also tells acts of
others that lead to it (a spin-off of the parent, a merger into it): those are not this symbol's.
Shapes: docs.alpaca.markets/reference/corporateactions, alpaca-py's models/corporate_actions.py.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any, TypeAlias

from bifrost.adapters.vendors import fields
from bifrost.adapters.vendors.action_rows import ActionRow, decimal, split
from bifrost.core.corporate_actions import (
    CashDividend,
    CorporateAction,
    DividendKind,
    Merger,
    SpinOff,
    StockDividend,
    Terms,
)
from bifrost.data.providers.told_actions import LeftOut

VENDOR = "alpaca"
_PROCESSED_BEFORE = timedelta(days=7)
_PROCESSED_AFTER = timedelta(days=180)
_TYPES = (
    "forward_split,reverse_split,unit_split,cash_dividend,stock_dividend,spin_off,cash_merger,"
    "stock_merger,stock_and_cash_merger,redemption,name_change,worthless_removal,"
    "rights_distribution"
)
# A ratio is carried to as many digits as a file of ours has.
_RATIO_PLACES = Decimal("0.000000000001")

_Row: TypeAlias = Mapping[str, Any]


def fields_of(symbol: str, first: date, last: date) -> Mapping[str, Any]:
    """Return what to ask for."""
    return {
        "symbols": symbol,
        "types": _TYPES,
        "start": (first - _PROCESSED_BEFORE).isoformat(),
        "end": (last + _PROCESSED_AFTER).isoformat(),
        "limit": 1000,
        "sort": "asc",
    }


def read(told: _Row, instrument: str, symbol: str) -> Sequence[CorporateAction | LeftOut]:
    """Read the acts of one page."""
    found: list[CorporateAction | LeftOut] = []
    for key, rows in told.items():
        for item in fields.items(rows, key):
            row = fields.mapping(item, f"one of the {key}")
            if key not in _WHOSE:
                on = fields.day(row, "process_date")
                found.append(LeftOut(key, on, "it is of a kind that is not known here"))
            elif _is_of(key, row, symbol):
                found.append(_read(key, row, instrument, symbol))
    return found


def _is_of(key: str, row: _Row, symbol: str) -> bool:
    """Say whether it is this symbol's own act; ChangedShapeError where it is not named at all."""
    own, *others = _WHOSE[key]
    if fields.text(row, own) == symbol:
        return True
    if symbol not in [row.get(name) for name in others]:
        raise fields.ChangedShapeError(f"it has {key} of {row[own]}, not {symbol}")
    return key == "name_changes"


def _read(key: str, row: _Row, instrument: str, symbol: str) -> CorporateAction | LeftOut:
    if key not in _READERS:
        return _left_out(key, row, symbol)
    day = fields.day(row, "effective_date" if "mergers" in key else "ex_date")
    terms = _READERS[key](row)
    if terms is None:
        why = f"the cash is for {row['acquiree_rate']:g} shares, or for one: it does not say"
        return LeftOut(key, day, why)
    if getattr(terms, "new_instrument", "") == symbol:
        return LeftOut(key, day, f"it leads to {symbol} itself")
    own_id = row.get("id")
    return ActionRow(
        vendor=VENDOR,
        own_id=own_id if isinstance(own_id, str) else "",
        instrument=instrument,
        ex_date=day,
        terms=terms,
        record_date=fields.day_or_none(row, "record_date"),
        pay_date=fields.day_or_none(row, "payable_date"),
    ).to_action()


def _left_out(key: str, row: _Row, symbol: str) -> LeftOut:
    on = fields.day(row, "process_date")
    if key != "name_changes":
        return LeftOut(key, on, _WHY_NOT[key])
    old, new = fields.text(row, "old_symbol"), fields.text(row, "new_symbol")
    why = (
        f"{old} became {new}, and the day on which it did is not told: import its map file, or"
        " an actions file with a rename"
    )
    return LeftOut(key, on, why, old if new == symbol else new)


def _spin_off(row: _Row) -> Terms:
    # Which part of the basis goes with them is on the issuer's Form 8937, and nowhere here.
    return SpinOff(fields.text(row, "new_symbol"), _ratio(row, "new_rate", "source_rate"), None)


def _stock_merger(row: _Row) -> Terms:
    acquirer = fields.text(row, "acquirer_symbol")
    return Merger(
        new_instrument=acquirer, shares_per_share=_ratio(row, "acquirer_rate", "acquiree_rate")
    )


def _both_merger(row: _Row) -> Terms | None:
    if decimal(row, "acquiree_rate") != 1:
        return None
    return Merger(
        cash_per_share=decimal(row, "cash_rate"),
        new_instrument=fields.text(row, "acquirer_symbol"),
        shares_per_share=decimal(row, "acquirer_rate"),
    )


def _ratio(row: _Row, new: str, old: str) -> Decimal:
    exact = decimal(row, new) / decimal(row, old)
    return exact.quantize(_RATIO_PLACES, ROUND_HALF_EVEN).normalize() + 0


def _split(row: _Row) -> Terms:
    return split(decimal(row, "new_rate"), decimal(row, "old_rate"))


_READERS: Mapping[str, Callable[[_Row], Terms | None]] = {
    "forward_splits": _split,
    "reverse_splits": _split,
    "cash_dividends": lambda row: CashDividend(DividendKind.ORDINARY, decimal(row, "rate")),
    "stock_dividends": lambda row: StockDividend(decimal(row, "rate")),
    "spin_offs": _spin_off,
    "cash_mergers": lambda row: Merger(cash_per_share=decimal(row, "rate")),
    "stock_mergers": _stock_merger,
    "stock_and_cash_mergers": _both_merger,
}
_WHY_NOT = {
    "unit_splits": "a unit comes apart into two instruments, which no kind of action says",
    "redemptions": "whether all shares were redeemed, and on which day, is not told",
    "worthless_removals": "the day on which they became worthless is not told",
    "rights_distributions": "rights are no kind that the books know",
}
# The field of the symbol whose act it is, then those of what it leads to.
_WHOSE = {
    **dict.fromkeys(("forward_splits", "reverse_splits"), ("symbol",)),
    **dict.fromkeys(("cash_dividends", "stock_dividends"), ("symbol",)),
    **dict.fromkeys(("redemptions", "worthless_removals"), ("symbol",)),
    **dict.fromkeys(("spin_offs", "rights_distributions"), ("source_symbol", "new_symbol")),
    **dict.fromkeys(("cash_mergers", "stock_mergers"), ("acquiree_symbol", "acquirer_symbol")),
    "stock_and_cash_mergers": ("acquiree_symbol", "acquirer_symbol"),
    "name_changes": ("old_symbol", "new_symbol"),
    "unit_splits": ("old_symbol", "new_symbol", "alternate_symbol"),
}
