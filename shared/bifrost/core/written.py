"""Numbers, dates and lines as a caller may write them.

Python reads more than a person sees: to it `1_0` is ten, in the digits of any script, ` 5 ` is
five and `2012-W01-1` is a day. What moves money or dates a rule must be exactly what was written.
"""

import re
from collections.abc import Iterator
from datetime import date

_DECIMAL = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,9})?")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")

# Control characters, line breaks of every kind, and signs that turn the direction of what follows:
# on a terminal the first move the cursor and the last let a text say another thing than it holds.
ONE_LINE = r"^[^\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]+$"


def is_decimal(text: str) -> bool:
    """Say whether it is a finite decimal in ASCII digits, an exponent allowed."""
    return _DECIMAL.fullmatch(text) is not None


def is_date(text: str) -> bool:
    """Say whether it has the form YYYY-MM-DD; whether there is such a day is not asked."""
    return _DATE.fullmatch(text) is not None


def day_of(text: str) -> date | None:
    """Read a date written YYYY-MM-DD; None where it is not, or where there is no such day."""
    try:
        return date.fromisoformat(text) if is_date(text) else None
    except ValueError:
        return None


def numbered_lines(text: str) -> Iterator[tuple[int, str]]:
    """Yield each line that is not blank with its number, from 1, whoever's line ends it has.

    A line is a row wherever files are read by it: a stray quote cannot swallow those after it.
    """
    plain = text.removeprefix("\ufeff").replace("\r\n", "\n")
    return ((line, one) for line, one in enumerate(plain.split("\n"), start=1) if one.strip())
