"""The file of trades: `date,owner,account,account_kind,instrument,side,quantity,amount`.

A row's date is its trade date, which is what §1091 counts from; rows of one day stand in the
order made. An account has one kind, however often it is named.
"""

from collections.abc import Iterable, Iterator
from itertools import pairwise

from bifrost.core.errors import FieldProblem, InvalidInputError
from bifrost.core.orders import Side
from bifrost.portfolio.accounts import AccountKind
from bifrost.portfolio.tax.delimited import PROBLEMS_MAX, Row, read
from bifrost.portfolio.tax.history import Trade, unreadable

COLUMNS = ("date", "owner", "account", "account_kind", "instrument", "side", "quantity", "amount")

_KINDS = {kind.value: kind for kind in AccountKind} | {"roth": AccountKind.ROTH_IRA}
_SIDES = {side.value: side for side in Side}


def read_trades(content: bytes) -> list[Trade]:
    """Read them all; raise InvalidInputError, with line and column, where one is unreadable."""
    trades = read(content, COLUMNS, _trade)
    problems = [*_out_of_order(trades), *_two_kinds(trades)]
    if problems:
        raise InvalidInputError(*problems[:PROBLEMS_MAX])
    return trades


def _trade(row: Row) -> Trade:
    kind = _KINDS.get(row.text("account_kind").lower().replace(" ", "_").replace("-", "_"))
    if kind is None:
        raise row.refuse("account_kind", _unknown(row, "account_kind"), _one_of(AccountKind))
    side = _SIDES.get(row.text("side").lower())
    if side is None:
        raise row.refuse("side", _unknown(row, "side"), _one_of(Side))
    quantity = row.number("quantity")
    if quantity == 0:
        raise row.refuse("quantity", "it is zero", "leave the row out")
    return Trade(
        line=row.line,
        on=row.day("date"),
        owner=row.text("owner"),
        account=row.text("account"),
        kind=kind,
        instrument=row.text("instrument"),
        side=side,
        quantity=quantity,
        amount=row.number("amount"),
    )


def _unknown(row: Row, column: str) -> str:
    return f"{row.fields[column][:40]!r} is unknown"


def _one_of(values: Iterable[str]) -> str:
    return "write " + ", ".join(values)


def _out_of_order(trades: list[Trade]) -> Iterator[FieldProblem]:
    for before, trade in pairwise(trades):
        if trade.on < before.on:
            message = f"{trade.on} comes after {before.on} (line {before.line})"
            yield unreadable(trade.line, "date", message, "sort the rows by date", place=1)


def _two_kinds(trades: list[Trade]) -> Iterator[FieldProblem]:
    first: dict[tuple[str, str], Trade] = {}
    for trade in trades:
        known = first.setdefault((trade.owner, trade.account), trade)
        if trade.kind is not known.kind:
            message = f"{trade.account!r} is {known.kind} in line {known.line}, {trade.kind} here"
            yield unreadable(trade.line, "account_kind", message, "an account has one kind")
