"""Lots of a strategy: those that it opened and sold from alone, each with what it gained.

A lot that one strategy opened and another sold from is named, with no number: no rule says whose
its gain is. What the strategy gained by it stays with what belongs to no lot, so all of them add
up to the strategy's P&L by position all the same.
"""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given, settings

from bifrost.adapters.postgres.database import Database
from bifrost.portfolio.performance import PnlBy, PnlFound
from bifrost.portfolio.pnl import Pnl
from tests.action_builders import action, split
from tests.builders import bar, bar_closed, session
from tests.contract.acting_desk import ActingDesk
from tests.contract.pnl_asked import added, asked, parts
from tests.contract.told_desk import DAYS, Told, ToldDesk, histories, told_desk
from tests.postgres_server import Server

AAPL = frozenset({"AAPL"})
SPLIT = action(split("4", "1"), "split", ex_date=session(3))


def groups(found: PnlFound) -> dict[str, Pnl]:
    return {one.name: one.pnl for one in found.groups}


@pytest.fixture
def desk(make_database: Callable[[str], Database]) -> ActingDesk:
    desk = ActingDesk(make_database("portfolio"))
    desk.open(1)
    return desk


def trade(desk: ActingDesk, strategy: str, day: int, size: str, price: str) -> str:
    """A strategy's trade at a day's close; return the lot that it opens, if it does."""
    made = replace(desk.made(day, size, price), strategy_id=strategy)
    desk.service.hear_fill(made)
    return f"paper:{made.fill.execution_id}"


def price(desk: ActingDesk, day: int, at_price: str) -> None:
    desk.open(day)
    desk.service.hear_bar(bar_closed(bar(day, at_price), day))


def test_a_strategy_has_the_lots_that_it_opened(desk: ActingDesk) -> None:
    price(desk, 1, "100")
    first = trade(desk, "s-1", 1, "10", "100")
    trade(desk, "s-2", 1, "5", "100")
    price(desk, 2, "110")
    trade(desk, "s-1", 2, "-4", "110")
    price(desk, 3, "121")

    shown = groups(asked(desk, "s-1"))

    assert shown == {
        "": Pnl(fee=Decimal(-2)),
        first: Pnl(price_realised=Decimal(40), price_unrealised=Decimal(6 * 21)),
    }
    of_day = groups(asked(desk, "s-1", opened=2, closed=3))
    assert of_day[first] == Pnl(price_unrealised=Decimal(6 * 11))


def test_a_lot_that_another_strategy_sold_from_is_named_and_without_a_number(
    desk: ActingDesk,
) -> None:
    price(desk, 1, "100")
    shared = trade(desk, "s-1", 1, "10", "100")
    own = trade(desk, "s-1", 1, "10", "101")
    price(desk, 2, "110")
    trade(desk, "s-2", 2, "-4", "110")

    for strategy in ("s-1", "s-2"):
        found = asked(desk, strategy)
        assert groups(found)[shared] == Pnl(unattributed=AAPL)
        assert found.total == asked(desk, strategy, by=PnlBy.POSITION).total
        assert parts(added(found)) == parts(found.total)
    assert groups(asked(desk, "s-1"))[own].total == 90
    assert own not in groups(asked(desk, "s-2"))
    both = groups(asked(desk, "s-1", "s-2"))
    assert both[shared] == Pnl(price_realised=Decimal(40), price_unrealised=Decimal(60))


def test_what_others_sold_long_ago_needs_a_price_still(desk: ActingDesk) -> None:
    trade(desk, "s-1", 1, "10", "100")
    trade(desk, "s-2", 1, "-10", "105")
    desk.open(2)
    price(desk, 3, "110")

    found = asked(desk, "s-1", opened=2, closed=3)

    assert found.total.unpriced == AAPL
    assert groups(found)[""].unpriced == AAPL
    assert set(groups(found)) == {""}


def test_what_was_gained_before_another_sold_from_the_lot_stays_known(desk: ActingDesk) -> None:
    price(desk, 1, "100")
    lot = trade(desk, "s-1", 1, "10", "100")
    price(desk, 2, "110")
    trade(desk, "", 3, "-4", "110")
    price(desk, 3, "120")

    assert groups(asked(desk, "s-1", closed=2))[lot].price_unrealised == 100
    assert groups(asked(desk, "s-1", closed=3))[lot].unattributed == AAPL


def test_a_lots_share_of_a_split_is_known_where_its_positions_is_not(desk: ActingDesk) -> None:
    desk.hear(SPLIT)
    first = trade(desk, "s-1", 1, "10", "400")
    trade(desk, "s-2", 1, "5", "400")
    price(desk, 3, "101")

    found = asked(desk, "s-1")

    assert groups(found)[first].price_unrealised == 40
    assert found.total == asked(desk, "s-1", by=PnlBy.POSITION).total
    assert found.total.unattributed == groups(found)[""].unattributed == AAPL


@settings(max_examples=25, deadline=None)
@given(history=histories())
def test_lots_add_up_to_what_the_strategies_gained_by_position(
    postgres_server: Server, history: list[Told]
) -> None:
    with told_desk(postgres_server) as desk:
        for one in history:
            desk.happen(one)
        desk.open(DAYS + 1)

        for ends in ({}, {"closed": 3}, {"opened": 2, "closed": 5}):
            # What a late fill has left nothing of is a row that stands, but no lot of the history.
            everybodys = groups(asked(desk, **(ends or {"closed": 99})))  # type: ignore[arg-type]
            for strategies in (("s-1",), ("s-1", "s-2")):
                found = asked(desk, *strategies, **ends)  # type: ignore[arg-type]
                whole = asked(desk, *strategies, by=PnlBy.POSITION, **ends)
                assert found.total == whole.total
                lots = {name: pnl for name, pnl in groups(found).items() if name}
                known = {name: pnl for name, pnl in lots.items() if not pnl.unattributed}
                if not whole.total.unattributed:
                    assert parts(added(found)) == parts(whole.total)
                    # Capital may come back before the market has reached the fill of a lot.
                    is_plain = all(one.what != "flow" for one in history)
                    if is_plain and known == lots and "opened" not in ends:
                        assert groups(found)[""].price_unrealised == 0
                    assert groups(found)[""].unpriced >= whole.total.unpriced - unpriced(known)
                assert known == {name: everybodys[name] for name in known}
                if not ends:
                    of_fills = lots.keys() & desk.traders.keys()
                    assert of_fills == touched(desk, strategies) & everybodys.keys()


def unpriced(lots: dict[str, Pnl]) -> frozenset[str]:
    return frozenset().union(*(one.unpriced for one in lots.values()))


def touched(desk: ToldDesk, strategies: tuple[str, ...]) -> set[str]:
    """The lots that fills of these strategies opened, or close from as it stands now."""
    rows = desk.rows(
        "SELECT c.lot_id FROM portfolio.ledger_transactions t JOIN portfolio.lot_closures c"
        " USING (transaction_id) WHERE t.kind = 'fill' AND t.strategy_id = ANY(%s)"
        " AND NOT EXISTS (SELECT 1 FROM portfolio.ledger_transactions u"
        "   WHERE u.reverses = t.transaction_id)",
        (list(strategies),),
    )
    opened = {name for name, trader in desk.traders.items() if trader in strategies}
    return ({row["lot_id"] for row in rows} & desk.traders.keys()) | opened
