"""What is wrong with a field, in words of our own: pydantic's speak of Python to who writes JSON.

An error says its kind and the bounds that it broke; a message of the API's own kinds, which all
begin with `must` or name the value, stays as it is.
"""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from bifrost.core.instruments import SYMBOL
from bifrost.core.written import ONE_LINE, day_of

# By the error's type; what is in braces is its context.
_WORDS = {
    "missing": "is missing",
    "extra_forbidden": "is no field of this request",
    "greater_than": "must be {later} {gt}",
    "greater_than_equal": "must be {ge} or {later_still}",
    "less_than": "must be {earlier} {lt}",
    "less_than_equal": "must be {le} or {earlier_still}",
    "finite_number": "must be a finite number",
    "too_short": "must have at least {min_length} {items}",
    "too_long": "must have at most {max_length} {items}",
    "string_type": "must be a string",
    "string_unicode": "must be valid Unicode",
    "string_too_short": "must have at least {min_length} {characters}",
    "string_too_long": "must have at most {max_length} {characters}",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_parsing_size": "must be a whole number, and a shorter one",
    "int_from_float": "must be a whole number",
    "decimal_type": "must be a decimal in a string",
    "decimal_parsing": "must be a decimal in a string",
    "decimal_max_digits": "must have at most {max_digits} digits",
    "decimal_max_places": "must have at most {decimal_places} digits after the point",
    "decimal_whole_digits": "must have at most {whole_digits} digits before the point",
    "enum": "must be {expected}",
    "literal_error": "must be {expected}",
    "list_type": "must be a list",
    "tuple_type": "must be a list",
    "dict_type": "must be an object",
    "model_type": "must be an object",
    "model_attributes_type": "must be an object",
    "date_type": "must be a date written YYYY-MM-DD",
    "date_parsing": "must be a date written YYYY-MM-DD",
    "date_from_datetime_parsing": "must be a date written YYYY-MM-DD",
    "date_from_datetime_inexact": "must be a date written YYYY-MM-DD",
}

# What a pattern takes; of one that is not here only that the text does not fit it is said.
_PATTERNS = {
    r"^[A-Za-z0-9._:-]{1,128}$": "1 to 128 letters, digits, dots, colons, hyphens or underscores",
    r"^[A-Za-z0-9-]{1,64}$": "1 to 64 letters, digits or hyphens",
    r"^[A-Z]{3}$": "a currency of three capital letters, such as USD",
    r"^[A-Z]{4}$": "a MIC of four capital letters, such as XNAS",
    r"^[A-Z0-9][A-Z0-9.-]{0,31}$": "a symbol of capital letters, digits, dots or hyphens",
    r"^[A-Z0-9][A-Z0-9. -]{0,31}$": "a symbol of capital letters, digits, dots or hyphens",
    r"^([A-Z0-9][A-Z0-9.-]{0,31})?$": "a symbol of capital letters, digits, dots or hyphens",
    f"^{SYMBOL}$": "a symbol of capital letters and digits",
    r"^[0-9]{1,18}$": "the `next_cursor` of the page before",
    r"^-?[0-9]{1,18}$|^-[0-9]{19}$": "the `next_cursor` of the page before",
    r"^[\x21-\x7e]{1,300}$": "1 to 300 visible characters of ASCII, without spaces",
    r"^[\x21-\x2b\x2d-\x7e]+$": "visible characters of ASCII, without spaces and commas",
    r"^[^\x00]+$": "text without the character NUL",
    r"^[^\x00-\x1f\x7f]+$": "text of one line, without control characters",
    ONE_LINE: "text of one line, without control characters and signs that turn its direction",
}

_DATE_FIXES = {"greater_than": "send a later date", "less_than": "send an earlier date"}


def message_of(error: Mapping[str, Any]) -> str:
    """Say what is wrong, to be read behind the field's name."""
    kind, said, context = str(error["type"]), str(error["msg"]), error.get("ctx", {})
    if kind == "value_error":
        return said.removeprefix("Value error, ")
    if kind == "string_pattern_mismatch":
        wanted = _PATTERNS.get(str(context.get("pattern")))
        return f"must be {wanted}" if wanted else "is not written as it has to be"
    if kind not in _WORDS or said.startswith("must "):
        return said
    bounds = {name: _written(one) for name, one in context.items()}
    return _WORDS[kind].format_map(bounds | _nouns(context))


def fix_of(error: Mapping[str, Any]) -> str | None:
    """Say what to send instead where the kind of error alone does not tell; None elsewhere."""
    kind, context = str(error["type"]), error.get("ctx", {})
    if kind == "string_pattern_mismatch":
        wanted = _PATTERNS.get(str(context.get("pattern")))
        return f"send {wanted}" if wanted else None
    if _is_of_days(context):
        return next((fix for start, fix in _DATE_FIXES.items() if kind.startswith(start)), None)
    return None


def _nouns(context: Mapping[str, Any]) -> dict[str, str]:
    is_one = 1 in (context.get("min_length"), context.get("max_length"))
    is_day = _is_of_days(context)
    return {
        "items": "item" if is_one else "items",
        "characters": "character" if is_one else "characters",
        "later": "after" if is_day else "more than",
        "later_still": "later" if is_day else "more",
        "earlier": "before" if is_day else "less than",
        "earlier_still": "earlier" if is_day else "less",
    }


def _is_of_days(context: Mapping[str, Any]) -> bool:
    # pydantic gives a day's bound as text, and as a date where a validator of ours came before.
    return any(
        isinstance(one, date) or (isinstance(one, str) and day_of(one)) for one in context.values()
    )


def _written(bound: object) -> str:
    # Of a bound that a validator of ours came before, pydantic tells the Python of it.
    text = f"{bound:f}" if isinstance(bound, Decimal) else str(bound)
    return text.removeprefix("Decimal('").removesuffix("')")
