"""Promises of tax reports over stored books where the basis changes between two sales of one day:
the first has what was true of it, the second what has become of it since.
"""

from collections.abc import Callable
from decimal import Decimal

import pytest

from bifrost.adapters.postgres.database import Database
from bifrost.core.corporate_actions import Merger
from bifrost.portfolio.cash_flows import CashFlowKind
from bifrost.portfolio.lot_selection import LotMethod, Security
from tests.action_builders import action
from tests.builders import session
from tests.contract.acting_desk import ActingDesk
from tests.contract.test_tax_over_actions import gains, held, told


@pytest.fixture
def desk(make_database: Callable[[str], Database]) -> ActingDesk:
    return ActingDesk(make_database("portfolio"))


@pytest.mark.parametrize(
    ("second", "basis", "left"),
    [("-30", "270.30", [("AAPL", "30", "270.30")]), ("-60", "540.60", [])],
)
def test_capital_between_two_sales_of_a_day_lowers_the_basis_of_the_second(
    desk: ActingDesk, second: str, basis: str, left: list[tuple[str, str, str]]
) -> None:
    desk.trade(1, "100", "10")
    desk.open(2)
    desk.trade(2, "-40", "12")
    desk.flow(CashFlowKind.RETURN_OF_CAPITAL, "60")
    desk.trade(2, second, "12")

    found = told(desk)

    # 1,001 with its commission; 60 came back on 60 shares.
    assert [one[1] for one in gains(found)] == ["400.40", basis]
    assert held(found) == left


def test_the_average_basis_chosen_between_two_sales_of_a_day_is_of_the_second(
    desk: ActingDesk,
) -> None:
    desk.trade(1, "10", "10")
    desk.trade(1, "10", "12")
    desk.trade(2, "-5", "20")
    desk.choose_for("AAPL", LotMethod.AVERAGE_COST, Security.FUND)
    desk.trade(2, "-5", "20")

    # 101 for ten; then 50.50 for five and 121 for ten are 171.50 for fifteen.
    assert [one[1] for one in gains(told(desk))] == ["50.50", "57.17"]


def test_the_average_basis_is_of_a_sale_after_the_fraction_of_a_merger_that_day(
    desk: ActingDesk,
) -> None:
    desk.trade(1, "31", "10")
    desk.trade(2, "30", "30", "MSFT")
    desk.choose_for("MSFT", LotMethod.AVERAGE_COST, Security.FUND)
    terms = Merger(new_instrument="MSFT", shares_per_share=Decimal("0.5"), cash_in_lieu=Decimal(30))
    desk.hear(action(terms, ex_date=session(3)))
    desk.open(3)
    desk.trade(3, "-20", "30", "MSFT")

    # 311 for 15.5, of which a half is paid out; with 901 for 30 that is 1,201.97 for 45.
    assert [one[:2] for one in gains(told(desk))] == [("0.5", "10.03"), ("20", "534.21")]
