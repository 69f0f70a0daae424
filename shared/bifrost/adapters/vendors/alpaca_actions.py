"""Splits and dividends as Alpaca tells them.

It finds them by the day it processed them, which for a dividend is the day it is paid: so more is
asked than the ex-dates wanted, and the rest left out. Spin-offs and mergers are not taken: it does
not say which part of the basis goes with them, or what a share was worth.
"""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from bifrost.adapters.vendors import fields
from bifrost.adapters.vendors.action_rows import ActionRow, decimal, split
from bifrost.core.corporate_actions import (
    CashDividend,
    CorporateAction,
    DividendKind,
    Split,
    StockDividend,
)

VENDOR = "alpaca"
_PROCESSED_BEFORE = timedelta(days=7)
_PROCESSED_AFTER = timedelta(days=180)
_TYPES = "forward_split,reverse_split,cash_dividend,stock_dividend"
_SPLITS = ("forward_splits", "reverse_splits")


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


def read(told: Mapping[str, Any], instrument: str, symbol: str) -> Sequence[CorporateAction]:
    """Read the actions of one page strictly; kinds that were not asked for are passed over."""
    actions = []
    for key in (*_SPLITS, "cash_dividends", "stock_dividends"):
        for item in fields.items(told.get(key, []), key):
            row = fields.mapping(item, f"one of the {key}")
            if fields.text(row, "symbol") != symbol:
                raise fields.ChangedShapeError(f"it has {key} of {row['symbol']}, not {symbol}")
            actions.append(_action(key, row, instrument))
    return actions


def _action(key: str, row: Mapping[str, Any], instrument: str) -> CorporateAction:
    terms: Split | CashDividend | StockDividend
    if key in _SPLITS:
        terms = split(decimal(row, "new_rate"), decimal(row, "old_rate"))
    elif key == "cash_dividends":
        terms = CashDividend(DividendKind.ORDINARY, decimal(row, "rate"))
    else:
        terms = StockDividend(decimal(row, "rate"))
    own_id = row.get("id")
    return ActionRow(
        vendor=VENDOR,
        own_id=own_id if isinstance(own_id, str) else "",
        instrument=instrument,
        ex_date=fields.day(row, "ex_date"),
        terms=terms,
        record_date=fields.day_or_none(row, "record_date"),
        pay_date=fields.day_or_none(row, "payable_date"),
    ).to_action()
