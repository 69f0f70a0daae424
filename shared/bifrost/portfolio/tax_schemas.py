"""The JSON of tax reports over the desk's own books: what the file's reports print, and a bit more.

A sale has its account beside it, and every answer says which trades it leaves out, and why.
"""

from dataclasses import asdict
from datetime import date
from decimal import Decimal
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from bifrost.portfolio.couple_schemas import SpouseBody
from bifrost.portfolio.import_schemas import TEXT_MAX
from bifrost.portfolio.schemas import Amount, Count
from bifrost.portfolio.tax.delimited import YEARS
from bifrost.portfolio.tax.desk import Excluded
from bifrost.portfolio.tax.elections import Couple
from bifrost.portfolio.tax.form_1099b import Reconciliation
from bifrost.portfolio.tax.form_8949 import Form8949Row
from bifrost.portfolio.tax.household import Whose
from bifrost.portfolio.tax.preview import Preview
from bifrost.portfolio.tax.reports import DeskStatement
from bifrost.portfolio.tax.statement import LotLine, SaleLine
from bifrost.portfolio.tax.told import Reason

NUMBER_MAX = Decimal(10) ** 12
# As a file's days are.
TaxDay = Annotated[date, Field(ge=date(YEARS[0], 1, 1), le=date(YEARS[-1], 12, 31))]
TaxYear = Annotated[int, Field(ge=1900, le=2199)]
READINGS_PATTERN = r"^([a-z_]{1,40}=[a-z_]{1,40}(,[a-z_]{1,40}=[a-z_]{1,40}){0,9})?$"


class _Shape(BaseModel):
    model_config = ConfigDict(extra="forbid")


class ExcludedSheet(_Shape):
    """Trades that no report tells: those in `instrument`, and in options on it, of every account.

    account_id: whose books are the reason.
    """

    account_id: str
    instrument: str
    reason: Reason
    message: str

    @classmethod
    def of(cls, one: Excluded) -> "ExcludedSheet":
        """Show one."""
        return cls(
            account_id=one.account,
            instrument=one.instrument,
            reason=one.reason,
            message=one.message,
        )


class SaleSheet(_Shape):
    """A sale; basis and gain with what earlier wash sales put into them.

    The three losses are disjoint: allowed, put off into what replaced the shares, gone into an IRA.
    """

    date: date
    instrument: str
    quantity: Count
    proceeds: Amount
    basis: Amount
    gain: Amount
    allowed_loss: Amount
    disallowed_loss: Amount
    forfeited_loss: Amount

    @classmethod
    def of(cls, line: SaleLine) -> "SaleSheet":
        """Show a sale."""
        said = asdict(line)
        del said["account"], said["rule"]
        return cls(**said)


class AccountSaleSheet(SaleSheet):
    """A sale, and whose it was.

    rule: of cash that an action paid, whose quantity is 0, the law by which it is a gain.
    """

    account_id: str
    whose: Whose
    rule: str

    @classmethod
    def told(cls, line: SaleLine, found: DeskStatement) -> "AccountSaleSheet":
        """Show a sale of a history."""
        said = asdict(line)
        return cls(account_id=said.pop("account"), whose=found.whose(line.account), **said)


class TaxLotSheet(_Shape):
    """Shares of one account that are alike, as they stand now; a short is below zero."""

    account_id: str
    whose: Whose
    instrument: str
    acquired: date
    holding_period_start: date
    quantity: Count
    basis: Amount

    @classmethod
    def told(cls, line: LotLine, found: DeskStatement) -> "TaxLotSheet":
        """Show a lot of a history."""
        said = asdict(line)
        return cls(account_id=said.pop("account"), whose=found.whose(line.account), **said)


class WashSaleSheet(_Shape):
    """The wash sales of all your accounts; economic_pnl = allowed_pnl + deferred + forfeited.

    spouse: where your marriage stands, who that is and the days that both have said; then all of
    it is of both, what the spouse traded after the last day left out.
    year: of the sales shown, null for all; lots and totals are of the whole history, without what
    `excluded` names.
    """

    year: int | None
    spouse: SpouseBody | None
    sales: list[AccountSaleSheet]
    lots: list[TaxLotSheet]
    economic_pnl: Amount
    allowed_pnl: Amount
    deferred: Amount
    forfeited: Amount
    excluded: list[ExcludedSheet]

    @classmethod
    def of(cls, year: int | None, found: DeskStatement) -> "WashSaleSheet":
        """Show a statement."""
        told = found.statement
        return cls(
            year=year,
            spouse=_spouse(found.couple),
            sales=[AccountSaleSheet.told(line, found) for line in told.sales],
            lots=[TaxLotSheet.told(one, found) for one in told.lots],
            economic_pnl=told.economic_pnl,
            allowed_pnl=told.allowed_pnl,
            deferred=told.deferred,
            forfeited=told.forfeited,
            excluded=[ExcludedSheet.of(one) for one in found.excluded],
        )


def _spouse(couple: Couple | None) -> SpouseBody | None:
    return couple and SpouseBody(owner=couple.other, since=couple.since, until=couple.until)


class Form8949Shape(_Shape):
    """A row of Form 8949."""

    owner: str
    account: str
    box: str
    description: str
    date_acquired: date
    date_sold: date
    proceeds: Amount
    cost_basis: Amount
    code: str
    adjustment: Amount
    gain: Amount


class Form8949Sheet(_Shape):
    """A year's rows, by box, then in the order sold; retirement accounts have none."""

    year: int
    rows: list[Form8949Shape]
    excluded: list[ExcludedSheet]

    @classmethod
    def of(
        cls, year: int, rows: list[Form8949Row], excluded: tuple[Excluded, ...]
    ) -> "Form8949Sheet":
        """Show the rows."""
        shown = [Form8949Shape(**asdict(one)) for one in rows]
        return cls(year=year, rows=shown, excluded=[ExcludedSheet.of(one) for one in excluded])


class LotSoldSheet(_Shape):
    """Shares that the sale would take; term: short or long, by their holding period."""

    acquired: date
    holding_period_start: date
    term: str
    line: SaleSheet


class TaxPreviewSheet(_Shape):
    """What a sale would realise, put off or lose.

    first_clean_day: the first on which the same sale, at the same price, washes nothing.
    rebuy_from: the first day on which a purchase no longer washes it; null where it has no loss.
    """

    sale: SaleSheet
    lots: list[LotSoldSheet]
    first_clean_day: date
    rebuy_from: date | None

    @classmethod
    def of(cls, found: Preview) -> "TaxPreviewSheet":
        """Show a preview."""
        lots = [
            LotSoldSheet(
                acquired=one.acquired,
                holding_period_start=one.holding_period_start,
                term=one.term,
                line=SaleSheet.of(one.line),
            )
            for one in found.lots
        ]
        return cls(
            sale=SaleSheet.of(found.sale),
            lots=lots,
            first_clean_day=found.first_clean_day,
            rebuy_from=found.rebuy_from,
        )


class Broker1099BBody(_Shape):
    """A broker's 1099-B as CSV, its accounts named by our ids, and the year that it is of.

    instrument: compare this and what it has to do with; null for all.
    """

    year: TaxYear
    text: Annotated[str, Field(min_length=1, max_length=TEXT_MAX)]
    policy: Annotated[str, Field(pattern=READINGS_PATTERN)] = ""
    instrument: Annotated[str, Field(pattern=r"^[A-Z0-9][A-Z0-9. -]{0,31}$")] | None = None


class DifferenceSheet(_Shape):
    """One figure of one account, instrument and day; `difference` is the broker's less ours.

    cause: `one_account_view` where the broker is right by what it can see; `only_ours` or
    `only_broker` where the other has no such sale; else `unexplained`.
    """

    account: str
    instrument: str
    date_sold: date
    figure: str
    ours: Count
    broker: Count
    difference: Count
    cause: str


class Reconciled1099BSheet(_Shape):
    """compared: how many account-instrument-days; all figures of `agreed` are the same."""

    compared: int
    agreed: int
    differences: list[DifferenceSheet]
    excluded: list[ExcludedSheet]

    @classmethod
    def of(cls, found: Reconciliation, excluded: tuple[Excluded, ...]) -> "Reconciled1099BSheet":
        """Show a reconciliation."""
        return cls(
            compared=found.compared,
            agreed=found.agreed,
            differences=[DifferenceSheet(**asdict(one)) for one in found.differences],
            excluded=[ExcludedSheet.of(one) for one in excluded],
        )
