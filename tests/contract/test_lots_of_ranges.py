"""Lots of any range: what each gained between two closes, whatever was corrected since.

With what no lot has they add up to the P&L by position, to the last digit, over trades, issuers'
acts, cash flows and imports that come in any order, are corrected, reversed and undone.
"""

from collections.abc import Callable
from decimal import Decimal

import pytest
from hypothesis import given, settings

from bifrost.adapters.postgres import portfolio_lot_pnl
from bifrost.adapters.postgres.database import Database
from bifrost.core.corporate_actions import Merger
from bifrost.core.errors import InvalidInputError
from bifrost.core.money import exact_sum
from bifrost.portfolio.journal import undone_by
from bifrost.portfolio.performance import PnlBy
from bifrost.portfolio.pnl import Pnl
from bifrost.portfolio.replaying import Player
from tests.action_builders import action
from tests.builders import closes_at, session
from tests.contract.pnl_asked import added, asked, parts
from tests.contract.told_desk import DAYS, Told, ToldDesk, histories, told_desk
from tests.postgres_server import Server

RANGES = [(None, 1), (None, 3), (None, DAYS), (1, 2), (1, None), (2, 4), (3, DAYS), (5, None)]


# One desk for all that is asked of a history: making it is most of what a history costs.
@settings(max_examples=30, deadline=None)
@given(history=histories())
def test_lots_add_up_to_the_positions_range_by_range_and_to_those_that_stand(
    postgres_server: Server, history: list[Told]
) -> None:
    with told_desk(postgres_server) as desk:
        for one in history:
            desk.happen(one)
        desk.open(DAYS + 1)

        for opened, closed in RANGES:
            assert_lots_and_what_none_has_add_up_to_the_positions(desk, opened, closed)
        for middle in (1, 3, 5):
            assert_ranges_that_follow_each_other_add_up_lot_by_lot(desk, middle)
        assert_lots_up_to_the_last_close_are_those_that_stand(desk)


def assert_lots_and_what_none_has_add_up_to_the_positions(
    desk: ToldDesk, opened: int | None, closed: int | None
) -> None:
    found = asked(desk, opened=opened, closed=closed)
    whole = asked(desk, by=PnlBy.POSITION, opened=opened, closed=closed)
    assert found.total == whole.total
    assert parts(added(found)) == parts(whole.total)
    assert added(found).unattributed == frozenset()
    (nobodys, *lots) = found.groups
    assert nobodys.name == ""
    assert nobodys.pnl.price_unrealised == 0
    assert not nobodys.pnl.unpriced
    assert all(one.pnl.dividend == one.pnl.fee == 0 for one in lots)
    assert nobodys.pnl.price_realised == beyond_basis(desk, opened, closed)


def assert_ranges_that_follow_each_other_add_up_lot_by_lot(desk: ToldDesk, middle: int) -> None:
    first, second, both = (
        {one.name: one.pnl for one in asked(desk, opened=ends[0], closed=ends[1]).groups}
        for ends in ((None, middle), (middle, DAYS), (None, DAYS))
    )
    for name in {*first, *second, *both}:
        sum_of_two = first.get(name, Pnl()) + second.get(name, Pnl())
        assert parts(sum_of_two) == parts(both.get(name, Pnl()))


def assert_lots_up_to_the_last_close_are_those_that_stand(desk: ToldDesk) -> None:
    now = {one.name: one for one in asked(desk).groups if one.name}
    then = {one.name: one for one in asked(desk, closed=99).groups if one.name}
    assert then.keys() <= now.keys()
    assert {name: one.pnl for name, one in then.items()} == {name: now[name].pnl for name in then}
    held = desk.rows("SELECT lot_id, instrument FROM portfolio.lots WHERE quantity <> 0")
    assert {row["lot_id"]: row["instrument"] for row in held}.items() <= {
        name: one.instrument for name, one in then.items()
    }.items()
    assert all(now[name].pnl == Pnl() for name in now.keys() - then.keys())


def beyond_basis(desk: ToldDesk, opened: int | None, closed: int | None) -> object:
    """What capital that came back gained beyond its basis, which is told of all lots together."""
    (row,) = desk.rows(
        "SELECT coalesce(-sum(e.amount), 0) AS gained FROM portfolio.ledger_transactions t"
        " LEFT JOIN portfolio.ledger_transactions o ON o.transaction_id = t.reverses"
        " JOIN portfolio.ledger_entries e ON e.transaction_id = t.transaction_id"
        " WHERE coalesce(o.kind, t.kind) = 'return_of_capital'"
        " AND e.ledger_account LIKE 'income:realised%%'"
        " AND (%(closed)s::timestamptz IS NULL OR t.occurred_at <= %(closed)s"
        "   OR NOT t.is_market_time)"
        " AND (%(opened)s::timestamptz IS NULL OR t.occurred_at > %(opened)s"
        "   AND t.is_market_time)",
        {"opened": opened and closes_at(opened), "closed": closed and closes_at(closed)},
    )
    return row["gained"]


@settings(max_examples=20, deadline=None)
@given(history=histories(may_undo=False))
def test_lots_at_a_close_are_those_of_the_history_up_to_it(
    postgres_server: Server, history: list[Told]
) -> None:
    with told_desk(postgres_server) as desk:
        desk.open(DAYS)
        # A choice of lots counts for late fills of days before it, which a shorter journal lacks.
        for one in (one for one in history if one.what not in ("choose", "average")):
            desk.happen(one)

        for day in (1, 2, 4):
            found = asked(desk, closed=day)
            shown = {one.name: one.pnl for one in found.groups if one.name.startswith("paper:")}
            realised, open_lots = history_of(desk, day)
            assert {name: one.price_realised for name, one in shown.items()} == {
                name: realised[name] for name in shown
            }
            prices = marks(desk, day)
            for name, pnl in shown.items():
                held, cost, symbol = open_lots.get(name, (Decimal(0), Decimal(0), ""))
                assert pnl.price_unrealised == held * prices.get(symbol, Decimal(0)) - cost
                assert pnl.unpriced == ({symbol} if held and symbol not in prices else set())
            assert shown.keys() >= open_lots.keys()


def test_what_lots_were_is_named_where_it_cannot_be_told(
    make_database: Callable[[str], Database],
) -> None:
    desk = ToldDesk(make_database("portfolio"))
    merger = Merger(new_instrument="AAPL", shares_per_share=Decimal(1))
    for one in (
        Told("price", (1, "100", "AAPL")),
        Told("price", (1, "10", "MSFT")),
        Told("fill", (1, "10", "90", "AAPL", "")),
        Told("fill", (1, "5", "8", "MSFT", "")),
        Told("bring_in", ("2012-01-01,deposit,,,,5000,,\n2012-01-02,buy,IBM,10,80,,,1\n",)),
        Told("hear", (action(merger, "m", instrument="IBM", ex_date=session(2)),)),
        Told("price", (2, "100", "AAPL")),
        # Of lots some of which were imported no journal tells.
        Told("flow", ("return_of_capital", "30", "AAPL")),
        Told("price", (3, "100", "AAPL")),
    ):
        desk.happen(one)

    found = asked(desk, closed=3)

    (nobodys, *lots) = found.groups
    named = {one.name.split(":")[0]: one.pnl.unattributed for one in lots if one.pnl.unattributed}
    assert named == {"import": {"AAPL"}, "paper": {"AAPL"}}
    assert [one.pnl.total for one in lots if not one.pnl.unattributed] == [10]
    assert nobodys.pnl.price_unrealised == 100 + 200 + 30
    assert nobodys.pnl.total == 330 - 2
    assert parts(added(found)) == parts(asked(desk, by=PnlBy.POSITION, closed=3).total)
    (_, *before) = asked(desk, closed=1).groups
    assert not any(one.pnl.unattributed for one in before)


def test_lots_of_a_journal_too_long_for_a_request_are_refused_with_what_to_ask_instead(
    make_database: Callable[[str], Database], monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = ToldDesk(make_database("portfolio"))
    desk.open(1)
    desk.happen(Told("fill", (1, "5", "8", "AAPL", "")))
    desk.happen(Told("fill", (2, "5", "8", "AAPL", "")))
    desk.happen(Told("price", (2, "9", "AAPL")))
    (row,) = desk.rows("SELECT count(*) AS steps FROM portfolio.journal")
    monkeypatch.setattr(portfolio_lot_pnl, "STEPS_MAX", row["steps"])
    told = asked(desk, closed=2)

    monkeypatch.setattr(portfolio_lot_pnl, "STEPS_MAX", row["steps"] - 1)
    with pytest.raises(InvalidInputError) as refused:
        asked(desk, closed=2)

    (problem,) = refused.value.problems
    assert (problem.field, f"{row['steps']} steps" in problem.message) == ("by", True)
    assert "by position" in problem.fix
    assert asked(desk, by=PnlBy.POSITION, closed=2).total == told.total
    assert len(asked(desk).groups) == len(told.groups)


def history_of(
    desk: ToldDesk, day: int
) -> tuple[dict[str, Decimal], dict[str, tuple[Decimal, Decimal, str]]]:
    """What each lot has realised and still holds, where the journal ends with the day."""
    with desk.library.open() as books:
        steps = list(books.journal.stream(desk.account_id))
        outlook = books.actions.outlook(desk.account_id, session(day))
        actions = books.actions.concerning(desk.account_id, outlook)
    player = Player(steps, actions, undone=undone_by(steps, session(day)), through=session(day))
    closures: dict[str, list[Decimal]] = {}
    for made in player.play():
        for lot in made.opened:
            closures.setdefault(lot.lot_id, [])
        for one in made.closures:
            closures.setdefault(one.lot_id, []).append(one.realised)
    realised = {name: exact_sum(gains) for name, gains in closures.items()}
    return realised, {
        lot.lot_id: (lot.quantity, lot.cost, lot.instrument) for lot in player.books.lots.values()
    }


def marks(desk: ToldDesk, day: int) -> dict[str, Decimal]:
    rows = desk.rows(
        "SELECT DISTINCT ON (instrument) instrument, price FROM portfolio.marks"
        " WHERE occurred_at <= %s ORDER BY instrument, occurred_at DESC",
        (closes_at(day),),
    )
    return {row["instrument"]: row["price"] for row in rows}
