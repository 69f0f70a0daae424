"""Tax: wash sales, previews, Form 8949 and 1099-B: from a file of trades, which needs no stack, or
over the desk's own books.
"""

import csv
import sys
from dataclasses import asdict, replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bifrost.cli import spouse, tax_desk
from bifrost.cli.inputs import argument, each_filled, option
from bifrost.cli.output import AsJson, show_fields, show_json, show_table

if TYPE_CHECKING:
    from bifrost.portfolio.tax.elections import Elections
    from bifrost.portfolio.tax.history import Trade
    from bifrost.portfolio.tax.preview import Wish

app = typer.Typer(
    no_args_is_help=True,
    help="What your trades mean for tax (US).\n\nExample: bifrost tax wash-sales trades.csv",
)

app.add_typer(spouse.app, name="spouse")

_COLUMNS = "CSV: date,owner,account,account_kind,instrument,side,quantity,amount"
File = Annotated[str | None, argument(_COLUMNS)]
Desk = Annotated[bool, typer.Option("--desk", help="Your own books, of all accounts; no FILE.")]
Method = Annotated[
    str | None, option("--method", says="Of a file, sold first: fifo (by default), lifo or hifo.")
]
Spouses = Annotated[
    list[str] | None,
    typer.Option("--spouses", callback=each_filled, help="A couple, as alice=bob; repeatable."),
]
Choices = Annotated[
    list[str] | None,
    typer.Option("--policy", callback=each_filled, help="A reading, NAME=VALUE; repeatable."),
]
Year = Annotated[int, typer.Option(min=1900, max=2199, help="The tax year.")]


@app.command("wash-sales")
def wash_sales(
    file: File = None,
    desk: Desk = False,
    year: Annotated[
        int | None, typer.Option(min=1900, max=2199, help="With --desk: of this year only.")
    ] = None,
    method: Method = None,
    spouses: Spouses = None,
    policy: Choices = None,
    as_json: AsJson = False,
) -> None:
    """Find the wash sales of a file of trades: what of each loss is allowed, put off or gone.

    amount is a row's total in USD; account_kind is cash, margin, ira or roth_ira; rows go by
    date, those of a day in the order made. All accounts of an owner, and of the spouse, count.
    With --desk every report ends with 3 where trades had to be left out.

    Example: bifrost tax wash-sales trades.csv --spouses alice=bob
    """
    if tax_desk.over_the_desk(file, desk, method, spouses):
        found = tax_desk.wash_sales(year, policy)
    elif year is not None:
        raise typer.BadParameter("it goes with --desk", param_hint="--year")
    else:
        found = _wash_sales_of(str(file), _elections(method, spouses, policy))
    if as_json:
        show_json(found)
    else:
        _show_statement(found)
    tax_desk.require_whole(found)


def _show_statement(found: Any) -> None:
    show_table(found["sales"], tuple(found["sales"][0]) if found["sales"] else (), empty="no sales")
    print()
    show_table(found["lots"], tuple(found["lots"][0]) if found["lots"] else (), empty="no lots")
    print()
    show_fields({name: value for name, value in found.items() if isinstance(value, str)})


def _wash_sales_of(path: str, elections: "Elections") -> Any:
    from bifrost.portfolio.tax.statement import statement
    from bifrost.portfolio.tax.wash_sales import wash_sales as match

    trades = _trades(path)
    return _plain(asdict(statement(trades, match(trades, elections))))


@app.command()
def preview(
    sell: Annotated[str, option(says="ACCOUNT:INSTRUMENT:QUANTITY")],
    file: File = None,
    price: Annotated[
        str | None, option(says="Of one share (of one contract, in all), in USD.")
    ] = None,
    on: Annotated[str | None, option(says="The day of the sale, YYYY-MM-DD.")] = None,
    owner: Annotated[str | None, option(says="Whose account, where two share a name.")] = None,
    desk: Desk = False,
    method: Method = None,
    spouses: Spouses = None,
    policy: Choices = None,
    as_json: AsJson = False,
) -> None:
    """Say what a sale now would realise, put off or lose, and from which day on it would not.

    Judged by the trades so far; a purchase before rebuy_from would wash the loss after all. With
    --desk it sells at the last price, today, unless --price and --on say otherwise.

    Example: bifrost tax preview t.csv --sell a:IBM:5 --price 9 --on 2026-11-20
    """
    if tax_desk.over_the_desk(file, desk, method, spouses):
        found = tax_desk.preview(sell, price, on, policy)
    else:
        wish = _wish(sell, _given("--price", price), _given("--on", on), owner)
        found = _preview_of(str(file), wish, _elections(method, spouses, policy))
    if as_json:
        show_json(found)
        return
    show_fields(found["sale"])
    print()
    lots = [{**one, **one["line"]} for one in found["lots"]]
    show_table(lots, ("acquired", "holding_period_start", "term", "quantity", "basis", "gain",
                      "disallowed_loss", "forfeited_loss"), empty="")  # fmt: skip
    print()
    show_fields({name: found[name] for name in ("first_clean_day", "rebuy_from")})


def _preview_of(path: str, wish: "Wish", elections: "Elections") -> Any:
    from bifrost.portfolio.tax.preview import preview as play

    return _plain(asdict(play(_trades(path), wish, elections)))


@app.command("form-8949")
def form_8949(
    year: Year,
    file: File = None,
    desk: Desk = False,
    reported: Annotated[
        str, option(says="What the 1099-B reported: basis (boxes A, D), no_basis or nothing.")
    ] = "basis",
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV.")] = False,
    method: Method = None,
    spouses: Spouses = None,
    policy: Choices = None,
    as_json: AsJson = False,
) -> None:
    """Write the rows of Form 8949 of a year: box, dates, proceeds, basis, code W, gain.

    Example: bifrost tax form-8949 trades.csv --year 2026 --csv
    """
    from bifrost.portfolio.tax.form_8949 import COLUMNS

    if as_csv and as_json:
        raise typer.BadParameter("it is either JSON or CSV", param_hint="--csv")
    if tax_desk.over_the_desk(file, desk, method, spouses):
        found = tax_desk.form_8949(year, reported, policy)
    else:
        elections = _elections(method, spouses, policy)
        found = {"year": year, "rows": _rows_of(str(file), year, reported, elections)}
    rows = found["rows"]
    if as_json:
        show_json(found)
    elif as_csv:
        writer = csv.DictWriter(sys.stdout, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    else:
        show_table(rows, COLUMNS, empty=f"no sales in {year}")
    tax_desk.require_whole(found)


def _rows_of(path: str, year: int, reported: str, elections: "Elections") -> Any:
    from bifrost.portfolio.tax.form_8949 import Reported, form_8949
    from bifrost.portfolio.tax.wash_sales import wash_sales as match

    books = match(_trades(path), elections)
    found = form_8949(books.disposals, year, _one("--reported", Reported, reported))
    return _plain([asdict(one) for one in found])


@app.command("reconcile-1099b")
def reconcile_1099b(
    file: Annotated[str, argument(f"{_COLUMNS}; with --desk the broker's, and no other.")],
    year: Year,
    broker: Annotated[
        str | None,
        argument(
            "CSV: account,instrument,date_sold,quantity,proceeds,cost_basis,wash_sale_disallowed"
        ),
    ] = None,
    desk: Desk = False,
    method: Method = None,
    spouses: Spouses = None,
    policy: Choices = None,
    as_json: AsJson = False,
) -> None:
    """Compare a broker's 1099-B with your own trades, and say which differences are its view.

    A broker sees one account at a time, so its wash sales lack those that your others make.

    Example: bifrost tax reconcile-1099b trades.csv broker.csv --year 2026
    """
    if tax_desk.over_the_desk(broker if desk else file, desk, method, spouses):
        found = tax_desk.reconcile_1099b(file, year, policy)
    else:
        path = _given("BROKER", broker)
        found = _reconciled(file, path, year, _elections(method, spouses, policy))
    if as_json:
        show_json(found)
    else:
        columns = ("account", "instrument", "date_sold", "figure", "ours", "broker", "difference",
                   "cause")  # fmt: skip
        show_table(found["differences"], columns, empty="no differences")
        print(f"\n{found['agreed']} of {found['compared']} agree (account, instrument and day)")
    tax_desk.require_whole(found)


def _reconciled(path: str, broker: str, year: int, elections: "Elections") -> Any:
    from bifrost.portfolio.tax.form_1099b import read_1099b, reconcile

    trades, theirs = _trades(path), _in_file(broker, read_1099b, named="1099-B, ")
    return _plain(asdict(reconcile(trades, theirs, year, elections)))


def _given(name: str, text: str | None) -> str:
    if text is None:
        raise typer.BadParameter("it is missing", param_hint=name)
    return text


def _trades(path: str) -> "list[Trade]":
    from bifrost.portfolio.tax.history_file import read_trades

    found: list[Trade] = _in_file(path, read_trades)
    return found


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


def _elections(
    method: str | None, spouses: list[str] | None, policy: list[str] | None
) -> "Elections":
    from bifrost.portfolio.tax.elections import Elections, LotOrder
    from bifrost.portfolio.tax.policy import Policy

    couples = tuple(_pair("--spouses", one) for one in spouses or ())
    chosen = dict(_pair("--policy", one) for one in policy or ())
    return Elections(
        _one("--method", LotOrder, method or LotOrder.FIFO.value), couples, Policy(chosen)
    )


def _pair(name: str, text: str) -> tuple[str, str]:
    left, sign, right = (part.strip() for part in text.partition("="))
    if not (left and sign and right):
        raise _invalid(name, f"{text!r} lacks a side or its =", "write it as ONE=OTHER")
    return left, right


def _one(name: str, kind: Any, text: str) -> Any:
    if text not in set(kind):
        raise _invalid(name, f"{text!r} is unknown", f"use {', '.join(kind)}")
    return kind(text)


def _wish(sell: str, price: str, on: str, owner: str | None) -> "Wish":
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
