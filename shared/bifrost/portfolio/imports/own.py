"""Our own CSV: what `bifrost export` writes, and, with a mapping, any other delimited table.

    date,time,kind,instrument,quantity,price,amount,currency,commission,
    counter_amount,counter_currency,venue,reference,description

Only date, kind and amount must be there (a fill may state its price instead of the amount).
kind is buy, sell, or a kind of `ActivityKind`; `amount` is the change in cash, so what leaves is
negative; a buy's and a sell's quantity is positive, that of a fill, split or transfer is signed.
"""

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal

from bifrost.core.written import numbered_lines
from bifrost.portfolio.imports.activities import Activity, ActivityKind
from bifrost.portfolio.imports.booked import cash, fill
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

COLUMNS = (
    "date", "time", "kind", "instrument", "quantity", "price", "amount", "currency", "commission",
    "counter_amount", "counter_currency", "venue", "reference", "description",
)  # fmt: skip
_REQUIRED = ("date", "kind")
_TRADES = {"buy": 1, "sell": -1}
_OF_SHARES = (ActivityKind.SPLIT, ActivityKind.TRANSFER)


def read_own(text: str, mapping: FileMapping = NO_MAPPING) -> FileRead:
    """Read the whole text; see the module for its columns."""
    return read_rows(_rows(text, mapping), lambda row: _activities(row, mapping))


def _rows(text: str, mapping: FileMapping) -> Iterator[Row]:
    lines = numbered_lines(text)
    line, header = next(lines, (1, ""))
    delimiter = mapping.delimiter or delimiter_of(header)
    titles = titles_of(line, header, delimiter)
    table = Table(
        delimiter,
        titles,
        _columns(line, titles, mapping),
        constants=mapping.constants,
        decimal=mapping.decimal or ".",
    )
    for number, one in lines:
        yield table_row(number, one, table)


def _columns(line: int, titles: list[str], mapping: FileMapping) -> dict[str, str]:
    known = {title.lower(): title for title in titles}
    columns: dict[str, str] = {}
    for ours in COLUMNS:
        theirs = mapping.columns.get(ours, ours)
        if theirs.lower() in known:
            columns[ours] = known[theirs.lower()]
        elif ours in mapping.columns or (ours in _REQUIRED and ours not in mapping.constants):
            fix = f"the header has {', '.join(titles)}"[:300]
            raise UnreadableError(Problem(line, theirs, "there is no such column", fix))
    unknown = [ours for ours in mapping.columns if ours not in COLUMNS]
    if unknown:
        fix = "map one of " + ", ".join(COLUMNS)
        raise UnreadableError(Problem(line, unknown[0], "the mapping names no field of ours", fix))
    return columns


def _activities(row: Row, mapping: FileMapping) -> list[Activity] | None:
    written = row.required("kind")
    if written in mapping.skip:
        return None
    word = mapping.kinds.get(written, written).lower()
    try:
        kind = ActivityKind.FILL if word in _TRADES else ActivityKind(word)
    except ValueError:
        fix = "use buy, sell, " + ", ".join(ActivityKind)
        raise row.unreadable("kind", f"{written[:60]!r} is no kind", fix) from None
    made = _plain(row, kind, mapping)
    if kind is ActivityKind.FILL:
        return _fill(row, made, word)
    if kind is ActivityKind.FX:
        return [_exchange(row, made)]
    if kind in _OF_SHARES and made.quantity:
        if not made.instrument:
            raise row.unreadable("instrument", "shares of nothing", "name the instrument")
        return [made]
    return cash(row, made)


def _plain(row: Row, kind: ActivityKind, mapping: FileMapping) -> Activity:
    day = row.day("date", mapping.dates)
    clock = row.text("time")
    is_fill = kind is ActivityKind.FILL
    return Activity(
        line=row.line,
        kind=kind,
        day=day,
        occurred_at=row.moment("time", clock, day, None) if clock else midnight(day),
        currency=row.currency("currency", otherwise="USD"),
        amount=row.number("amount") or Decimal(0),
        instrument=row.symbol("instrument") if is_fill or row.text("instrument") else "",
        quantity=row.required_number("quantity") if is_fill else row.number("quantity"),
        price=row.number("price"),
        commission=row.number("commission") or Decimal(0),
        venue=row.text("venue"),
        reference=row.text("reference"),
        description=row.text("description"),
    )


def _fill(row: Row, made: Activity, word: str) -> list[Activity]:
    quantity = made.quantity or Decimal(0)
    if word in _TRADES:
        if quantity <= 0:
            raise row.unreadable("quantity", f"it is {quantity:f}", f"a {word} states it above 0")
        quantity *= _TRADES[word]
    signed = replace(made, quantity=quantity)
    return fill(row, signed, price=made.price, amount=row.number("amount"))


def _exchange(row: Row, made: Activity) -> Activity:
    counter = row.required_number("counter_amount")
    currency = row.currency("counter_currency")
    if made.amount * counter >= 0 or currency == made.currency:
        fix = "one currency leaves (negative) and another comes"
        raise row.unreadable("counter_amount", "this exchanges nothing", fix)
    return replace(made, counter_amount=counter, counter_currency=currency)
