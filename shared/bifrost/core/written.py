"""Numbers and dates as a caller may write them.

Python reads more than a person sees: to it `1_0` is ten, in the digits of any script, ` 5 ` is
five and `2012-W01-1` is a day. What moves money or dates a rule must be exactly what was written.
"""

import re

_DECIMAL = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,9})?")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def is_decimal(text: str) -> bool:
    """Say whether it is a finite decimal in ASCII digits, an exponent allowed."""
    return _DECIMAL.fullmatch(text) is not None


def is_date(text: str) -> bool:
    """Say whether it has the form YYYY-MM-DD; whether there is such a day is not asked."""
    return _DATE.fullmatch(text) is not None
