"""Tax reports over a file of trades, and a file of corporate actions beside it; no stack needed."""

from dataclasses import asdict, dataclass, replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bifrost.cli.output import say

if TYPE_CHECKING:
    from bifrost.portfolio.tax.elections import Elections
    from bifrost.portfolio.tax.history import Trade
    from bifrost.portfolio.tax.kept import Kept
    from bifrost.portfolio.tax.preview import Wish

_NAMED_MAX = 10


@dataclass(frozen=True, slots=True)
class Files:
    """The paths of the trades and, where there is one, of the actions; and the elections."""

    trades: str
    actions: str | None
    elections: "Elections"


def wash_sales(files: Files) -> Any:
    """Compute the statement; a sale says by what rule it is one where actions are given."""
    from bifrost.portfolio.tax.statement import statement
    from bifrost.portfolio.tax.wash_sales import wash_sales as match

    trades, kept = _read(files)
    found = _plain(asdict(statement(trades, match(trades, files.elections, kept))))
    left_out = {"account", "rule"} if files.actions is None else {"account"}
    sales = [
        {name: value for name, value in one.items() if name not in left_out}
        for one in found["sales"]
    ]
    return {**found, "sales": sales}


def preview(files: Files, wish: "Wish") -> Any:
    """Play a sale after all rows."""
    from bifrost.portfolio.tax.preview import preview as play

    trades, kept = _read(files)
    found = _plain(asdict(play(trades, wish, files.elections, kept)))
    for line in (found["sale"], *(one["line"] for one in found["lots"])):
        del line["account"], line["rule"]
    return found


def form_8949(files: Files, year: int, reported: str) -> Any:
    """Write a year's rows."""
    from bifrost.portfolio.tax.form_8949 import Reported
    from bifrost.portfolio.tax.form_8949 import form_8949 as rows_of
    from bifrost.portfolio.tax.wash_sales import wash_sales as match

    trades, kept = _read(files)
    books = match(trades, files.elections, kept)
    found = rows_of(books.disposals, year, one_of("--reported", Reported, reported))
    return _plain([asdict(one) for one in found])


def reconciled(files: Files, broker: str, year: int) -> Any:
    """Compare a broker's file."""
    from bifrost.portfolio.tax.form_1099b import read_1099b, reconcile

    trades, kept = _read(files)
    theirs = _in_file(broker, read_1099b, named="1099-B, ")
    return _plain(asdict(reconcile(trades, theirs, year, files.elections, kept)))


def elections(
    methods: list[str] | None, spouses: list[str] | None, policy: list[str] | None
) -> "Elections":
    """Read what was chosen."""
    from bifrost.portfolio.tax.elections import Couple, Elections, LotOrder
    from bifrost.portfolio.tax.policy import Policy

    couples = tuple(Couple(*_pair("--spouses", one)) for one in spouses or ())
    chosen = dict(_pair("--policy", one) for one in policy or ())
    orders = [one for one in methods or () if "=" not in one] or [LotOrder.FIFO.value]
    if len(orders) > 1:
        raise _invalid("--method", f"{' and '.join(orders)} exclude each other", "write one")
    order = one_of("--method", LotOrder, orders[0])
    funds = [_pair("--method", one) for one in methods or () if "=" in one]
    for fund, word in funds:
        if word != "average":
            problem = f"{fund}={word} is no method of one instrument"
            raise _invalid("--method", problem, f"write {fund}=average")
    return Elections(order, couples, Policy(chosen), frozenset(fund for fund, _ in funds))


def wish_of(sell: str, price: str, on: str, owner: str | None) -> "Wish":
    """Read a sale that somebody considers."""
    from bifrost.portfolio.tax.delimited import DAY_FORM, NUMBER_FORM, day_of, number_of
    from bifrost.portfolio.tax.preview import Wish

    account, instrument, quantity = ["", "", *sell.rsplit(":", 2)][-3:]
    sold, each, day = number_of(quantity), number_of(price), day_of(on)
    if not (account and instrument and sold):
        raise _invalid("--sell", f"{sell!r} cannot be read", "write ACCOUNT:INSTRUMENT:QUANTITY")
    if each is None:
        raise _invalid("--price", f"{price!r} is no number of at least 0", f"write {NUMBER_FORM}")
    if day is None:
        raise _invalid("--on", f"{on!r} is no date", f"write {DAY_FORM}")
    return Wish(account, instrument, sold, each, day, owner)


def one_of(name: str, kind: Any, text: str) -> Any:
    """Read a member of an enumeration."""
    if text not in set(kind):
        raise _invalid(name, f"{text!r} is unknown", f"use {', '.join(kind)}")
    return kind(text)


def _read(files: Files) -> tuple["list[Trade]", "Kept"]:
    from bifrost.portfolio.tax.history_file import read_trades
    from bifrost.portfolio.tax.kept import NOTHING_KEPT, Kept

    trades = _in_file(files.trades, read_trades)
    if files.actions is None:
        return trades, NOTHING_KEPT
    from bifrost.data.files.corporate_action_file import read_with_lines
    from bifrost.portfolio.tax.file_actions import acts_of, unmet, with_exact_fractions

    acts = acts_of(trades, _in_file(files.actions, read_with_lines, named="actions, "))
    if names := unmet(trades, acts):
        rest = f" and {len(names) - _NAMED_MAX} more" if len(names) > _NAMED_MAX else ""
        named = ", ".join(names[:_NAMED_MAX])
        say(f"no row is in {named}{rest}: what was done to it changes nothing")
    return with_exact_fractions(trades, acts), Kept(acts=acts)


def _in_file(path: str, read: Any, *, named: str = "") -> Any:
    """Read a file; with `named` before what is wrong with it, where it is not the only one."""
    from bifrost.core.errors import InvalidInputError

    try:
        content = Path(path).read_bytes()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise _invalid(path, f"cannot be read: {reason}", "name a CSV file") from error
    try:
        return read(content)
    except InvalidInputError as error:
        problems = [replace(one, field=f"{named}{one.field}") for one in error.problems]
        raise InvalidInputError(*problems) from error


def _pair(name: str, text: str) -> tuple[str, str]:
    left, sign, right = (part.strip() for part in text.partition("="))
    if not (left and sign and right):
        raise _invalid(name, f"{text!r} lacks a side or its =", "write it as ONE=OTHER")
    return left, right


def _plain(value: Any) -> Any:
    """Numbers as plain decimal strings, dates as YYYY-MM-DD."""
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if isinstance(value, Decimal):
        return f"{value:f}"
    return value.isoformat() if isinstance(value, date) else value


def _invalid(field: str, message: str, fix: str) -> Exception:
    from bifrost.core.errors import FieldProblem, InvalidInputError

    return InvalidInputError(FieldProblem(field, message, fix))
