"""Addresses of tax reports over the desk's own books: all accounts of a caller, and a spouse's."""

from typing import Annotated

from fastapi import Depends, Query
from pydantic import Field

from bifrost.core.errors import FieldProblem, InvalidInputError
from bifrost.portfolio.tax.form_1099b import read_1099b
from bifrost.portfolio.tax.form_8949 import Reported
from bifrost.portfolio.tax.reports import SaleWish
from bifrost.portfolio.tax_schemas import (
    NUMBER_MAX,
    READINGS_PATTERN,
    Broker1099BBody,
    Form8949Sheet,
    Reconciled1099BSheet,
    TaxDay,
    TaxPreviewSheet,
    WashSaleSheet,
)
from bifrost.runtime.auth import Caller
from bifrost.runtime.http import create_router
from bifrost.wire.identifiers import ID_PATTERN
from bifrost.wire.numbers import WrittenDecimal
from functions.portfolio import wiring_tax

router = create_router()

Year = Annotated[int, Query(ge=1900, le=2199, description="The tax year.")]
SalesOf = Annotated[
    int | None, Query(ge=1900, le=2199, description="Show the sales of this year only.")
]
Policy = Annotated[
    str,
    Query(
        pattern=READINGS_PATTERN,
        description="How the law is read where authorities differ: NAME=VALUE,NAME=VALUE.",
    ),
]
Account = Annotated[str, Query(pattern=ID_PATTERN, description="The account that would sell.")]
Held = Annotated[
    str, Query(pattern=r"^[A-Z0-9][A-Z0-9.-]{0,31}$", description="What it would sell.")
]
OfOne = Annotated[
    str | None,
    Query(
        pattern=r"^[A-Z0-9][A-Z0-9. -]{0,31}$",
        description="Tell of this and what it has to do with: options, what it was and became.",
    ),
]
Quantity = Annotated[
    WrittenDecimal, Query(gt=0, le=NUMBER_MAX, decimal_places=8, description="How much of it.")
]
Price = Annotated[
    Annotated[WrittenDecimal, Field(ge=0, le=NUMBER_MAX, decimal_places=8)] | None,
    Query(description="Of one; the last one by default."),
]
On = Annotated[TaxDay | None, Query(description="The day of the sale; the market's by default.")]
ReportedAs = Annotated[Reported, Query(description="What a 1099-B said of the sales.")]
Joint = Annotated[bool, Query(description="The rows of your spouse, too.")]


def sale_wish(
    account_id: Account, instrument: Held, quantity: Quantity, price: Price = None, on: On = None
) -> SaleWish:
    """Read the sale that somebody considers."""
    return SaleWish(account_id, instrument, quantity, price, on)


@router.get("/v1/tax/wash-sales", tags=["tax"])
def list_wash_sales(
    caller: Caller, year: SalesOf = None, policy: Policy = "", instrument: OfOne = None
) -> WashSaleSheet:
    """Tell what of each loss is allowed, put off or gone, over all your accounts."""
    reports = wiring_tax.tax(caller.owner)
    return WashSaleSheet.of(year, reports.wash_sales(year, _readings(policy), instrument))


@router.get("/v1/tax/form-8949", tags=["tax"])
def list_form_8949(
    caller: Caller,
    year: Year,
    reported: ReportedAs = Reported.BASIS,
    policy: Policy = "",
    joint: Joint = False,
    instrument: OfOne = None,
) -> Form8949Sheet:
    """Tell the rows of Form 8949 of a year."""
    reports = wiring_tax.tax(caller.owner)
    rows, excluded = reports.form_8949(year, reported, _readings(policy), instrument, joint=joint)
    return Form8949Sheet.of(year, rows, excluded)


@router.get("/v1/tax/preview", tags=["tax"])
def preview_sale(
    caller: Caller, wish: Annotated[SaleWish, Depends(sale_wish)], policy: Policy = ""
) -> TaxPreviewSheet:
    """Say what a sale would realise, put off or lose, and from which day on it would not."""
    return TaxPreviewSheet.of(wiring_tax.tax(caller.owner).preview(wish, _readings(policy)))


@router.post("/v1/tax/1099b-reconciliations", tags=["tax"])
def reconcile_1099b(body: Broker1099BBody, caller: Caller) -> Reconciled1099BSheet:
    """Compare a broker's 1099-B with your books, and say which differences are its view."""
    broker = read_1099b(body.text.encode())
    reports = wiring_tax.tax(caller.owner)
    found, excluded = reports.reconcile(broker, body.year, _readings(body.policy), body.instrument)
    return Reconciled1099BSheet.of(found, excluded)


def _readings(policy: str) -> dict[str, str]:
    chosen: dict[str, str] = {}
    for one in filter(None, policy.split(",")):
        name, _, value = one.partition("=")
        if name in chosen:
            fix = "name each reading once"
            raise InvalidInputError(FieldProblem("policy", f"{name} is chosen twice", fix))
        chosen[name] = value
    return chosen
