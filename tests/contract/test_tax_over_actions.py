"""Promises of tax reports over stored books through corporate actions: what splits, fractions,
returns of capital, renames and corrections make of a basis; what cannot be told is left out, said.
"""

from collections.abc import Callable
from datetime import date
from decimal import Decimal

import pytest

from bifrost.adapters.memory.clock import SetClock
from bifrost.adapters.postgres.database import Database
from bifrost.adapters.postgres.portfolio_lots import PostgresLotReader
from bifrost.adapters.postgres.portfolio_tax import PostgresTaxReader
from bifrost.core.corporate_actions import Delisting, DividendKind, Merger, Rename, SpinOff, Terms
from bifrost.portfolio.cash_flows import CashFlowKind
from bifrost.portfolio.lot_selection import LotMethod, Security
from bifrost.portfolio.tax.desk_rows import DeskRows
from bifrost.portfolio.tax.reports import DeskStatement, SaleWish, TaxReports
from tests.action_builders import action, dividend, split
from tests.builders import WALL, session
from tests.contract.acting_desk import ActingDesk

CAPITAL = DividendKind.RETURN_OF_CAPITAL


@pytest.fixture
def desk(make_database: Callable[[str], Database]) -> ActingDesk:
    return ActingDesk(make_database("portfolio"))


def reports(desk: ActingDesk) -> TaxReports:
    database = desk.database
    return TaxReports(
        "ann",
        PostgresTaxReader(database, "ann"),
        PostgresLotReader(database, "ann"),
        SetClock(WALL),
    )


def told(desk: ActingDesk) -> DeskStatement:
    return reports(desk).wash_sales(None, {})


def gains(found: DeskStatement) -> list[tuple[str, str, str]]:
    assert found.excluded == ()
    lines = found.statement.sales
    return [(f"{one.quantity:f}", f"{one.basis:f}", f"{one.gain:f}") for one in lines]


def held(found: DeskStatement) -> list[tuple[str, str, str]]:
    lines = found.statement.lots
    return [(one.instrument, f"{one.quantity:f}", f"{one.basis:f}") for one in lines]


def test_shares_split_between_purchase_and_sale_keep_their_basis(desk: ActingDesk) -> None:
    desk.trade(1, "30", "70")
    desk.trade(2, "-10", "80")
    desk.hear(action(split("7", "1"), ex_date=session(3)))
    desk.open(3)
    desk.trade(3, "-70", "12")

    found = told(desk)

    # A purchase of 2,101 with its commission; each sale paid one, too.
    assert gains(found) == [("10", "700.33", "98.67"), ("70", "700.33", "138.67")]
    assert held(found) == [("AAPL", "70", "700.33")]


def test_the_fraction_of_a_reverse_split_is_sold_for_its_cash(desk: ActingDesk) -> None:
    desk.trade(1, "15", "10")
    desk.hear(action(split("1", "10", "110"), ex_date=session(3)))
    desk.open(3)

    found = told(desk)

    assert gains(found) == [("0.5", "50.33", "4.67")]
    assert held(found) == [("AAPL", "1", "100.67")]


def test_a_loss_washes_across_a_split_share_by_share(desk: ActingDesk) -> None:
    desk.trade(1, "10", "100")
    desk.trade(2, "-10", "50")
    desk.hear(action(split("2", "1"), ex_date=session(3)))
    desk.open(3)
    desk.trade(4, "5", "30")

    found = told(desk)

    # 5 of today's shares are 2.5 of those sold: a quarter of the loss of 502.
    (line,) = found.statement.sales
    assert (f"{line.disallowed_loss}", f"{line.allowed_loss}") == ("125.50", "376.50")
    assert held(found) == [("AAPL", "5", "276.50")]


def test_a_return_of_capital_by_the_issuer_and_by_hand_lower_the_basis(desk: ActingDesk) -> None:
    desk.trade(1, "10", "100")
    desk.hear(action(dividend("3", CAPITAL), ex_date=session(2)))
    desk.open(2)
    desk.flow(CashFlowKind.RETURN_OF_CAPITAL, "20")
    desk.hear(action(dividend("1"), "a-2", ex_date=session(2)))
    desk.open(4)
    desk.trade(4, "-4", "100")

    found = told(desk)

    assert gains(found) == [("4", "380.40", "18.60")]
    assert held(found) == [("AAPL", "6", "570.60")]


def test_a_rename_is_followed_by_lots_that_were_open_and_by_those_that_were_not(
    desk: ActingDesk,
) -> None:
    desk.trade(1, "10", "100")
    desk.trade(1, "10", "100")
    desk.trade(1, "-15", "110")
    desk.hear(action(Rename("MSFT"), ex_date=session(2)))
    desk.open(3)
    desk.trade(3, "-4", "110", "MSFT")

    assert held(told(desk)) == [("MSFT", "1", "100.10")]
    assert gains(told(desk)) == [("15", "1501.50", "147.50"), ("4", "400.40", "38.60")]


def test_books_put_right_after_a_late_word_are_told_as_they_are_now(desk: ActingDesk) -> None:
    desk.trade(1, "10", "100")
    desk.open(4)
    desk.trade(5, "-10", "60")
    desk.hear(action(split("2", "1"), ex_date=session(3)))
    desk.trade(6, "-10", "60")

    found = told(desk)

    assert gains(found) == [("10", "500.50", "98.50"), ("10", "500.50", "98.50")]
    assert held(found) == []


@pytest.mark.parametrize(
    ("terms", "sold", "gain"),
    [
        (Merger(Decimal(120)), session(3), "199.00"),
        (Delisting(Decimal(30)), session(3), "-701.00"),
        # §165(g)(1): as if on the last day of the year.
        (Delisting(Decimal(0)), date(session(3).year, 12, 31), "-1001.00"),
    ],
)
def test_shares_that_their_issuer_takes_for_cash_or_for_none_are_sold(
    desk: ActingDesk, terms: Terms, sold: date, gain: str
) -> None:
    desk.trade(1, "10", "100")
    desk.trade(2, "10", "100")
    desk.trade(2, "-10", "130")
    desk.hear(action(terms, ex_date=session(3)))
    desk.open(4)

    found = told(desk)

    assert [one[2] for one in gains(found)] == ["298.00", gain]
    assert found.statement.sales[-1].date == sold
    assert held(found) == []


def test_a_spin_off_divides_the_basis_and_the_commission_in_it(desk: ActingDesk) -> None:
    desk.trade(1, "10", "100")
    desk.trade(1, "10", "5", "IBM")
    desk.hear(action(SpinOff("MSFT", Decimal("0.5"), Decimal("0.2")), ex_date=session(2)))
    desk.open(3)
    desk.trade(4, "-2", "60", "MSFT")
    desk.trade(4, "-10", "70")

    found = told(desk)

    # 1,001 with its commission: 200.20 goes with five shares, 800.80 stays.
    assert gains(found) == [("2", "80.08", "38.92"), ("10", "800.80", "-101.80")]
    assert held(found) == [("MSFT", "3", "120.12"), ("IBM", "10", "51.00")]


def test_a_preview_reads_its_family_and_says_what_all_books_say(desk: ActingDesk) -> None:
    option = "MSFT  120121C00150000"
    desk.trade(1, "10", "100")
    desk.trade(1, "10", "5", "IBM")
    desk.trade(1, "10", "5", "IBM  120121C00150000")
    desk.hear(action(dividend("3", CAPITAL), ex_date=session(2)))
    desk.hear(action(Rename("MSFT"), "a-2", ex_date=session(3)))
    desk.open(4)
    desk.trade(4, "2", "6", option)
    desk.trade(4, "4", "90", "MSFT")
    reader = PostgresTaxReader(desk.database, "ann")
    wish = SaleWish(desk.account_id, "MSFT", Decimal(5), price=Decimal(40))

    kin = reader.rows(WALL.date(), 9, "MSFT")
    found = reports(desk).preview(wish, {})

    whole = reader.rows(WALL.date(), 9)
    assert {one.instrument for one in kin.trades} == {"AAPL", "MSFT", option}
    assert {one.instrument for one in kin.lots} == {"MSFT", option}
    assert len(whole.trades) == 5
    assert [one.instrument for one in kin.met] == ["AAPL", "AAPL"]
    assert reader.rows(WALL.date(), 9, "IBM").met == ()
    everything = TaxReports(
        "ann", Everything(whole), PostgresLotReader(desk.database, "ann"), SetClock(WALL)
    )
    assert found == everything.preview(wish, {})


class Everything:
    """A reader that knows no family."""

    def __init__(self, rows: DeskRows) -> None:
        self._rows = rows

    def rows(self, otherwise: date, most: int, family: str | None = None) -> DeskRows:
        return self._rows

    def price(self, instrument: str) -> None:
        return None


def test_a_preview_sells_todays_shares(desk: ActingDesk) -> None:
    desk.trade(1, "10", "100")
    desk.hear(action(split("2", "1"), ex_date=session(3)))
    desk.open(3)

    found = reports(desk).preview(
        SaleWish(desk.account_id, "AAPL", Decimal(20), price=Decimal(40)), {}
    )

    assert (f"{found.sale.basis}", f"{found.sale.gain}") == ("1001.00", "-201.00")
    assert found.rebuy_from is not None


def test_a_fund_sold_at_the_average_basis_is_told_so_with_its_commissions(
    desk: ActingDesk,
) -> None:
    desk.trade(1, "10", "10")
    desk.trade(1, "10", "12")
    desk.choose_for("AAPL", LotMethod.AVERAGE_COST, Security.FUND)
    desk.trade(2, "-5", "20")
    desk.hear(action(split("2", "1"), ex_date=session(3)))
    desk.open(3)
    desk.trade(3, "-10", "10")

    found = told(desk)

    # 101 and 121 for 20 are 11.10 each; sales bring a commission less.
    assert gains(found) == [("5", "55.50", "43.50"), ("10", "55.50", "43.50")]
    assert held(found) == [("AAPL", "20", "111.00")]
    wish = SaleWish(desk.account_id, "AAPL", Decimal(20), Decimal(6), None)
    assert f"{reports(desk).preview(wish, {}).sale.basis:f}" == "111.00"
