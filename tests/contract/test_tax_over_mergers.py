"""Promises of tax reports over stored books where issuers exchange and divide shares: gains by the
basis with its commission and put off losses, in rows of their own; the same after a correction as
if the error had never been; imported lots and refused actions as the books have them.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from bifrost.adapters.memory.clock import SetClock
from bifrost.adapters.memory.ids import CountedIds
from bifrost.adapters.postgres.database import Database
from bifrost.adapters.postgres.portfolio_lots import PostgresLotReader
from bifrost.adapters.postgres.portfolio_tax import PostgresTaxReader
from bifrost.core.corporate_actions import (
    DividendKind,
    Merger,
    Rename,
    SpinOff,
    Terms,
)
from bifrost.portfolio.accounts import NewAccount
from bifrost.portfolio.imports.formats import Format
from bifrost.portfolio.imports.mapping import NO_MAPPING
from bifrost.portfolio.imports.service import ImportRequest, Imports
from bifrost.portfolio.tax.form_1099b import read_1099b
from bifrost.portfolio.tax.form_8949 import Reported
from bifrost.portfolio.tax.reports import DeskStatement, SaleWish, TaxReports
from tests.action_builders import action, dividend, split
from tests.builders import WALL, closes_at, fill, fill_recorded, session
from tests.contract.acting_desk import ActingDesk

WITH_CASH = Merger(Decimal(30), "MSFT", Decimal("0.5"), Decimal(160))
SPIN_OFF = SpinOff("MSFT", Decimal("0.5"), Decimal("0.2"))
HEADER = "date,kind,instrument,quantity,price,amount,commission,reference\n"


class Desk(ActingDesk):
    """An owner's accounts, and what they mean for tax."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self.imports = Imports(self.library, self.clock, CountedIds("import-"))
        self.reports = TaxReports(
            "ann",
            PostgresTaxReader(database, "ann"),
            PostgresLotReader(database, "ann"),
            SetClock(WALL),
        )

    @contextmanager
    def another(self, kind: str) -> Iterator[str]:
        """Trade in another account of the same owner."""
        first, fills = self.account_id, self.fills
        asked = NewAccount("ann", kind, kind, "USD", "paper")
        self.account_id = self.service.open_account(asked, key=kind, correlation_id="test")
        self.deposit(self.account_id, "100000", f"d-{kind}")
        self.fills = []
        yield self.account_id
        self.account_id, self.fills = first, fills

    def bring_in(self, rows: str) -> None:
        """Import trades from elsewhere."""
        asked = ImportRequest("ann", self.account_id, Format.OWN, HEADER + rows, NO_MAPPING)
        self.imports.commit(asked, f"k-{rows}")

    def told(self) -> DeskStatement:  # type: ignore[override]  # of tax, not of events
        return self.reports.wash_sales(None, {})


@pytest.fixture
def desk(make_database: Callable[[str], Database]) -> Desk:
    return Desk(make_database("portfolio"))


def sales(found: DeskStatement) -> list[tuple[str, str, str, str]]:
    assert found.excluded == ()
    told = found.statement
    assert told.economic_pnl == told.allowed_pnl + told.deferred + told.forfeited
    return [
        (one.instrument, f"{one.quantity:f}", f"{one.basis}", f"{one.gain}") for one in told.sales
    ]


def held(found: DeskStatement) -> list[tuple[str, str, str]]:
    return [(one.instrument, f"{one.quantity:f}", f"{one.basis}") for one in found.statement.lots]


def test_cash_beside_shares_is_a_gain_by_the_basis_with_its_commission(desk: Desk) -> None:
    desk.trade(1, "10", "100")
    desk.hear(action(WITH_CASH, ex_date=session(2)))
    desk.open(3)
    desk.trade(4, "-5", "150", "MSFT")

    found = desk.told()

    # 110 are had for each of ten shares that cost 1,001: 99 of the 300 in cash are gain.
    assert sales(found) == [("AAPL", "0", "201.00", "99.00"), ("MSFT", "5", "800.00", "-51.00")]
    assert "356(a)(1)" in found.statement.sales[0].rule
    rows, _ = desk.reports.form_8949(session(2).year, Reported.BASIS, {})
    assert [(one.date_sold, f"{one.proceeds}", f"{one.gain}") for one in rows] == [
        (session(2), "300.00", "99.00"),
        (session(4), "749.00", "-51.00"),
    ]


def test_a_loss_put_off_lowers_what_cash_of_a_merger_is_gain(desk: Desk) -> None:
    desk.trade(1, "10", "100")
    desk.trade(1, "-10", "95")
    desk.trade(2, "10", "90")
    desk.hear(action(WITH_CASH, ex_date=session(3)))
    desk.open(4)

    found = desk.told()

    # Bought for 901, and the loss of 52 in it: 1,100 less 953 is gain.
    assert sales(found) == [("AAPL", "10", "1001.00", "-52.00"), ("AAPL", "0", "153.00", "147.00")]
    assert held(found) == [("MSFT", "5", "800.00")]
    assert f"{found.statement.deferred}" == "0.00"


def test_a_fraction_of_a_merger_is_sold_and_the_rest_renamed(desk: Desk) -> None:
    desk.trade(1, "11", "100")
    merger = Merger(new_instrument="MSFT", shares_per_share=Decimal("0.5"),
                    cash_in_lieu=Decimal(200))  # fmt: skip
    desk.hear(action(merger, ex_date=session(2)))
    desk.hear(action(Rename("NEWN"), "a-2", instrument="MSFT", ex_date=session(3)))
    desk.open(4)

    found = desk.told()

    assert sales(found) == [("MSFT", "0.5", "100.09", "-0.09")]
    assert held(found) == [("NEWN", "5", "1000.91")]


def test_a_loss_is_replaced_by_the_successors_shares_in_an_ira_for_good(desk: Desk) -> None:
    desk.trade(1, "10", "100")
    desk.trade(2, "-10", "60")
    merger = Merger(new_instrument="MSFT", shares_per_share=Decimal(2))
    desk.hear(action(merger, ex_date=session(3)))
    desk.open(3)
    with desk.another("ira"):
        desk.trade(4, "5", "40", "MSFT")

    found = desk.told()
    apart = desk.reports.wash_sales(None, {"predecessors": "distinct"})

    # Five of the successor are two and a half of those sold at a loss of 402.
    (line,) = found.statement.sales
    assert (f"{line.forfeited_loss}", f"{line.allowed_loss}") == ("100.50", "301.50")
    assert f"{apart.statement.forfeited}" == "0.00"


def test_a_preview_sells_what_a_spin_off_brought(desk: Desk) -> None:
    desk.trade(1, "10", "100")
    desk.hear(action(SPIN_OFF, ex_date=session(2)))
    desk.open(3)

    wish = SaleWish(desk.account_id, "MSFT", Decimal(5), price=Decimal(30))
    found = desk.reports.preview(wish, {})

    assert (f"{found.sale.basis}", f"{found.sale.gain}") == ("200.20", "-50.20")
    assert [one.acquired for one in found.lots] == [session(1)]


def test_a_preview_is_of_the_sale_and_not_of_the_cash_before_it(desk: Desk) -> None:
    desk.trade(1, "10", "100")
    desk.hear(action(WITH_CASH, ex_date=session(2)))
    desk.open(3)

    wish = SaleWish(desk.account_id, "MSFT", Decimal(5), price=Decimal(150))
    found = desk.reports.preview(wish, {})

    assert (f"{found.sale.basis}", f"{found.sale.gain}") == ("800.00", "-50.00")
    assert [f"{one.line.quantity}" for one in found.lots] == ["5"]


def test_a_brokers_1099b_agrees_with_a_merger(desk: Desk) -> None:
    desk.trade(1, "10", "100")
    desk.hear(action(WITH_CASH, ex_date=session(2)))
    desk.open(3)
    desk.trade(4, "-5", "150", "MSFT")
    columns = "account,instrument,date_sold,quantity,proceeds,cost_basis,wash_sale_disallowed"
    lines = (
        f"{desk.account_id},AAPL,{session(2)},0,300,201,0",
        f"{desk.account_id},MSFT,{session(4)},5,749,800,0",
    )

    broker = read_1099b("\n".join([columns, *lines]).encode())
    found, excluded = desk.reports.reconcile(broker, session(2).year, {})

    assert (found.compared, found.agreed, found.differences, excluded) == (2, 2, (), ())


@pytest.mark.parametrize(
    "terms",
    [
        split("3", "1"),
        split("1", "3"),
        SPIN_OFF,
        replace(SPIN_OFF, cash_in_lieu=Decimal(30), shares_per_share=Decimal("0.33")),
        WITH_CASH,
        replace(WITH_CASH, shares_per_share=Decimal("0.33"), cash_in_lieu=Decimal(160)),
        Merger(Decimal(120)),
        Rename("MSFT"),
        dividend("150", DividendKind.RETURN_OF_CAPITAL),
    ],
)
def test_what_was_withdrawn_never_was_and_announced_again_it_is_as_at_first(
    desk: Desk, terms: Terms
) -> None:
    right = action(terms, ex_date=session(3))
    wrong = action(split("2", "1"), "a-2", ex_date=session(3))
    desk.trade(1, "10", "100")
    desk.trade(2, "-4", "95")
    with desk.another("ira"):
        desk.trade(2, "3", "96")
    desk.open(4)
    before = desk.told()
    desk.hear(right)
    first = desk.told()

    desk.hear(replace(right, revision=2, withdrawn=True))
    never = desk.told()
    desk.hear(wrong)
    doubled = desk.told()
    desk.hear(replace(wrong, revision=2, withdrawn=True))
    desk.hear(replace(right, revision=3))
    again = desk.told()

    assert f"{before.statement.forfeited}" == "-16.05"
    assert sales(first)
    assert held(doubled) != held(never)
    assert (never, again) == (before, first)


def test_imported_lots_follow_like_the_desks_own(desk: Desk) -> None:
    desk.bring_in("2012-01-01,deposit,,,,5000,,\n2012-01-02,buy,AAPL,10,80,,1,\n")
    desk.trade(1, "10", "100")
    desk.hear(action(SPIN_OFF, ex_date=session(3)))
    desk.open(4)

    found = desk.told()

    assert sales(found) == []
    assert held(found) == [
        ("AAPL", "10", "640.80"),
        ("MSFT", "5", "160.20"),
        ("AAPL", "10", "800.80"),
        ("MSFT", "5", "200.20"),
    ]


def test_an_import_that_has_told_its_dividends_is_repaid_no_capital_again(desk: Desk) -> None:
    desk.bring_in(
        "2012-01-01,deposit,,,,5000,,\n2012-01-02,buy,AAPL,10,80,,1,\n2012-01-09,buy,AAPL,1,80,,0,\n"
    )
    desk.trade(1, "10", "100")
    desk.hear(action(dividend("3", DividendKind.RETURN_OF_CAPITAL), ex_date=session(3)))
    desk.open(4)

    found = desk.told()

    assert sales(found) == []
    assert sorted(basis for _, _, basis in held(found)) == ["80.00", "801.00", "971.00"]


def test_imported_lots_that_refused_an_action_are_told_as_they_are(desk: Desk) -> None:
    rows = "2012-01-02,buy,AAPL,10,80,,1,\n2012-01-20,sell,AAPL,4,90,,0,\n"
    desk.bring_in("2012-01-01,deposit,,,,5000,,\n" + rows)
    desk.hear(action(SPIN_OFF, ex_date=session(3)))
    desk.open(4)

    found = desk.told()

    assert len(desk.rows("SELECT reason FROM portfolio.action_refusals")) == 1
    assert sales(found) == [("AAPL", "4", "320.40", "39.60")]
    assert held(found) == [("AAPL", "6", "480.60")]


def test_lots_that_have_met_an_action_beside_imported_ones_that_have_not_are_left_out(
    desk: Desk,
) -> None:
    rows = "2012-01-02,buy,AAPL,10,80,,1,\n2012-01-20,sell,AAPL,4,90,,0,\n"
    desk.bring_in("2012-01-01,deposit,,,,5000,,\n" + rows)
    desk.trade(1, "10", "100")
    desk.hear(action(SPIN_OFF, ex_date=session(3)))
    desk.open(4)

    found = desk.told()

    assert [one.reason.value for one in found.excluded] == ["lots_apart"]
    assert f"spin off of AAPL, {session(3)}" in found.excluded[0].message
    assert found.statement.lots == ()


def test_a_late_fill_before_an_action_is_told_as_if_heard_in_time(desk: Desk) -> None:
    late = desk.made(1, "10", "100")
    desk.trade(1, "10", "90")
    desk.hear(action(WITH_CASH, ex_date=session(2)))
    desk.open(3)
    desk.trade(4, "-3", "150", "MSFT")
    desk.service.hear_fill(late)

    found = desk.told()

    # 99 of the first ten shares, 199 of the others; then three of the first, the oldest, are sold.
    assert sales(found) == [("AAPL", "0", "302.00", "298.00"), ("MSFT", "3", "480.00", "-31.00")]


def test_what_traded_in_the_night_before_an_ex_date_is_of_after_it(desk: Desk) -> None:
    desk.trade(1, "10", "100")
    desk.hear(action(split("2", "1"), ex_date=session(3)))
    at_night = closes_at(2) + timedelta(hours=5)
    sold = fill(2, "-5", "60", account_id=desk.account_id, commission="1", occurred_at=at_night)
    desk.service.hear_fill(fill_recorded(sold, 2))

    found = desk.told()

    # A night session's trades carry the next trade date.
    assert sales(found) == [("AAPL", "5", "250.25", "48.75")]
    assert [one.date for one in found.statement.sales] == [session(3)]
    assert held(found) == [("AAPL", "15", "750.75")]


def test_imported_lots_that_followed_no_split_are_left_out_and_not_paid_by_its_shares(
    desk: Desk,
) -> None:
    capital = dividend("600", DividendKind.RETURN_OF_CAPITAL)
    desk.hear(action(capital, "a-2", ex_date=session(60)))
    desk.open(61)
    with desk.another("roth_ira"):
        desk.bring_in(
            "2012-02-07,buy,AAPL,10,60,,0,\n2012-02-08,buy,AAPL,10,60,,0,\n"
            "2012-02-10,sell,AAPL,8,65,,0,\n2012-02-15,buy,AAPL,4,60,,0,\n"
            "2012-02-28,sell,AAPL,7,65,,0,\n"
        )
    desk.trade(62, "1", "60", "MSFT")

    desk.hear(action(split("7", "3"), ex_date=session(38)))
    found = desk.told()

    assert len(desk.rows("SELECT reason FROM portfolio.action_refusals")) == 1
    ((instrument, reason, message),) = [
        (one.instrument, one.reason.value, one.message) for one in found.excluded
    ]
    assert (instrument, reason) == ("AAPL", "not_followed")
    assert f"split of AAPL, {session(38)}" in message
    assert "bifrost reconcile" in message
    assert found.statement.sales == ()
    assert held(found) == [("MSFT", "1", "61.00")]


def test_each_stock_that_an_unproved_lot_takes_along_is_named_and_no_other_goes_with_it(
    desk: Desk,
) -> None:
    spin_off = action(SpinOff("GOOG", Decimal(1), Decimal("0.2")), instrument="IBM")
    merger = Merger(new_instrument="AAPL", shares_per_share=Decimal(1))
    desk.hear(action(Rename("IBM"), "a-0", instrument="MSFT", ex_date=session(2)))
    desk.hear(spin_off)
    desk.hear(action(merger, "a-2", instrument="GOOG", ex_date=session(4)))
    desk.open(5)
    for symbol in ("AAPL", "MSFT"):
        desk.trade(5, "10", "100", symbol)
        desk.trade(6, "-10", "110", symbol)
    with desk.another("roth_ira"):
        desk.bring_in("2012-01-01,buy,IBM,10,80,,0,\n2012-01-01,buy,AAPL,10,80,,0,\n")

    desk.hear(replace(spin_off, revision=2, withdrawn=True))
    found, alone = desk.told(), desk.reports.wash_sales(None, {}, "MSFT")

    assert {one.instrument for one in found.excluded} == {"AAPL", "IBM"}
    assert [one.instrument for one in found.statement.sales] == ["MSFT"]
    assert (alone.statement, alone.excluded) == (found.statement, ())
