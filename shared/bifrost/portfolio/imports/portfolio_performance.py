"""Portfolio Performance's exported transactions of an account or of a portfolio, as CSV.

Source: help.portfolio-performance.info, "File > Export" and "File > Import"; its column names in
English and German. A header in German means a decimal comma unless the mapping says otherwise.
`Value` is net: a purchase's holds its fees and taxes. Each row's fees and taxes become rows of
their own beside a gross one, but a fill's fees, which are its commission. A row's sign is not
read: the type says it.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal

from bifrost.core.money import EXACT, exact_sum
from bifrost.core.written import numbered_lines
from bifrost.portfolio.imports.activities import Activity, ActivityKind
from bifrost.portfolio.imports.booked import cash, extra, fill
from bifrost.portfolio.imports.delimited import (
    Table,
    delimiter_of,
    table_row,
    titles_of,
)
from bifrost.portfolio.imports.mapping import NO_MAPPING, FileMapping
from bifrost.portfolio.imports.source import (
    FileRead,
    Problem,
    Row,
    UnreadableError,
    midnight,
    read_rows,
)

_TITLES = {
    "date": ("Date", "Datum"),
    "time": ("Time", "Uhrzeit"),
    "type": ("Type", "Typ"),
    "value": ("Value", "Wert"),
    "currency": ("Transaction Currency", "Buchungswährung"),
    "gross": ("Gross Amount", "Bruttobetrag"),
    "gross_currency": ("Currency Gross Amount", "Währung Bruttobetrag"),
    "fees": ("Fees", "Gebühren"),
    "taxes": ("Taxes", "Steuern"),
    "shares": ("Shares", "Stück"),
    "isin": ("ISIN",),
    "wkn": ("WKN",),
    "symbol": ("Ticker Symbol", "Ticker-Symbol"),
    "note": ("Note", "Notiz"),
}
_REQUIRED = ("date", "type", "value")
_PLUS, _MINUS = 1, -1
# The type in both languages, what it is here, and which way the cash goes.
_TYPES = {
    ("Buy", "Kauf"): (ActivityKind.FILL, _MINUS),
    ("Sell", "Verkauf"): (ActivityKind.FILL, _PLUS),
    ("Deposit", "Einlage"): (ActivityKind.DEPOSIT, _PLUS),
    ("Removal", "Entnahme"): (ActivityKind.WITHDRAWAL, _MINUS),
    ("Dividend", "Dividende"): (ActivityKind.DIVIDEND, _PLUS),
    ("Interest", "Zinsen"): (ActivityKind.INTEREST, _PLUS),
    ("Interest Charge", "Zinsbelastung"): (ActivityKind.INTEREST, _MINUS),
    ("Fees", "Gebühren"): (ActivityKind.FEE, _MINUS),
    ("Fees Refund", "Gebührenerstattung"): (ActivityKind.FEE, _PLUS),
    ("Taxes", "Steuern"): (ActivityKind.TAX, _MINUS),
    ("Tax Refund", "Steuerrückerstattung"): (ActivityKind.TAX, _PLUS),
    ("Transfer (Inbound)", "Umbuchung (Eingang)"): (ActivityKind.TRANSFER, _PLUS),
    ("Transfer (Outbound)", "Umbuchung (Ausgang)"): (ActivityKind.TRANSFER, _MINUS),
    ("Delivery (Inbound)", "Einlieferung"): (ActivityKind.TRANSFER, _PLUS),
    ("Delivery (Outbound)", "Auslieferung"): (ActivityKind.TRANSFER, _MINUS),
}
_MEANT = {word: meant for words, meant in _TYPES.items() for word in words}
_DELIVERIES = ("Delivery (Inbound)", "Einlieferung", "Delivery (Outbound)", "Auslieferung")


def read_portfolio_performance(text: str, mapping: FileMapping = NO_MAPPING) -> FileRead:
    """Read the whole text."""
    return read_rows(_rows(text, mapping), lambda row: _activities(row, mapping))


def _rows(text: str, mapping: FileMapping) -> Iterator[Row]:
    lines = numbered_lines(text)
    line, header = next(lines, (1, ""))
    delimiter = mapping.delimiter or delimiter_of(header)
    titles = titles_of(line, header, delimiter)
    columns = _columns(line, titles)
    is_german = columns["date"] == "Datum"
    decimal = mapping.decimal or ("," if is_german else ".")
    table = Table(delimiter, titles, columns, mapping.constants, decimal)
    for number, one in lines:
        yield table_row(number, one, table)


def _columns(line: int, titles: list[str]) -> dict[str, str]:
    found = {ours: title for ours, theirs in _TITLES.items() for title in titles if title in theirs}
    missing = next((name for name in _REQUIRED if name not in found), None)
    if missing:
        fix = "export the transactions of an account or a portfolio as CSV"
        problem = Problem(line, _TITLES[missing][0], "the header has no such column", fix)
        raise UnreadableError(problem)
    return found


def _activities(row: Row, mapping: FileMapping) -> list[Activity] | None:
    written = row.required("type")
    if written in mapping.skip:
        return None
    if written not in _MEANT:
        fix = "use " + ", ".join(words[0] for words in _TYPES)
        raise row.unreadable("type", f"{written[:40]!r} is no type", fix)
    kind, sign = _MEANT[written]
    value = abs(row.required_number("value"))
    plain = _plain(row, kind)
    if kind is ActivityKind.FILL:
        return _trade(row, plain, value, sign)
    if kind is ActivityKind.TRANSFER and (written in _DELIVERIES or row.number("shares")):
        # Of shares: their worth is no cash of this account.
        shares = row.required_number("shares") * sign
        return [replace(plain, instrument=row.symbol("symbol", "isin", "wkn"), quantity=shares)]
    fees, taxes = _beside(row)
    gross = EXACT.add(value, exact_sum([fees, taxes])) if sign > 0 else value
    made = cash(row, replace(plain, amount=gross * sign))
    if sign < 0:
        return made
    return [
        *made,
        *extra(made[0], ActivityKind.FEE, -fees),
        *extra(made[0], ActivityKind.TAX, -taxes),
    ]


def _trade(row: Row, plain: Activity, value: Decimal, sign: int) -> list[Activity]:
    shares = row.required_number("shares")
    if shares <= 0:
        raise row.unreadable("shares", f"it is {shares:f}", "send a number above zero")
    fees, taxes = _beside(row)
    made = replace(
        plain,
        instrument=row.symbol("symbol", "isin", "wkn"),
        quantity=shares * -sign,
        commission=fees,
    )
    # The tax is in the value and is a row of its own: without it the fill is what was traded.
    found = fill(row, made, price=None, amount=EXACT.add(value * sign, taxes))
    return [*found, *extra(found[0], ActivityKind.TAX, -taxes)]


def _beside(row: Row) -> tuple[Decimal, Decimal]:
    """Return the row's fees and taxes, as positive numbers."""
    fees, taxes = row.number("fees") or Decimal(0), row.number("taxes") or Decimal(0)
    for name, number in (("fees", fees), ("taxes", taxes)):
        if number < 0:
            raise row.unreadable(name, f"it is {number:f}", "a refund is a row of its own")
    return fees, taxes


def _plain(row: Row, kind: ActivityKind) -> Activity:
    day, at = _when(row)
    has_security = any(row.text(name) for name in ("symbol", "isin", "wkn"))
    return Activity(
        line=row.line,
        kind=kind,
        day=day,
        occurred_at=at,
        currency=row.currency("currency"),
        amount=Decimal(0),
        instrument=row.symbol("symbol", "isin", "wkn") if has_security else "",
        description=row.text("note"),
    )


def _when(row: Row) -> tuple[date, datetime]:
    """Read `2026-01-05T15:30`, a bare date, or 05.01.2026 with the time beside it."""
    first, _, clock = row.required("date").replace(" ", "T", 1).partition("T")
    stamp = Row(row.line, {"date": first}, row.columns)
    day = stamp.day("date", "%d.%m.%Y" if "." in first else "")
    at = clock or row.text("time")
    return day, row.moment("date", at, day, None) if at else midnight(day)
