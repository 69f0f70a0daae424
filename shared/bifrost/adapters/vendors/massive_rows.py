"""massive's rows, read strictly."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from bifrost.adapters.vendors import fields
from bifrost.adapters.vendors.action_rows import ActionRow, decimal, split
from bifrost.adapters.vendors.calls import NotAnsweredError
from bifrost.adapters.vendors.tick_rows import (
    BY_NUMBER,
    VendorQuote,
    VendorTrade,
    numbers_of,
    venue,
)
from bifrost.core.corporate_actions import CashDividend, CorporateAction, DividendKind
from bifrost.data.providers.answers import Failed

VENDOR = "massive"


def bars_of(answer: Mapping[str, Any], symbol: str) -> Sequence[Mapping[str, Any]]:
    """Return the rows of a page of bars, as many as it promises, and raw."""
    if fields.text(answer, "ticker") != symbol:
        raise fields.ChangedShapeError(f"it has bars of {answer['ticker']}, not {symbol}")
    if fields.field(answer, "adjusted") is not False:
        raise fields.ChangedShapeError("its prices are adjusted, raw ones were asked for")
    promised = fields.whole(answer, "resultsCount")
    # Since December 2020 `results` is left out where there are none.
    rows = fields.items(answer.get("results", []), "results")
    if len(rows) != promised:
        lost = f"massive promised {promised} bars and sent {len(rows)}"
        raise NotAnsweredError(Failed(lost, retryable=True))
    return [fields.mapping(row, "a bar") for row in rows]


def rows_of(answer: Mapping[str, Any], symbol: str) -> Sequence[Mapping[str, Any]]:
    """Return the rows of a page of actions, all of this symbol."""
    rows = fields.items(fields.field(answer, "results"), "results")
    found = [fields.mapping(row, "a row") for row in rows]
    for row in found:
        if fields.text(row, "ticker") != symbol:
            raise fields.ChangedShapeError(f"it has a row of {row['ticker']}, not {symbol}")
    return found


def split_of(row: Mapping[str, Any], instrument: str) -> CorporateAction:
    """Read a split."""
    return ActionRow(
        vendor=VENDOR,
        own_id=_own_id(row),
        instrument=instrument,
        ex_date=fields.day(row, "execution_date"),
        terms=split(decimal(row, "split_to"), decimal(row, "split_from")),
    ).to_action()


def dividend_of(row: Mapping[str, Any], instrument: str) -> CorporateAction:
    """Read a dividend; massive knows ordinary and special ones, and not how they are taxed."""
    return ActionRow(
        vendor=VENDOR,
        own_id=_own_id(row),
        instrument=instrument,
        ex_date=fields.day(row, "ex_dividend_date"),
        terms=CashDividend(DividendKind.ORDINARY, decimal(row, "cash_amount")),
        currency=row.get("currency") or "USD",
        record_date=fields.day_or_none(row, "record_date"),
        pay_date=fields.day_or_none(row, "pay_date"),
    ).to_action()


def trade_of(row: Mapping[str, Any]) -> VendorTrade:
    """Read a trade, at the time at which its tape had it."""
    return VendorTrade(
        _nanoseconds(row),
        fields.number(row, "price"),
        fields.number(row, "size"),
        venue(BY_NUMBER, row.get("exchange")),
        numbers_of(row, "conditions"),
    )


def quote_of(row: Mapping[str, Any]) -> VendorQuote:
    """Read a quote; a side that nobody offers is 0, or left out."""
    return VendorQuote(
        _nanoseconds(row),
        *_side(row, "bid"),
        *_side(row, "ask"),
        venue(BY_NUMBER, row.get("bid_exchange")),
        venue(BY_NUMBER, row.get("ask_exchange")),
        numbers_of(row, "conditions"),
    )


TICKS: Mapping[str, Callable[[Mapping[str, Any]], Any]] = {"trades": trade_of, "quotes": quote_of}


def _side(row: Mapping[str, Any], side: str) -> tuple[float, float]:
    """Return a side's price and size; what has a size has a price, by the name that it had."""
    if not {"bid_price", "ask_price"} & set(row):
        raise fields.ChangedShapeError("a quote has neither bid_price nor ask_price")
    price, size = (
        fields.number(row, name) if name in row else None
        for name in (f"{side}_price", f"{side}_size")
    )
    if price is None and size:
        raise fields.ChangedShapeError(f"a quote has {side}_size and no {side}_price")
    return price or 0.0, size or 0.0


def _nanoseconds(row: Mapping[str, Any]) -> datetime:
    count = fields.whole(row, "sip_timestamp")
    # Which second it is, is checked there; milliseconds taken for nanoseconds are of 1970.
    return fields.milliseconds({"sip_timestamp": count // 1_000_000}, "sip_timestamp") + timedelta(
        microseconds=count // 1000 % 1000
    )


def _own_id(row: Mapping[str, Any]) -> str:
    own_id = row.get("id")
    return own_id if isinstance(own_id, str) else ""
