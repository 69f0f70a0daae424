"""Interactive Brokers' activity Flex query: trades, cash transactions, splits and transfers.

Times are New York's unless the query was set up otherwise, and it does not say which. Rows that
only sum up others (orders, symbols, closed lots) are left out. A cancelled trade, a merger and
whatever else has no entry here is refused by name: a mapping's `skip` leaves a type out.
"""

from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from bifrost.core.money import EXACT, exact_product
from bifrost.portfolio.imports.activities import Activity, ActivityKind
from bifrost.portfolio.imports.booked import cash, extra, fill, flow
from bifrost.portfolio.imports.ibkr_rows import SECTION, flex_rows
from bifrost.portfolio.imports.mapping import NO_MAPPING, FileMapping
from bifrost.portfolio.imports.source import FileRead, Row, midnight, read_rows

VENUE = "ibkr"
_ZONE = "America/New_York"
_DETAILS = ("", "EXECUTION", "DETAIL")
_CASH = {
    "dividends": ActivityKind.DIVIDEND,
    "payment in lieu of dividends": ActivityKind.DIVIDEND,
    "withholding tax": ActivityKind.TAX,
    "871(m) withholding": ActivityKind.TAX,
    "broker interest paid": ActivityKind.INTEREST,
    "broker interest received": ActivityKind.INTEREST,
    "bond interest paid": ActivityKind.INTEREST,
    "bond interest received": ActivityKind.INTEREST,
    "other fees": ActivityKind.FEE,
    "broker fees": ActivityKind.FEE,
    "advisor fees": ActivityKind.FEE,
    "commission adjustments": ActivityKind.FEE,
}
_FLOWS = ("deposits & withdrawals", "deposits/withdrawals", "deposits and withdrawals")
_SPLITS = ("FS", "RS")
_NO_MULTIPLIER = ("STK", "FUND", "BOND", "BILL", "WAR", "CRYPTO", "")


def read_ibkr_flex(text: str, mapping: FileMapping = NO_MAPPING) -> FileRead:
    """Read the whole text, XML or CSV."""
    return read_rows(flex_rows(text), lambda row: _activities(row, mapping))


def _activities(row: Row, mapping: FileMapping) -> list[Activity] | None:
    if row.text("levelofdetail").upper() not in _DETAILS or row.text("type") in mapping.skip:
        return None
    readers = {"trade": _trade, "cash": _cash, "action": _action, "transfer": _transfer}
    return readers[row.text(SECTION)](row)


def _trade(row: Row) -> list[Activity]:
    asset = row.text("assetcategory")
    side = row.text("buysell")
    if "(Ca.)" in side:
        raise row.unreadable("buysell", "a cancelled trade", "leave it and what it cancels out")
    price, quantity = row.required_number("tradeprice"), row.required_number("quantity")
    if side and (quantity > 0) is not (side == "BUY"):
        raise row.unreadable("buysell", f"{side[:20]} of {quantity:f}", "a sale is negative")
    plain = replace(_plain(row, ActivityKind.FILL), quantity=quantity)
    if asset == "CASH":
        return _exchange(row, plain)
    if asset not in _NO_MULTIPLIER:
        price = exact_product(price, row.required_number("multiplier"))
    taxes = row.number("taxes") or Decimal(0)
    commission = EXACT.minus(row.number("ibcommission") or Decimal(0))
    proceeds = row.number("proceeds")
    amount = None if proceeds is None else EXACT.subtract(proceeds, commission)
    made = replace(plain, instrument=row.symbol("symbol"), commission=commission)
    charged = row.currency("ibcommissioncurrency", otherwise=made.currency)
    if charged == made.currency:
        found = fill(row, made, price=price, amount=amount)
    else:
        made = replace(made, commission=Decimal(0))
        found = fill(row, made, price=price, amount=proceeds)
        found += extra(replace(found[0], currency=charged), ActivityKind.FEE, -commission)
    return [*found, *extra(found[0], ActivityKind.TAX, taxes)]


def _exchange(row: Row, plain: Activity) -> list[Activity]:
    """Read a trade of EUR.USD: the quantity is the first currency's, the proceeds the second's."""
    base = row.required("symbol").partition(".")[0]
    commission = row.number("ibcommission") or Decimal(0)
    made = replace(
        plain,
        kind=ActivityKind.FX,
        quantity=None,
        amount=row.required_number("proceeds"),
        counter_amount=plain.quantity,
        counter_currency=base,
    )
    charged = row.currency("ibcommissioncurrency", otherwise=made.currency)
    fees = extra(replace(made, currency=charged), ActivityKind.FEE, commission)
    return [made, *(replace(one, counter_amount=None, counter_currency="") for one in fees)]


def _cash(row: Row) -> list[Activity]:
    written = row.required("type")
    amount = row.required_number("amount")
    word = written.lower()
    if word not in _FLOWS and word not in _CASH:
        fix = f'book it by hand and leave it out: skip = ["{written[:40]}"]'
        raise row.unreadable("type", f"{written[:60]!r} is not read here", fix)
    kind = flow(amount) if word in _FLOWS else _CASH[word]
    symbol = row.symbol("symbol") if row.text("symbol") else ""
    return cash(row, replace(_plain(row, kind), amount=amount, instrument=symbol))


def _action(row: Row) -> list[Activity]:
    written = row.required("type")
    if written not in _SPLITS:
        fix = f'book it by hand and leave it out: skip = ["{written[:20]}"]'
        raise row.unreadable("type", f"{written[:20]!r} is not read here", fix)
    plain = _plain(row, ActivityKind.SPLIT)
    quantity = row.required_number("quantity")
    return [replace(plain, instrument=row.symbol("symbol"), quantity=quantity)]


def _transfer(row: Row) -> list[Activity]:
    """Read a transfer: `cashTransfer` moves cash, else the quantity moves shares."""
    plain = _plain(row, ActivityKind.TRANSFER)
    money = row.number("cashtransfer") or Decimal(0)
    if money:
        return cash(row, replace(plain, amount=money))
    quantity = row.required_number("quantity")
    is_out = row.required("direction").upper() in ("OUT", "DELIVERED")
    signed = -abs(quantity) if is_out else abs(quantity)
    return [replace(plain, instrument=row.symbol("symbol"), quantity=signed)]


def _plain(row: Row, kind: ActivityKind) -> Activity:
    day, at = _when(row)
    names = ("ibexecid", "tradeid", "transactionid", "actionid")
    named = [row.text(name) for name in names if row.text(name)]
    return Activity(
        line=row.line,
        kind=kind,
        day=day,
        occurred_at=at,
        currency=row.currency("currency"),
        amount=Decimal(0),
        venue=VENUE,
        reference=named[0] if named else "",
        description=row.text("description"),
    )


def _when(row: Row) -> tuple[date, datetime]:
    """Read `dateTime`, in the forms that a query may be set to, or `tradeDate` and the like."""
    names = ("datetime", "tradedate", "date", "settledate", "reportdate")
    name = next((one for one in names if row.text(one)), "datetime")
    first, clock = row.required(name), row.text("tradetime")
    for sign in (";", ",", " ", "T"):
        if sign in first:
            first, _, clock = first.partition(sign)
            break
    fields = {name: first.strip()}
    day = Row(row.line, fields, row.columns).day(name)
    at = clock.strip()
    return day, row.moment(name, at, day, ZoneInfo(_ZONE)) if at else midnight(day)
