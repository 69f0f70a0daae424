"""A file of corporate actions, all of it or nothing: half of a vendor's announcements are wrong.

One row is one revision of one action. Which columns a kind needs are the fields of its terms in
`core.corporate_actions`, under the same names; a cell that its kind does not know is refused,
because somebody meant something by it.
"""

import csv
import re
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import MISSING, fields
from fractions import Fraction
from typing import Any

from bifrost.core.codec import from_json
from bifrost.core.corporate_actions import (
    ActionKind,
    CashDividend,
    CorporateAction,
    Delisting,
    DividendKind,
    Merger,
    Rename,
    SpinOff,
    Split,
    StockDividend,
)
from bifrost.core.errors import FieldProblem, InvalidInputError
from bifrost.core.instruments import SYMBOL
from bifrost.core.written import day_of
from bifrost.data.files.bar_file import text_lines

_TERMS: dict[ActionKind, type] = {
    ActionKind.SPLIT: Split,
    ActionKind.STOCK_DIVIDEND: StockDividend,
    ActionKind.CASH_DIVIDEND: CashDividend,
    ActionKind.SPIN_OFF: SpinOff,
    ActionKind.MERGER: Merger,
    ActionKind.RENAME: Rename,
    ActionKind.DELISTING: Delisting,
}
_ALWAYS = ("action_id", "vendor", "revision", "kind", "instrument", "currency", "ex_date")
_OPTIONAL = ("record_date", "pay_date", "withdrawn")
_OF_TERMS = (
    "new_shares",
    "old_shares",
    "shares_per_share",
    "amount_per_share",
    "dividend_kind",
    "new_instrument",
    "basis_share",
    "share_value",
    "cash_per_share",
    "cash_in_lieu",
    "final_value",
)
COLUMNS = (*_ALWAYS, *_OPTIONAL, *_OF_TERMS)
_FORMS = {
    "action_id": (r"[\w.:\-]{1,80}", "1 to 80 letters, digits or .:-_"),
    "vendor": (r"[\w.:\-]{1,40}", "1 to 40 letters, digits or .:-_"),
    "revision": (r"[1-9][0-9]{0,8}", "a whole number from 1"),
    "kind": ("|".join(ActionKind), f"one of {', '.join(ActionKind)}"),
    "instrument": (SYMBOL, "a symbol in capital letters and digits"),
    "currency": (r"[A-Z]{3}", "an ISO 4217 code"),
    "withdrawn": (r"true|false", "true or false"),
    "dividend_kind": ("|".join(DividendKind), f"one of {', '.join(DividendKind)}"),
    "new_instrument": (SYMBOL, "a symbol in capital letters and digits"),
}


# More says nothing about a share, and less is a slip: exactly that many digits are carried.
_NUMBER = re.compile(r"[0-9]{1,7}(\.[0-9]{1,12})?", re.ASCII)
_RATIO_MAX = 1_000_000
_YEARS = range(1900, 2100)


def read_corporate_actions(content: bytes) -> list[CorporateAction]:
    """Read a CSV whose header is COLUMNS, in any order, those that no row fills left out.

    Raises InvalidInputError with every problem, each at its line and column: nothing of such a
    file is used. Two actions of one kind on one instrument and ex-date overlap and are one.
    """
    return [action for _, action in read_with_lines(content)]


def read_with_lines(content: bytes) -> list[tuple[int, CorporateAction]]:
    """Read the same, each action with its line from 1."""
    lines = text_lines(content)
    header = _header(next(lines, (1, ""))[1])
    rows: list[tuple[int, CorporateAction]] = []
    problems: list[FieldProblem] = []
    for line, text in lines:
        found = _row(line, text, header)
        if isinstance(found, CorporateAction):
            rows.append((line, found))
        else:
            problems += found
    problems += overlaps(rows)
    if not rows and not problems:
        problems.append(FieldProblem("file", "it has a header and no rows", "send a row"))
    if problems:
        raise InvalidInputError(*problems)
    return list(rows)


def overlaps(rows: Iterable[tuple[int, CorporateAction]]) -> list[FieldProblem]:
    """Name each row that says what another one says already, under the same or another id."""
    revisions: dict[tuple[str, int], int] = {}
    newest: dict[str, tuple[int, CorporateAction]] = {}
    problems = []
    for line, action in rows:
        key = (action.action_id, action.revision)
        if key in revisions:
            message = f"revision {action.revision} stands on line {revisions[key]} already"
            problems.append(_problem(line, "revision", message, "count it up"))
        revisions.setdefault(key, line)
        known = newest.get(action.action_id)
        if known is None or known[1].revision < action.revision:
            newest[action.action_id] = (line, action)
    days: dict[Hashable, int] = {}
    for line, action in newest.values():
        if action.withdrawn:
            continue
        # Two vendors that say the same confirm each other; whether they may differ, votes say.
        told = [(action.vendor, one) for one in claims_of(action)]
        taken = [days[one] for one in told if one in days]
        if taken:
            message = f"it contradicts line {taken[0]}, of the same day"
            problems.append(_problem(line, "ex_date", message, "keep one, or withdraw the other"))
        for one in told:
            days.setdefault(one, line)
    return problems


def claims_of(action: CorporateAction) -> list[Hashable]:
    """Return what no two actions may share: dividends that differ may fall on one day.

    An instrument ends once, and two do not end as one another on one day.
    """
    day, paid = action.ex_date, action.cash_dividend
    claims: list[Hashable] = [(action.instrument, action.kind, day, paid)]
    if (
        action.merger
        or action.rename
        or (action.delisting and action.delisting.final_value is not None)
    ):
        claims.append((action.instrument, "ends", day))
        claims.append((frozenset({action.instrument, action.new_instrument}), "ends", day))
    return claims


def instruments_of(actions: Iterable[CorporateAction]) -> list[str]:
    """Name what they are about, and what they lead to."""
    return sorted(
        {name for one in actions for name in (one.instrument, one.new_instrument) if name}
    )


def _header(text: str) -> list[str]:
    names = [one.strip().lower() for one in text.split(",")]
    missing = [name for name in _ALWAYS if name not in names]
    unknown = [name for name in names if name not in COLUMNS]
    if missing or unknown or len(set(names)) != len(names):
        raise InvalidInputError(
            FieldProblem("header", f"it is {text[:500]!r}", f"use these, once: {','.join(COLUMNS)}")
        )
    return names


def _row(line: int, text: str, header: list[str]) -> CorporateAction | list[FieldProblem]:
    try:
        (cells,) = csv.reader([text], strict=True)
    except (csv.Error, ValueError) as error:
        return [_problem(line, "row", str(error), "write one action in one line")]
    if len(cells) != len(header):
        message = f"it has {len(cells)} fields, the header has {len(header)}"
        return [_problem(line, "row", message, "send one cell for each column")]
    filled = {name: cell.strip() for name, cell in zip(header, cells, strict=True) if cell.strip()}
    problems = [*_missing(line, filled), *_malformed(line, filled)]
    if problems:
        return problems
    return _action(line, filled)


def _missing(line: int, filled: Mapping[str, str]) -> list[FieldProblem]:
    return [
        _problem(line, name, "it is empty", f"give {_wanted(name)}")
        for name in _ALWAYS
        if name not in filled
    ]


def _malformed(line: int, filled: Mapping[str, str]) -> list[FieldProblem]:
    return [
        _problem(line, name, f"it is {cell[:40]!r}", f"give {_wanted(name)}")
        for name, cell in filled.items()
        if not _is_well_formed(name, cell)
    ]


def _is_well_formed(name: str, cell: str) -> bool:
    if name in _FORMS:
        return re.fullmatch(_FORMS[name][0], cell, re.ASCII) is not None
    if name.endswith("_date"):
        day = day_of(cell)
        return day is not None and day.year in _YEARS
    return _NUMBER.fullmatch(cell) is not None


def _wanted(name: str) -> str:
    if name in _FORMS:
        return _FORMS[name][1]
    if name.endswith("_date"):
        return f"YYYY-MM-DD, {_YEARS[0]} to {_YEARS[-1]}"
    return "a number in plain digits, at most 7 before the point and 12 after"


def _action(line: int, filled: Mapping[str, str]) -> CorporateAction | list[FieldProblem]:
    kind = ActionKind(filled["kind"])
    named = {_column(one.name): one for one in fields(_TERMS[kind])}
    problems = [
        _problem(line, name, f"a {kind} has no {name}", "leave it empty")
        for name in _OF_TERMS
        if name in filled and name not in named
    ]
    problems += [
        _problem(line, name, "it is empty", f"a {kind} needs it")
        for name, one in named.items()
        if one.default is MISSING and name not in filled
    ]
    if problems:
        return problems
    noun = {name: filled[name] for name in (*_ALWAYS, *_OPTIONAL) if name in filled}
    del noun["kind"]
    terms = {one.name: filled[name] for name, one in named.items() if name in filled}
    whole: dict[str, Any] = noun | {
        "revision": int(filled["revision"]),
        "withdrawn": filled.get("withdrawn") == "true",
        kind.value: terms,
    }
    try:
        action = from_json(CorporateAction, whole)
    except ValueError as error:
        return [_problem(line, kind.value, str(error), "correct the row")]
    return action if _is_plausible(action) else [_implausible(line, action)]


def _is_plausible(action: CorporateAction) -> bool:
    terms = action.terms
    ratio = Fraction(1)
    if isinstance(terms, Split | StockDividend):
        ratio = terms.ratio
    elif isinstance(terms, SpinOff | Merger):
        ratio = Fraction(terms.shares_per_share) or ratio
    return Fraction(1, _RATIO_MAX) <= ratio <= _RATIO_MAX


def _implausible(line: int, action: CorporateAction) -> FieldProblem:
    message = f"one share cannot become more than {_RATIO_MAX}, nor so many become one"
    return _problem(line, action.kind.value, message, "correct the ratio")


def _column(field: str) -> str:
    return "dividend_kind" if field == "kind" else field


def _problem(line: int, column: str, message: str, fix: str) -> FieldProblem:
    return FieldProblem(f"line {line}, column {column}", message, fix)
