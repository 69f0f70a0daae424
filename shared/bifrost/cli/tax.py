"""Tax: wash sales, previews, Form 8949 and 1099-B: from a file of trades, which needs no stack, or
over the desk's own books.
"""

import csv
import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bifrost.cli import spouse, tax_desk, tax_file
from bifrost.cli.inputs import argument, each_filled, option
from bifrost.cli.output import AsJson, show_fields, show_json, show_table

if TYPE_CHECKING:
    pass

app = typer.Typer(
    no_args_is_help=True,
    help="What your trades mean for tax (US).\n\nExample: bifrost tax wash-sales trades.csv",
)

app.add_typer(spouse.app, name="spouse")

_COLUMNS = "CSV: date,owner,account,account_kind,instrument,side,quantity,amount"
File = Annotated[str | None, argument(_COLUMNS)]
Actions = Annotated[
    str | None,
    option(
        "--actions",
        says="Corporate actions beside FILE: a CSV as for `bifrost actions import`.",
    ),
]
Desk = Annotated[bool, typer.Option("--desk", help="Your own books, of all accounts; no FILE.")]
Method = Annotated[
    list[str] | None,
    typer.Option(
        "--method",
        callback=each_filled,
        help="Of a file, sold first: fifo (by default), lifo or hifo; of a fund VTI=average, as"
        " elected for it (repeatable).",
    ),
]
Spouses = Annotated[
    list[str] | None,
    typer.Option("--spouses", callback=each_filled, help="A couple, as alice=bob; repeatable."),
]
Choices = Annotated[
    list[str] | None,
    typer.Option("--policy", callback=each_filled, help="A reading, NAME=VALUE; repeatable."),
]
Instrument = Annotated[
    str | None, option("--instrument", says="With --desk: of this and what it has to do with.")
]
Year = Annotated[int, typer.Option(min=1900, max=2199, help="The tax year.")]


@app.command("wash-sales")
def wash_sales(
    file: File = None,
    actions: Actions = None,
    desk: Desk = False,
    year: Annotated[
        int | None, typer.Option(min=1900, max=2199, help="With --desk: of this year only.")
    ] = None,
    method: Method = None,
    spouses: Spouses = None,
    policy: Choices = None,
    instrument: Instrument = None,
    as_json: AsJson = False,
) -> None:
    """Find the wash sales of a file of trades: what of each loss is allowed, put off or gone.

    amount is a row's total in USD; account_kind is cash, margin, ira or roth_ira; rows go by
    date, those of a day in the order made. All accounts of an owner, and of the spouse, count.
    With --desk every report ends with 3 where trades had to be left out.

    With --actions, rows have the names and counts of their day. What an issuer paid for shares
    (cash in lieu of a fraction, a merger for cash, a delisting) is a sale, as your broker lists
    it: a row of FILE. A fraction that has none stays held.

    Example: bifrost tax wash-sales trades.csv --spouses alice=bob

    Example: bifrost tax wash-sales trades.csv --actions actions.csv
    """
    if _over_the_desk(file, desk, actions, method, spouses, instrument):
        found = tax_desk.wash_sales(year, policy, instrument)
    elif year is not None:
        raise typer.BadParameter("it goes with --desk", param_hint="--year")
    else:
        found = tax_file.wash_sales(_files(file, actions, method, spouses, policy))
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
    totals = {name: value for name, value in found.items() if isinstance(value, str)}
    show_fields({**totals, **tax_desk.without(found)})


@app.command()
def preview(
    sell: Annotated[str, option(says="ACCOUNT:INSTRUMENT:QUANTITY")],
    file: File = None,
    price: Annotated[
        str | None, option(says="Of one share (of one contract, in all), in USD.")
    ] = None,
    on: Annotated[str | None, option(says="The day of the sale, YYYY-MM-DD.")] = None,
    owner: Annotated[str | None, option(says="Whose account, where two share a name.")] = None,
    actions: Actions = None,
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
    if _over_the_desk(file, desk, actions, method, spouses):
        found = tax_desk.preview(sell, price, on, policy)
    else:
        wish = tax_file.wish_of(sell, _given("--price", price), _given("--on", on), owner)
        found = tax_file.preview(_files(file, actions, method, spouses, policy), wish)
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


@app.command("form-8949")
def form_8949(
    year: Year,
    file: File = None,
    actions: Actions = None,
    desk: Desk = False,
    reported: Annotated[
        str, option(says="What the 1099-B reported: basis (boxes A, D), no_basis or nothing.")
    ] = "basis",
    joint: Annotated[
        bool, typer.Option("--joint", help="With --desk: your spouse's rows, too.")
    ] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV.")] = False,
    method: Method = None,
    spouses: Spouses = None,
    policy: Choices = None,
    instrument: Instrument = None,
    as_json: AsJson = False,
) -> None:
    """Write the rows of Form 8949 of a year: box, dates, proceeds, basis, code W, gain.

    Example: bifrost tax form-8949 trades.csv --year 2026 --csv
    """
    from bifrost.portfolio.tax.form_8949 import COLUMNS

    if as_csv and as_json:
        raise typer.BadParameter("it is either JSON or CSV", param_hint="--csv")
    if _over_the_desk(file, desk, actions, method, spouses, instrument):
        found = tax_desk.form_8949(year, reported, policy, instrument, joint=joint)
    elif joint:
        raise typer.BadParameter("it goes with --desk", param_hint="--joint")
    else:
        files = _files(file, actions, method, spouses, policy)
        found = {"year": year, "rows": tax_file.form_8949(files, year, reported)}
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
    actions: Actions = None,
    desk: Desk = False,
    method: Method = None,
    spouses: Spouses = None,
    policy: Choices = None,
    instrument: Instrument = None,
    as_json: AsJson = False,
) -> None:
    """Compare a broker's 1099-B with your own trades, and say which differences are its view.

    A broker sees one account at a time, so its wash sales lack those that your others make.

    Example: bifrost tax reconcile-1099b trades.csv broker.csv --year 2026
    """
    if _over_the_desk(broker if desk else file, desk, actions, method, spouses, instrument):
        found = tax_desk.reconcile_1099b(file, year, policy, instrument)
    else:
        path = _given("BROKER", broker)
        files = _files(file, actions, method, spouses, policy)
        found = tax_file.reconciled(files, path, year)
    if as_json:
        show_json(found)
    else:
        columns = ("account", "instrument", "date_sold", "figure", "ours", "broker", "difference",
                   "cause")  # fmt: skip
        show_table(found["differences"], columns, empty="no differences")
        print(f"\n{found['agreed']} of {found['compared']} agree (account, instrument and day)")
    tax_desk.require_whole(found)


def _given(name: str, text: str | None) -> str:
    if text is None:
        raise typer.BadParameter("it is missing", param_hint=name)
    return text


def _over_the_desk(
    file: str | None,
    desk: bool,
    actions: str | None,
    method: list[str] | None,
    spouses: list[str] | None,
    instrument: str | None = None,
) -> bool:
    if instrument is not None and not desk:
        raise typer.BadParameter("it goes with --desk", param_hint="--instrument")
    if desk and actions is not None:
        message = "the desk's books know what issuers did; see `bifrost actions list`"
        raise typer.BadParameter(message, param_hint="--actions")
    return tax_desk.over_the_desk(file, desk, method, spouses)


def _files(
    file: str | None,
    actions: str | None,
    method: list[str] | None,
    spouses: list[str] | None,
    policy: list[str] | None,
) -> tax_file.Files:
    return tax_file.Files(str(file), actions, tax_file.elections(method, spouses, policy))
