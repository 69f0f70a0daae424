"""Splits and dividends as Alpaca tells them.

It finds them by the day it processed them, which for a dividend is the day it is paid: so more is
asked than the ex-dates wanted, and the rest left out. Spin-offs and mergers are not taken: it does
not say which part of the basis goes with them, or what a share was worth.
"""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from bifrost.adapters.vendors import fields
from bifrost.core.corporate_actions import (
    CashDividend,
    CorporateAction,
    DividendKind,
    Split,
    StockDividend,
)
from bifrost.data.providers.answers import Absent, Answer, Failed, Found, Partial

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


def between(
    answer: Answer[list[CorporateAction]], first: date, last: date
) -> Answer[Sequence[CorporateAction]]:
    """Keep those whose ex-date is in [first, last].

    A part of them is a failure: they come by another day than the ex-date, so that no day can be
    named before which all are there.
    """
    if isinstance(answer, Partial):
        return Failed(f"{VENDOR} sent only some of the actions: {answer.reason}", retryable=True)
    if not isinstance(answer, Found):
        return answer
    kept = sorted((a for a in answer.data if first <= a.ex_date <= last), key=lambda a: a.place)
    return Found(kept) if kept else Absent(f"{VENDOR} has none with an ex-date in the range")


def _action(key: str, row: Mapping[str, Any], instrument: str) -> CorporateAction:
    ex_date = fields.day(row, "ex_date")
    terms: dict[str, Any]
    if key in _SPLITS:
        terms = {"split": Split(decimal(row, "new_rate"), decimal(row, "old_rate"))}
    elif key == "cash_dividends":
        terms = {"cash_dividend": CashDividend(DividendKind.ORDINARY, decimal(row, "rate"))}
    else:
        terms = {"stock_dividend": StockDividend(decimal(row, "rate"))}
    return CorporateAction(
        action_id=_id(row, f"{instrument}:{ex_date}:{next(iter(terms))}"),
        vendor=VENDOR,
        revision=1,
        instrument=instrument,
        currency="USD",
        ex_date=ex_date,
        record_date=fields.day_or_none(row, "record_date"),
        pay_date=fields.day_or_none(row, "payable_date"),
        **terms,
    )


def _id(row: Mapping[str, Any], otherwise: str) -> str:
    """Keep Alpaca's own id, which a correction keeps; a company may pay twice on one day."""
    own = row.get("id")
    return f"{VENDOR}:{own if isinstance(own, str) and own else otherwise}"


def decimal(row: Mapping[str, Any], name: str) -> Decimal:
    """Read a positive number as the decimal that was written; ChangedShapeError for another."""
    value = Decimal(repr(fields.number(row, name)))
    if value <= 0:
        raise fields.ChangedShapeError(f"field {name!r} is {value}, not positive")
    return value.normalize() + 0
