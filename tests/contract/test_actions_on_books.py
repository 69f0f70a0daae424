"""Corporate actions on stored books: a held position, its basis and P&L, and the vendor's errors.

Whatever comes when, the stored books are those that the journal tells, to the last digit.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from bifrost.adapters.postgres.database import Database
from bifrost.adapters.postgres.portfolio_statements import PostgresStatementReader
from bifrost.core.corporate_actions import Merger, Rename, SpinOff
from bifrost.core.errors import ConflictError
from bifrost.events import CashChanged, LotClosed, PositionCause, PositionChanged
from bifrost.portfolio.cash_flows import CashFlowKind
from bifrost.portfolio.lot_selection import LotMethod, Selection
from bifrost.portfolio.lots import LotPart
from tests.action_builders import action, dividend, split
from tests.builders import session
from tests.contract.acting_desk import ActingDesk

SPLIT = action(split("4", "1"), "split", ex_date=session(3))
SPIN_OFF = action(
    SpinOff("SPUN", Decimal("0.1"), Decimal("0.25"), Decimal(50), Decimal(50)),
    "spin-off",
    ex_date=session(5),
)
MERGER = action(
    Merger(new_instrument="BIG", shares_per_share=Decimal("0.5")), "merger", ex_date=session(7)
)
RENAME = action(Rename("HUGE"), "rename", ex_date=session(9), instrument="BIG")


@pytest.fixture
def desk(make_database: Callable[[str], Database]) -> ActingDesk:
    return ActingDesk(make_database("portfolio"))


def numbers(*of: int) -> list[Decimal]:
    """Exact ones."""
    return [Decimal(one) for one in of]


def held_through_four_actions(desk: ActingDesk) -> None:
    """Ten at 420 and five at 480, then the four actions, with two sales between."""
    for one in (SPLIT, SPIN_OFF, MERGER, RENAME):
        desk.hear(one)
    desk.open(1)
    desk.trade(1, "10", "420")
    desk.open(2)
    desk.trade(2, "5", "480")
    desk.open(3)
    desk.open(4)
    desk.trade(4, "-50", "130")
    for day in (5, 7, 9, 10):
        desk.open(day)
    desk.trade(10, "-3", "400", "HUGE")


def test_four_actions_on_a_held_position_leave_quantity_basis_and_pnl_right(
    desk: ActingDesk,
) -> None:
    held_through_four_actions(desk)

    # 40 of the first lot for 4,200 and 10 of the second for 1,200, sold at 130; the last 10
    # shares keep 1,200, give 300 to one share of SPUN, become 5 of HUGE, of which 3 go at 400.
    assert desk.positions() == {"HUGE": (2, 360), "SPUN": (1, 300)}
    worth = desk.worth(desk.account_id)
    assert worth.realised_pnl == (50 * 130 - 5400) + (3 * 400 - 540)
    assert worth.cash == 100000 - 6600 + 50 * 130 + 3 * 400 - 4
    assert worth.imbalance == 0
    assert desk.stored() == desk.rebuilt()
    assert desk.told() == (desk.positions(), worth.realised_pnl)


def test_the_vendors_correction_is_undone_and_redone(desk: ActingDesk) -> None:
    held_through_four_actions(desk)
    first = desk.stored()

    desk.hear(replace(SPLIT, revision=2, withdrawn=True))

    # Without the split fifty were sold of fifteen: all lots closed, the rest short.
    assert desk.stored() == desk.rebuilt() != first
    assert desk.told() == (desk.positions(), desk.worth(desk.account_id).realised_pnl)

    desk.hear(replace(SPLIT, revision=3))

    again = desk.stored()
    assert (again["lots"], again["balances"]) == (first["lots"], first["balances"])
    assert again == desk.rebuilt()
    assert desk.told() == (desk.positions(), desk.worth(desk.account_id).realised_pnl)


def test_a_lot_can_be_followed_through_each_revision(desk: ActingDesk) -> None:
    held_through_four_actions(desk)

    rows = desk.rows(
        "SELECT r.instrument_before, r.quantity_before, r.cost_before, r.instrument, r.quantity,"
        " r.cost FROM portfolio.lot_revisions r JOIN portfolio.ledger_transactions t"
        " USING (transaction_id) WHERE r.lot_id LIKE '%%-2' ORDER BY t.position"
    )

    assert [tuple(row.values()) for row in rows] == [
        ("AAPL", 5, 2400, "AAPL", 20, 2400),
        ("AAPL", 10, 1200, "AAPL", 10, 900),
        ("AAPL", 10, 900, "BIG", 5, 900),
        ("BIG", 5, 900, "HUGE", 5, 900),
    ]


def test_a_dividend_is_due_from_its_ex_date_and_told_as_cash_when_paid(desk: ActingDesk) -> None:
    paid = action(dividend("2"), ex_date=session(3), pay_date=session(3) + timedelta(days=4))
    desk.hear(paid)
    desk.open(1)
    desk.trade(1, "10", "100")

    desk.open(3)
    due = desk.worth(desk.account_id)
    desk.open(7)
    received = desk.worth(desk.account_id)

    assert [due.cash, due.due, due.income] == numbers(98999, 20, 20)
    assert [received.cash, received.due, received.income] == numbers(99019, 0, 20)
    told = [one for one in desk.published() if isinstance(one, CashChanged)]
    assert [(one.kind, one.amount) for one in told] == [("corporate_action", Decimal(20))]
    assert desk.stored() == desk.rebuilt()


def test_a_correction_of_a_paid_dividend_moves_the_difference(desk: ActingDesk) -> None:
    wrong = action(dividend("2"), ex_date=session(3))
    desk.hear(wrong)
    desk.open(1)
    desk.trade(1, "10", "100")
    desk.open(3)

    desk.hear(replace(wrong, cash_dividend=dividend("1.5"), revision=2))

    told = [one.amount for one in desk.published() if isinstance(one, CashChanged)]
    assert told == [20, -5]
    assert desk.worth(desk.account_id).income == 15
    assert desk.stored() == desk.rebuilt()


def test_a_late_fill_is_booked_as_if_it_had_come_in_time(desk: ActingDesk) -> None:
    desk.hear(SPLIT)
    desk.open(1)
    desk.trade(1, "10", "400")
    late = desk.made(2, "5", "480")
    desk.open(3)
    assert desk.positions() == {"AAPL": (40, 4000)}

    desk.service.hear_fill(late)

    assert desk.positions() == {"AAPL": (60, 6400)}
    assert desk.stored() == desk.rebuilt()
    told = [one for one in desk.published() if isinstance(one, PositionChanged)][-2:]
    assert [(one.cause, one.quantity_change) for one in told] == [
        (PositionCause.FILL, Decimal(5)),
        (PositionCause.CORRECTION, Decimal(15)),
    ]
    assert len({(one.transaction_id, one.instrument) for one in told}) == 2


def test_a_late_announcement_changes_what_later_sales_realised(desk: ActingDesk) -> None:
    desk.open(1)
    desk.trade(1, "10", "400")
    desk.open(4)
    desk.trade(4, "-8", "110")
    assert desk.worth(desk.account_id).realised_pnl == 8 * 110 - 3200

    desk.hear(SPLIT)

    assert desk.worth(desk.account_id).realised_pnl == 8 * 110 - 800
    assert desk.positions() == {"AAPL": (32, 3200)}
    assert desk.stored() == desk.rebuilt()
    closed = [one for one in desk.published() if isinstance(one, LotClosed)]
    assert [one.quantity for one in closed] == numbers(8, -8, 8)
    assert [one.cost for one in closed] == numbers(3200, -3200, 800)


def test_named_lots_mean_the_same_part_after_a_split(desk: ActingDesk) -> None:
    desk.hear(SPLIT)
    desk.open(1)
    desk.trade(1, "10", "400")
    desk.trade(1, "10", "480")
    second = f"paper:x-{desk.account_id}-2"
    desk.choose(Selection(LotMethod.SPECIFIC, (LotPart(second, Decimal(5)),)), "chosen")
    desk.trade(2, "-2", "500", order_id="chosen")
    desk.open(3)

    desk.trade(3, "-20", "125", order_id="chosen")

    # Three of the five were left: twelve, and eight more by the standing method.
    assert desk.stored()["lots"] == {
        f"paper:x-{desk.account_id}-1": ("AAPL", 32, 3200),
        second: ("AAPL", 20, 2400),
    }
    assert desk.stored() == desk.rebuilt()


def test_an_action_in_another_currency_is_refused_and_changes_nothing(desk: ActingDesk) -> None:
    desk.open(1)
    desk.trade(1, "10", "400")
    desk.open(4)

    desk.hear(replace(SPLIT, currency="EUR"))
    desk.open(5)

    assert desk.positions() == {"AAPL": (10, 4000)}
    refused = desk.rows("SELECT action_id, reason FROM portfolio.action_refusals")
    assert [row["action_id"] for row in refused] == ["split"]
    assert "import a revision in their currency" in refused[0]["reason"]
    assert desk.stored() == desk.rebuilt()


def test_a_refused_action_is_shown_to_its_owner_until_a_revision_fits(desk: ActingDesk) -> None:
    ann, bob = (PostgresStatementReader(desk.database, name) for name in ("ann", "bob"))
    desk.open(1)
    desk.trade(1, "10", "400")
    desk.open(4)

    desk.hear(replace(SPLIT, currency="EUR"))
    (shown,) = ann.refused_actions(desk.account_id)

    assert (shown.action_id, shown.revision, shown.instrument) == ("split", 1, "AAPL")
    assert "import a revision in their currency" in shown.reason
    assert bob.refused_actions(desk.account_id) == []
    desk.hear(replace(SPLIT, revision=2))
    assert ann.refused_actions(desk.account_id) == []


def test_an_action_that_leaves_no_share_is_refused_and_the_account_goes_on(
    desk: ActingDesk,
) -> None:
    desk.open(1)
    desk.trade(1, "10", "400")
    desk.open(4)

    desk.hear(replace(SPLIT, split=split("1", "100000000000000")))
    desk.open(5)
    desk.trade(5, "10", "400")

    assert desk.positions() == {"AAPL": (20, 8000)}
    refused = desk.rows("SELECT reason FROM portfolio.action_refusals")
    assert "without a share" in refused[0]["reason"]
    assert desk.stored() == desk.rebuilt()


@pytest.mark.parametrize("paid_later", [False, True])
def test_an_action_that_pays_more_than_there_can_be_is_refused_and_the_account_goes_on(
    desk: ActingDesk, *, paid_later: bool
) -> None:
    desk.open(1)
    desk.trade(1, "10", "400")
    pay_date = session(4) if paid_later else None
    desk.hear(action(dividend("1" + "0" * 15), "much", ex_date=session(3), pay_date=pay_date))
    desk.open(5)
    desk.trade(5, "1", "10", "IBM")
    desk.trade(1, "10", "400")

    assert desk.positions() == {"AAPL": (20, 8000), "IBM": (1, 10)}
    (refused,) = desk.rows("SELECT DISTINCT action_id, reason FROM portfolio.action_refusals")
    assert refused["action_id"] == "much"
    assert "cash than an account can hold" in refused["reason"]
    assert desk.stored() == desk.rebuilt()


def test_an_action_on_what_nobody_holds_changes_nothing(desk: ActingDesk) -> None:
    desk.hear(replace(SPLIT, instrument="GHOST"))
    desk.open(5)

    assert desk.rows("SELECT 1 FROM portfolio.account_actions") == []
    assert desk.stored() == desk.rebuilt()


def test_what_died_between_the_bar_and_its_actions_is_done_when_it_is_heard_again(
    desk: ActingDesk,
) -> None:
    desk.hear(SPLIT)
    desk.open(1)
    desk.trade(1, "10", "400")
    with desk.database.transaction() as cursor:
        cursor.execute(
            "INSERT INTO portfolio.marks (instrument, occurred_at, session, price, currency,"
            " recorded_at) VALUES ('CLOCK', %s, %s, 1, 'USD', now())",
            (desk.fills[0].occurred_at + timedelta(days=2), session(3)),
        )
    assert desk.positions() == {"AAPL": (10, 4000)}

    assert desk.acts.sweep("test") == 1
    assert desk.acts.sweep("test") == 0

    assert desk.positions() == {"AAPL": (40, 4000)}


def test_long_and_short_stay_apart_when_a_merger_makes_them_one_instrument(
    desk: ActingDesk,
) -> None:
    desk.hear(replace(MERGER, ex_date=session(3)))
    desk.open(1)
    desk.trade(1, "10", "100")
    desk.trade(1, "-2", "300", "BIG")
    desk.open(3)

    assert desk.positions() == {"BIG": (3, 400)}
    desk.trade(4, "1", "250", "BIG")
    assert desk.worth(desk.account_id).realised_pnl == 50
    desk.trade(4, "-1", "250", "BIG")
    assert desk.worth(desk.account_id).realised_pnl == 50 + 50
    assert desk.stored() == desk.rebuilt()


def test_a_return_of_capital_before_a_split_is_not_undone_after_it(desk: ActingDesk) -> None:
    desk.hear(SPLIT)
    desk.open(1)
    desk.trade(1, "10", "400")
    wrong = desk.flow(CashFlowKind.RETURN_OF_CAPITAL, "100")
    desk.open(3)

    with pytest.raises(ConflictError, match="corporate action"):
        desk.undo(wrong)
    assert desk.stored() == desk.rebuilt()


def test_a_fill_that_came_after_a_later_days_return_of_capital_takes_part_in_it(
    desk: ActingDesk,
) -> None:
    desk.open(1)
    desk.trade(1, "10", "100")
    late = desk.made(1, "20", "100")
    desk.open(2)
    desk.flow(CashFlowKind.RETURN_OF_CAPITAL, "6")

    desk.service.hear_fill(late)

    assert sorted(lot[2] for lot in desk.stored()["lots"].values()) == numbers(998, 1996)
    assert desk.stored() == desk.rebuilt()


def test_what_was_booked_before_the_market_had_a_time_keeps_none(desk: ActingDesk) -> None:
    desk.trade(1, "10", "100")
    desk.trade(2, "1", "100", "IBM")
    desk.flow(CashFlowKind.RETURN_OF_CAPITAL, "900")
    # Half the basis has gone by then, so that more comes back than there is.
    desk.hear(action(SpinOff("NEW", Decimal(1), Decimal("0.5")), ex_date=session(2)))
    desk.open(3)

    query = "SELECT kind, is_market_time FROM portfolio.ledger_transactions ORDER BY position"
    told = [(row["kind"], row["is_market_time"]) for row in desk.rows(query)]
    again = told[told.index(("return_of_capital", False)) + 1 :]
    assert ("reversal", False) in again
    assert ("return_of_capital", False) in again
    assert ("return_of_capital", True) not in told
