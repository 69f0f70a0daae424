"""The average basis: where the law has it, each share sold costs what all of them do on average.

Treas. Reg. 1.1012-1(e)(7), Example 1 of -1(e)(7)(iv) as far as it is arithmetic; the oldest shares
are sold, whatever an order has named; and what is stored is what the journal played again tells.
"""

from collections.abc import Callable
from decimal import Decimal

import pytest

from bifrost.adapters.postgres.database import Database
from bifrost.core.corporate_actions import Rename
from bifrost.core.errors import ConflictError, InvalidInputError
from bifrost.portfolio.lot_selection import AVERAGE_RULE, LotMethod, Security, Selection
from bifrost.portfolio.lots import LotPart
from tests.action_builders import action, split
from tests.builders import session
from tests.contract.acting_desk import ActingDesk

AVERAGE = LotMethod.AVERAGE_COST


@pytest.fixture
def desk(make_database: Callable[[str], Database]) -> ActingDesk:
    """Two purchases of a fund: 200 at 10 and 200 at 11."""
    desk = ActingDesk(make_database("portfolio"))
    desk.open(1)
    desk.trade(1, "200", "10")
    desk.trade(1, "200", "11")
    return desk


def costs(desk: ActingDesk) -> list[tuple[Decimal, Decimal]]:
    """Quantity and cost of each open lot, oldest first."""
    query = "SELECT quantity, cost FROM portfolio.lots WHERE quantity <> 0 ORDER BY opened_sequence"
    return [(row["quantity"], row["cost"]) for row in desk.rows(query)]


def closures(desk: ActingDesk) -> list[tuple[Decimal, Decimal, str]]:
    """Quantity, cost and rule of each closure, in their order."""
    query = (
        "SELECT c.quantity, c.cost, c.rule FROM portfolio.lot_closures c"
        " JOIN portfolio.ledger_transactions t USING (transaction_id) ORDER BY t.position, c.lot_id"
    )
    return [(row["quantity"], row["cost"], row["rule"]) for row in desk.rows(query)]


def test_a_share_sold_costs_the_average_and_is_the_oldest(desk: ActingDesk) -> None:
    desk.choose_for("AAPL", AVERAGE, Security.FUND)
    desk.trade(1, "-50", "12")

    assert closures(desk) == [(50, 525, AVERAGE_RULE)]
    assert costs(desk) == [(150, 1575), (200, 2100)]
    assert desk.stored() == desk.rebuilt()


def test_what_is_bought_after_a_sale_is_averaged_with_what_was_left(desk: ActingDesk) -> None:
    desk.choose_for("AAPL", AVERAGE, Security.REINVESTMENT_PLAN)
    desk.trade(1, "-100", "12")
    desk.trade(1, "100", "14.5")
    desk.trade(1, "-100", "12")

    # 300 at 10.50 and 100 at 14.50 are 400 at 11.50; the oldest lot goes first.
    assert closures(desk)[-1] == (100, 1150, AVERAGE_RULE)
    assert costs(desk) == [(200, 2300), (100, 1150)]
    assert desk.stored() == desk.rebuilt()


def test_a_stock_has_no_average(desk: ActingDesk) -> None:
    with pytest.raises(InvalidInputError, match="regulated investment company"):
        desk.choose_for("AAPL", AVERAGE)


def test_an_account_has_no_average_for_everything(desk: ActingDesk) -> None:
    with pytest.raises(InvalidInputError, match="of one instrument"):
        desk.choose(Selection(AVERAGE))


def test_an_instrument_has_a_method_of_its_own_until_it_does_as_the_account(
    desk: ActingDesk,
) -> None:
    desk.choose(Selection(LotMethod.HIFO))
    desk.choose_for("AAPL", LotMethod.FIFO)
    desk.trade(1, "-10", "12")
    desk.choose_for("AAPL", LotMethod.ACCOUNT)
    desk.trade(1, "-10", "12")

    assert [cost for _, cost, _ in closures(desk)] == [100, 110]
    assert desk.stored() == desk.rebuilt()


def test_lots_cannot_be_named_where_the_average_counts(desk: ActingDesk) -> None:
    desk.choose_for("AAPL", AVERAGE, Security.FUND)
    newest = desk.rows("SELECT lot_id FROM portfolio.lots ORDER BY opened_sequence")[-1]["lot_id"]

    with pytest.raises(InvalidInputError, match="its oldest shares are sold"):
        desk.choose(Selection(LotMethod.SPECIFIC, (LotPart(newest, Decimal(5)),)), "order-1")


def test_lots_named_before_the_average_was_chosen_are_passed_over(desk: ActingDesk) -> None:
    newest = desk.rows("SELECT lot_id FROM portfolio.lots ORDER BY opened_sequence")[-1]["lot_id"]
    desk.choose(Selection(LotMethod.SPECIFIC, (LotPart(newest, Decimal(5)),)), "order-1")
    desk.choose_for("AAPL", AVERAGE, Security.FUND)
    desk.trade(1, "-5", "12", order_id="order-1")

    assert closures(desk) == [(5, Decimal("52.5"), AVERAGE_RULE)]
    assert desk.stored() == desk.rebuilt()


def test_left_before_its_first_sale_it_never_was(desk: ActingDesk) -> None:
    desk.choose_for("AAPL", AVERAGE, Security.FUND)
    desk.choose_for("AAPL", LotMethod.FIFO)
    desk.trade(1, "-50", "12")

    assert closures(desk) == [(50, 500, "")]


def test_it_is_left_once_every_share_has_the_average(desk: ActingDesk) -> None:
    desk.choose_for("AAPL", AVERAGE, Security.FUND)
    desk.trade(1, "-50", "12")
    desk.trade(1, "10", "20")
    with pytest.raises(ConflictError, match="after the next sale"):
        desk.choose_for("AAPL", LotMethod.HIFO)

    desk.trade(1, "-36", "12")
    desk.choose_for("AAPL", LotMethod.HIFO)
    desk.trade(1, "-10", "12")

    # 350 at 10.50 and 10 at 20 are 360 at 10.7638…; each keeps it.
    assert abs(closures(desk)[-1][1] - Decimal("3875") / 36) < Decimal("1E-9")
    assert desk.stored() == desk.rebuilt()


def test_it_follows_the_shares_to_a_new_name_and_back(desk: ActingDesk) -> None:
    desk.choose_for("AAPL", AVERAGE, Security.FUND)
    desk.hear(action(Rename("BIG"), ex_date=session(2)))
    desk.open(2)
    desk.trade(2, "-50", "12", "BIG")
    assert closures(desk) == [(50, 525, AVERAGE_RULE)]
    assert desk.stored() == desk.rebuilt()

    desk.hear(action(Rename("BIG"), ex_date=session(2), revision=2, withdrawn=True))
    with desk.library.open() as books:
        assert books.methods.of(desk.account_id)["BIG"].method is LotMethod.ACCOUNT
    assert desk.stored() == desk.rebuilt()


def test_a_short_is_covered_oldest_first_at_its_own_price(desk: ActingDesk) -> None:
    desk.choose_for("IBM", AVERAGE, Security.FUND)
    desk.trade(1, "-10", "100", "IBM")
    desk.trade(1, "-10", "120", "IBM")
    desk.trade(1, "10", "110", "IBM")

    assert closures(desk) == [(-10, -1000, "")]
    assert desk.stored() == desk.rebuilt()


def test_neither_a_rename_nor_another_reason_for_it_lets_it_be_left_too_early(
    desk: ActingDesk,
) -> None:
    desk.choose_for("AAPL", AVERAGE, Security.FUND)
    desk.trade(1, "-50", "12")
    desk.trade(1, "10", "20")
    desk.clock.pass_by(86400)
    desk.choose_for("AAPL", AVERAGE, Security.REINVESTMENT_PLAN)
    with pytest.raises(ConflictError, match="after the next sale"):
        desk.choose_for("AAPL", LotMethod.HIFO)

    desk.hear(action(Rename("BIG"), ex_date=session(2)))
    desk.open(2)
    with pytest.raises(ConflictError, match="after the next sale"):
        desk.choose_for("BIG", LotMethod.HIFO)


def test_what_is_chosen_of_the_old_name_after_its_rename_is_not_the_new_ones(
    desk: ActingDesk,
) -> None:
    desk.hear(action(Rename("BIG"), ex_date=session(2)))
    desk.open(2)
    desk.choose_for("AAPL", LotMethod.HIFO)
    desk.trade(2, "-50", "12", "BIG")
    assert closures(desk) == [(50, 500, "")]
    assert desk.stored() == desk.rebuilt()

    desk.trade(1, "1", "50", "IBM")
    desk.hear(action(split("2", "1"), "late", instrument="IBM", ex_date=session(1)))
    assert closures(desk) == [(50, 500, "")]
    assert desk.stored() == desk.rebuilt()
