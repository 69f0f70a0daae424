"""What a strategy is worth at each close, and what its trades moved: right over splits, late fills
and corrections; where an issuer's act is not known to be whose, or a price or a rate is missing,
unknown, and it says for want of what.
"""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

import pytest

from bifrost.adapters.postgres.database import Database
from bifrost.adapters.postgres.portfolio_performance import PostgresPerformance
from bifrost.core.corporate_actions import Rename
from bifrost.core.money import Money
from bifrost.portfolio.cash_flows import CashFlowKind, income_entries
from bifrost.portfolio.ledger import Posting
from bifrost.portfolio.performance import Scope
from bifrost.portfolio.returns.books import returns_of
from bifrost.portfolio.returns.strategies import strategy_series
from tests.action_builders import action, dividend, split
from tests.builders import closes_at, session
from tests.contract.ledger_desk import NOW
from tests.contract.strategy_desk import StrategyDesk

SPLIT = action(split("4", "1"), "split", ex_date=session(3))
DIVIDEND = action(dividend("1"), "dividend", ex_date=session(4), pay_date=session(6))
AAPL = frozenset({"AAPL"})


@pytest.fixture
def desk(make_database: Callable[[str], Database]) -> StrategyDesk:
    desk = StrategyDesk(make_database("portfolio"))
    desk.open(1)
    return desk


def worths(desk: StrategyDesk, *strategies: str) -> list[Decimal | None]:
    return [one.worth for one in desk.sessions(*strategies)]


def moved(desk: StrategyDesk, *strategies: str) -> list[tuple[object, object]]:
    return [(one.bought, one.taken) for one in desk.sessions(*strategies)]


def test_a_strategy_holds_what_its_own_trades_left(desk: StrategyDesk) -> None:
    desk.trade_for("s-1", "10", "400")
    desk.trade_for("s-2", "3", "400")
    desk.trade_for("", "2", "400")
    desk.price(1, "401")
    desk.trade_for("s-1", "-4", "405", day=2)
    desk.price(2, "410")
    desk.price(3, "400")

    assert worths(desk, "s-1") == [4010, 2460, 2400]
    assert moved(desk, "s-1") == [(4001, 0), (0, 1619), (0, 0)]
    assert worths(desk, "s-1", "s-2") == [13 * 401, 9 * 410, 9 * 400]


def test_its_sessions_begin_with_its_first_trade(desk: StrategyDesk) -> None:
    desk.price(1, "400")
    desk.trade_for("s-2", "3", "400")
    desk.price(2, "400")
    desk.price(3, "400")
    desk.trade_for("s-1", "1", "400", day=3)

    assert [one.session for one in desk.sessions("s-1")] == [session(3)]
    assert desk.sessions("s-3") == []


def test_a_split_and_a_rename_make_it_neither_richer_nor_poorer(desk: StrategyDesk) -> None:
    desk.hear(SPLIT)
    desk.hear(action(Rename("NEW"), "rename", ex_date=session(4)))
    desk.trade_for("s-1", "10", "400")
    desk.price(1, "400")
    desk.price(3, "100")
    desk.price(4, "101", "NEW")

    assert worths(desk, "s-1") == [4000, 4000, 4040]
    assert moved(desk, "s-1") == [(4001, 0), (0, 0), (0, 0)]


def test_a_dividend_is_taken_out_on_its_ex_date_and_not_when_it_is_paid(desk: StrategyDesk) -> None:
    desk.hear(DIVIDEND)
    desk.trade_for("s-1", "10", "400")
    for day in range(1, 8):
        desk.price(day, "400" if day < 4 else "399")

    assert moved(desk, "s-1") == [(4001, 0), (0, 0), (0, 0), (0, 10), (0, 0), (0, 0), (0, 0)]
    found = returns_of(strategy_series(desk.sessions("s-1")), is_net=True)
    assert float(found.measures["twr"] or "nan") == pytest.approx(4000 / 4001 - 1, rel=1e-12)


@pytest.mark.parametrize("other", ["s-2", ""])
def test_from_an_act_on_what_several_had_traded_its_worth_is_unknown(
    desk: StrategyDesk, other: str
) -> None:
    desk.hear(SPLIT)
    desk.trade_for("s-1", "10", "400")
    desk.trade_for(other, "5", "400")
    desk.price(2, "401")
    desk.price(3, "100")
    desk.price(4, "100")

    found = desk.sessions("s-1")

    assert [one.worth for one in found] == [None, 4010, None, None]
    assert [one.unattributed for one in found] == [frozenset(), frozenset(), AAPL, AAPL]
    assert found[0].unpriced == AAPL


def test_strategies_that_share_an_act_know_their_worth_together(desk: StrategyDesk) -> None:
    desk.hear(SPLIT)
    desk.trade_for("s-1", "10", "400")
    desk.trade_for("s-2", "5", "400")
    desk.price(1, "400")
    desk.price(3, "100")

    assert worths(desk, "s-1", "s-2") == [6000, 6000]
    assert worths(desk, "s-1") == [4000, None]


def test_an_act_that_never_was_leaves_no_trace(desk: StrategyDesk) -> None:
    desk.trade_for("s-1", "10", "400")
    desk.trade_for("s-2", "5", "400")
    for day in range(1, 7):
        desk.price(day, "400")
    desk.trade_for("s-1", "-3", "400", day=6)
    before = desk.sessions("s-1")

    desk.hear(SPLIT)
    assert worths(desk, "s-1")[2:] == [None] * 4
    desk.hear(replace(SPLIT, revision=2, withdrawn=True))

    assert desk.sessions("s-1") == before


def test_what_a_correction_writes_anew_is_bought_and_taken_once(desk: StrategyDesk) -> None:
    desk.trade_for("s-1", "10", "400")
    desk.price(1, "400")
    desk.price(3, "100")
    desk.trade_for("s-1", "-4", "100", day=3)
    desk.price(4, "100")

    desk.hear(SPLIT)
    late = replace(desk.made(2, "2", "390"), strategy_id="s-1")
    desk.service.hear_fill(late)

    assert desk.rows("SELECT FROM portfolio.ledger_transactions WHERE reverses IS NOT NULL")
    assert moved(desk, "s-1") == [(4001, 0), (781, 399), (0, 0)]
    assert worths(desk, "s-1") == [4000, 4400, 4400]


def test_a_fee_of_the_account_is_no_strategys(desk: StrategyDesk) -> None:
    desk.price(1, "400")
    desk.trade_for("s-1", "10", "400")
    before = desk.sessions("s-1")

    desk.flow(CashFlowKind.FEE, "50")

    assert desk.sessions("s-1") == before


def test_what_came_in_a_currency_without_a_rate_is_named(desk: StrategyDesk) -> None:
    desk.price(1, "400")
    desk.trade_for("s-1", "10", "400")
    desk.price(2, "400")
    with desk.library.open() as books:
        books.ledger.post(
            Posting(
                transaction_id="euros",
                account_id=desk.account_id,
                kind="dividend_qualified",
                reference="euros",
                description="dividend in euros",
                event_id="euros",
                occurred_at=closes_at(2),
                recorded_at=NOW,
                entries=income_entries(CashFlowKind.DIVIDEND_QUALIFIED, Money(Decimal(5), "EUR")),
                strategy_id="s-1",
            )
        )

    found = desk.sessions("s-1")

    assert [one.worth for one in found] == [4000, None]
    assert found[1].unpriced == frozenset({"EUR"})


def test_what_it_sold_without_holding_it_is_short_and_has_no_return(desk: StrategyDesk) -> None:
    desk.price(1, "400")
    desk.trade_for("", "10", "400")
    desk.trade_for("s-1", "-10", "400")
    desk.trade_for("s-1", "50", "400", symbol="BIG")
    desk.price(1, "400", "BIG")
    desk.price(2, "390")

    found = returns_of(strategy_series(desk.sessions("s-1")), is_net=True)

    assert [one.short for one in desk.sessions("s-1")] == [AAPL, AAPL]
    assert set(found.measures.values()) == {None}
    assert {one.cause for one in found.failures.values()} == {"short_position"}
    assert "AAPL stood short at the close of 2012-01-03" in found.failures["mwr"].message


def test_anothers_strategy_is_not_read(desk: StrategyDesk) -> None:
    desk.price(1, "400")
    desk.trade_for("s-1", "10", "400")

    reader = PostgresPerformance(desk.database, "bob")

    assert reader.strategy_sessions(Scope((desk.account_id,), ("s-1",))) == []
