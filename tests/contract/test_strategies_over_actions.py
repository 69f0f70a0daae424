"""What an issuer does is a strategy's where that alone had traded the stock; where several had,
their P&L is unknown and says of which stock, and never a number that is wrong.
"""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

import pytest

from bifrost.adapters.postgres.database import Database
from bifrost.adapters.postgres.portfolio_performance import PostgresPerformance
from bifrost.core.corporate_actions import CorporateAction, SpinOff
from bifrost.portfolio.cash_flows import CashFlowKind
from bifrost.portfolio.performance import Close, PnlAsked, PnlBy, PnlFound, Scope
from bifrost.portfolio.pnl import Pnl
from tests.action_builders import action, dividend, split
from tests.builders import bar, bar_closed, closes_at, session
from tests.contract.acting_desk import ActingDesk

SPLIT = action(split("4", "1"), "split", ex_date=session(3))
DIVIDEND = action(dividend("1"), "dividend", ex_date=session(4), pay_date=session(6))
SPIN_OFF = action(
    SpinOff("NEW", Decimal("0.5"), Decimal("0.2"), Decimal(10)), "spin", ex_date=session(5)
)
AAPL = frozenset({"AAPL"})


@pytest.fixture
def desk(make_database: Callable[[str], Database]) -> ActingDesk:
    desk = ActingDesk(make_database("portfolio"))
    desk.open(1)
    return desk


def buy(desk: ActingDesk, strategy: str, size: str, at: str, day: int = 1) -> None:
    desk.service.hear_fill(replace(desk.made(day, size, at), strategy_id=strategy))


def price(desk: ActingDesk, day: int, at: str, symbol: str = "AAPL") -> None:
    desk.open(day)
    desk.service.hear_bar(bar_closed(bar(day, at, instrument=symbol), day))


def pnl(
    desk: ActingDesk, *strategies: str, by: PnlBy = PnlBy.STRATEGY, until: int | None = None
) -> PnlFound:
    reader = PostgresPerformance(desk.database, "ann")
    closed = None if until is None else Close(session(until), closes_at(until))
    return reader.pnl(PnlAsked(Scope((desk.account_id,), strategies), by, closed=closed))


def groups(found: PnlFound) -> dict[str, Pnl]:
    return {one.name: one.pnl for one in found.groups}


def test_a_split_of_what_one_strategy_alone_traded_is_no_loss_of_it(desk: ActingDesk) -> None:
    desk.hear(SPLIT)
    buy(desk, "s-1", "10", "400")
    price(desk, 3, "100")

    for found in (pnl(desk), pnl(desk, "s-1"), pnl(desk, "s-1", by=PnlBy.POSITION)):
        assert found.total.total == -1
        assert found.total.price_unrealised == 0
        assert found.total.unattributed == frozenset()
    assert groups(pnl(desk))["s-1"].total == -1
    assert groups(pnl(desk))[""] == Pnl()


def test_all_that_follows_from_a_strategys_stock_is_its_own(desk: ActingDesk) -> None:
    on_new = action(dividend("3"), "d-2", instrument="NEW", ex_date=session(6))
    for one in (SPLIT, DIVIDEND, SPIN_OFF, on_new):
        desk.hear(one)
    buy(desk, "s-1", "10", "400")
    price(desk, 6, "90")
    price(desk, 6, "11", "NEW")

    found = pnl(desk, "s-1")

    assert found.total == pnl(desk).total
    assert found.total.dividend == 40 + 20 * 3
    assert found.total.unattributed == frozenset()


@pytest.mark.parametrize("act", [SPLIT, DIVIDEND, SPIN_OFF])
@pytest.mark.parametrize("other", ["s-2", ""])
def test_what_several_had_traded_is_nobodys_and_named(
    desk: ActingDesk, other: str, act: CorporateAction
) -> None:
    desk.hear(act)
    buy(desk, "s-1", "10", "400")
    buy(desk, other, "5", "400")
    price(desk, 6, "100")
    price(desk, 6, "11", "NEW")

    found = pnl(desk)

    assert all(one.unattributed >= AAPL for one in groups(found).values())
    assert {one.total for one in groups(found).values()} == {None}
    assert found.total.unattributed == frozenset()
    assert found.total.total == pnl(desk, by=PnlBy.PORTFOLIO).total.total
    alone = pnl(desk, "s-1")
    assert (alone.total.total, groups(alone)["s-1"].total) == (None, None)
    by_position = groups(pnl(desk, "s-1", by=PnlBy.POSITION))
    assert by_position["AAPL"].unattributed == AAPL


def test_strategies_that_share_a_split_know_it_together(desk: ActingDesk) -> None:
    desk.hear(SPLIT)
    buy(desk, "s-1", "10", "400")
    buy(desk, "s-2", "5", "400")
    price(desk, 3, "100")

    both = pnl(desk, "s-1", "s-2")

    assert both.total.total == -2
    assert {one.total for one in groups(both).values()} == {None}
    assert groups(pnl(desk, "s-1", "s-2", by=PnlBy.POSITION))["AAPL"].total == -2


def test_whoever_trades_after_an_issuers_act_has_no_part_in_it(desk: ActingDesk) -> None:
    desk.hear(SPLIT)
    buy(desk, "s-1", "10", "400")
    price(desk, 3, "100")
    buy(desk, "s-2", "5", "100", day=3)
    price(desk, 4, "103")

    shown = groups(pnl(desk))

    assert shown["s-1"].total == 40 * 3 - 1
    assert shown["s-2"].total == 5 * 3 - 1


def test_what_was_known_before_several_shared_an_act_stays_known(desk: ActingDesk) -> None:
    desk.hear(SPLIT)
    buy(desk, "s-1", "10", "400")
    buy(desk, "s-2", "5", "400")
    price(desk, 2, "401")
    price(desk, 3, "100")

    assert groups(pnl(desk, until=2))["s-1"].total == 9
    assert groups(pnl(desk, until=3))["s-1"].total is None


def test_an_act_that_never_was_is_known_to_be_nobodys(desk: ActingDesk) -> None:
    buy(desk, "s-1", "10", "400")
    buy(desk, "s-2", "5", "400")
    price(desk, 6, "400")
    before = groups(pnl(desk))

    desk.hear(SPLIT)
    assert groups(pnl(desk))["s-1"].unattributed == AAPL
    desk.hear(replace(SPLIT, revision=2, withdrawn=True))

    shown = groups(pnl(desk))
    assert {name: shown[name] for name in before} == before
    assert {one.unattributed for one in shown.values()} == {frozenset()}


def test_capital_that_came_back_is_shared_like_an_issuers_act(desk: ActingDesk) -> None:
    price(desk, 2, "400")
    buy(desk, "s-1", "10", "400", day=2)
    desk.flow(CashFlowKind.RETURN_OF_CAPITAL, "50")
    buy(desk, "s-2", "5", "400", day=3)
    price(desk, 4, "398")

    assert groups(pnl(desk))["s-1"].total == 50 - 20 - 1
    desk.flow(CashFlowKind.RETURN_OF_CAPITAL, "30")
    assert groups(pnl(desk))["s-1"].unattributed == AAPL
