"""Alpaca's account activities: JSON as GET /v2/account/activities answers, or the same as CSV.

Source: docs.alpaca.markets, "Account Activities". A TradeActivity has no fees and no currency;
they come as activities of their own, in USD. Of the others `net_amount` is the change in cash.
What this reader has no entry for (mergers, options' ends) is refused by name, never dropped; a
mapping's `skip` leaves it out on purpose.
"""

import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from bifrost.core.written import numbered_lines
from bifrost.portfolio.imports.activities import Activity, ActivityKind
from bifrost.portfolio.imports.booked import cash, fill, flow
from bifrost.portfolio.imports.delimited import Table, table_row, titles_of
from bifrost.portfolio.imports.mapping import NO_MAPPING, FileMapping
from bifrost.portfolio.imports.source import (
    FileRead,
    Problem,
    Row,
    UnreadableError,
    midnight,
    read_rows,
)

VENUE = "alpaca"
_SIDES = {"buy": 1, "sell": -1, "sell_short": -1}
_KINDS = {
    **dict.fromkeys(("DIV", "DIVCGL", "DIVCGS", "DIVTXEX", "CGD"), ActivityKind.DIVIDEND),
    **dict.fromkeys(
        ("DIVNRA", "DIVFT", "DIVTW", "DIVWH", "INTNRA", "INTTW", "WH"), ActivityKind.TAX
    ),
    **dict.fromkeys(("FEE", "CFEE", "DIVFEE", "PTC", "PTR"), ActivityKind.FEE),
    "DIVROC": ActivityKind.RETURN_OF_CAPITAL,
    "INT": ActivityKind.INTEREST,
    **dict.fromkeys(("SPLIT", "SSP"), ActivityKind.SPLIT),
    **dict.fromkeys(("ACATC", "ACATS", "JNLC", "JNLS", "JNL"), ActivityKind.TRANSFER),
}
_FLOWS = ("CSD", "CSW", "CSR", "TRANS")
_OF_SHARES = (ActivityKind.SPLIT, ActivityKind.TRANSFER)


def read_alpaca(text: str, mapping: FileMapping = NO_MAPPING) -> FileRead:
    """Read the whole text: JSON where it starts with a bracket, else CSV."""
    is_json = text.lstrip("\ufeff \t\r\n").startswith(("[", "{"))
    rows = _json_rows(text) if is_json else _csv_rows(text)
    return read_rows(rows, lambda row: _activities(row, mapping))


def _activities(row: Row, mapping: FileMapping) -> list[Activity] | None:
    kind = row.required("activity_type")
    if kind in mapping.skip or row.text("status") == "canceled":
        return None
    if kind == "FILL":
        return _trade(row)
    if kind in _FLOWS:
        amount = row.required_number("net_amount")
        return cash(row, _plain(row, flow(amount), amount))
    if kind not in _KINDS:
        fix = f'book it by hand and leave it out: skip = ["{kind[:20]}"]'
        raise row.unreadable("activity_type", f"{kind[:40]!r} is not read here", fix)
    made = _plain(row, _KINDS[kind], row.number("net_amount") or Decimal(0))
    if made.kind in _OF_SHARES and made.quantity:
        row.symbol("symbol")
        return [made]
    return cash(row, made)


def _trade(row: Row) -> list[Activity]:
    side = row.required("side")
    if side not in _SIDES:
        raise row.unreadable("side", f"{side[:20]!r} is no side", "buy, sell or sell_short")
    quantity = row.required_number("qty")
    if quantity <= 0:
        raise row.unreadable("qty", f"it is {quantity:f}", "send one above zero")
    at = row.required("transaction_time")
    stamp = Row(row.line, {"transaction_time": at[:10]}, row.columns)
    day = stamp.day("transaction_time")
    if at[10:11] != "T" or not at.endswith("Z"):
        fix = "write it as 2026-01-05T15:30:00Z"
        raise row.unreadable("transaction_time", f"{at[:40]!r} is no instant", fix)
    plain = Activity(
        line=row.line,
        kind=ActivityKind.FILL,
        day=day,
        occurred_at=row.moment("transaction_time", at[11:-1], day, None),
        currency="USD",
        amount=Decimal(0),
        instrument=row.symbol("symbol"),
        quantity=quantity * _SIDES[side],
        venue=VENUE,
        reference=row.required("id"),
    )
    return fill(row, plain, price=row.required_number("price"), amount=None)


def _plain(row: Row, kind: ActivityKind, amount: Decimal) -> Activity:
    day = row.day("date")
    return Activity(
        line=row.line,
        kind=kind,
        day=day,
        occurred_at=midnight(day),
        currency=row.currency("currency", otherwise="USD"),
        amount=amount,
        instrument=row.symbol("symbol") if row.text("symbol") else "",
        quantity=row.number("qty") if kind in _OF_SHARES else None,
        venue=VENUE,
        reference=row.required("id"),
        description=row.text("description") or row.text("activity_type"),
    )


def _csv_rows(text: str) -> Iterator[Row]:
    lines = numbered_lines(text)
    line, header = next(lines, (1, ""))
    titles = titles_of(line, header, ",")
    if "activity_type" not in titles:
        fix = "name each field as the API does: activity_type, id, symbol, ..."
        raise UnreadableError(Problem(line, "activity_type", "the header has no such column", fix))
    table = Table(",", titles, {title: title for title in titles})
    for number, one in lines:
        yield table_row(number, one, table)


def _json_rows(text: str) -> Iterator[Row]:
    """Yield each object with the line it starts on; numbers are kept as they are written."""
    plain = text.removeprefix("\ufeff")
    decoder = json.JSONDecoder(
        parse_float=str, parse_int=str, parse_constant=str, object_pairs_hook=_once
    )
    fix = "send the answer as it came"
    try:
        json.loads(plain, parse_float=str, parse_int=str)
    except json.JSONDecodeError as error:
        problem = Problem(error.lineno, str(error.colno), error.msg, fix)
        raise UnreadableError(problem) from None
    except RecursionError:
        raise UnreadableError(Problem(1, "1", "it is nested too deep", fix)) from None
    at = plain.index("[") if plain.lstrip().startswith("[") else plain.index("{") - 1
    while (at := _next_value(plain, at + 1)) >= 0:
        line = plain.count("\n", 0, at) + 1
        found, end = decoder.raw_decode(plain, at)
        yield _object(line, found)
        at = end - 1


def _next_value(text: str, at: int) -> int:
    """Where the next value of the list starts; -1 at its end."""
    while at < len(text) and text[at] in " \t\r\n,":
        at += 1
    return -1 if at >= len(text) or text[at] == "]" else at


def _object(line: int, found: Any) -> Row:
    if not isinstance(found, dict):
        return Row(line, {}, broken=Problem(line, "1", "it is no object", "send activities"))
    values = {key: value for key, value in found.items() if value is not None}
    if _TWICE in values:
        problem = Problem(line, str(values[_TWICE]), "the object has it twice", "name it once")
        return Row(line, {}, broken=problem)
    for key, value in values.items():
        if not isinstance(value, str) and key in _READ:
            problem = Problem(line, key, "it is no text and no number", "send it as the API does")
            return Row(line, {}, broken=problem)
    return Row(line, {key: one for key, one in values.items() if isinstance(one, str)})


_READ = (
    "activity_type", "id", "transaction_time", "side", "qty", "price", "symbol", "date",
    "net_amount", "currency", "description", "status",
)  # fmt: skip


# No key of a JSON text that was read by name; where one is there twice, this says which.
_TWICE = "\x00twice"


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        found[_TWICE] = next(name for name in names if names.count(name) > 1)
    return found
