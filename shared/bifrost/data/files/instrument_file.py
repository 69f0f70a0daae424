"""A file of instruments: which symbols may be imported and traded, and on whose calendar."""

import csv
import re
from collections.abc import Container
from decimal import Decimal

from bifrost.core.errors import FieldProblem, InvalidInputError
from bifrost.core.instruments import SYMBOL, Instrument
from bifrost.data.files.bar_file import RejectedRow, text_lines

COLUMNS = ("symbol", "mic", "currency", "tick_size", "lot_size", "name")

# The other venues of American shares keep the hours and holidays of the NYSE.
CALENDARS = dict.fromkeys(("XNYS", "XNAS", "ARCX", "XASE", "BATS"), "XNYS")

_FORMS = {
    "symbol": (SYMBOL, "capital letters and digits"),
    "mic": ("|".join(CALENDARS), f"one of {', '.join(CALENDARS)}"),
    "currency": (r"[A-Z]{3}", "an ISO 4217 code"),
    "tick_size": (r"[0-9]{1,6}(\.[0-9]{1,8})?", "a positive decimal"),
    "lot_size": (r"[0-9]{1,6}(\.[0-9]{1,8})?", "a positive decimal"),
    "name": (r"\S.{0,119}", "1 to 120 characters"),
}


def read_instruments(content: bytes) -> tuple[dict[str, Instrument], list[RejectedRow]]:
    """Read a CSV with the header `symbol,mic,currency,tick_size,lot_size,name`.

    Raises InvalidInputError where the file as a whole is not one. A symbol that comes twice is
    rejected the second time.
    """
    lines = text_lines(content)
    _, header = next(lines, (1, ""))
    if tuple(header.strip().lower().split(",")) != COLUMNS:
        raise InvalidInputError(
            FieldProblem("header", f"it is {header[:200]!r}", f"start with {','.join(COLUMNS)}")
        )
    found: dict[str, Instrument] = {}
    rejected = []
    for line, text in lines:
        try:
            instrument = _instrument(text, found)
            found[instrument.symbol] = instrument
        except (ValueError, csv.Error) as error:
            rejected.append(RejectedRow(line, text[:500], str(error)))
    if not found and not rejected:
        raise InvalidInputError(
            FieldProblem("file", "it has a header and no rows", "send at least one row")
        )
    return found, rejected


def _instrument(text: str, above: Container[str]) -> Instrument:
    # Names have commas (`Alphabet, Inc.`), so these lines may quote; each is still one row.
    (fields,) = csv.reader([text], strict=True)
    if len(fields) != len(COLUMNS):
        raise ValueError(f"it has {len(fields)} fields, the header has {len(COLUMNS)}")
    row = dict(zip(COLUMNS, (one.strip() for one in fields), strict=True))
    for name, (form, wanted) in _FORMS.items():
        if not re.fullmatch(form, row[name]):
            raise ValueError(f"{name} {row[name][:40]!r} is not {wanted}")
    if row["symbol"] in above:
        raise ValueError(f"symbol {row['symbol']} stands above already")
    tick, lot = Decimal(row["tick_size"]), Decimal(row["lot_size"])
    if not tick or not lot:
        raise ValueError("tick_size and lot_size must be positive")
    return Instrument(
        symbol=row["symbol"],
        mic=row["mic"],
        currency=row["currency"],
        tick_size=tick,
        lot_size=lot,
        name=row["name"],
    )
