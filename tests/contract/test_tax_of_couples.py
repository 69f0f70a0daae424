"""Promises of tax reports over a couple's stored books: each one's rows are read as that one's, an
issuer's action meets the shares of both once, and after the marriage nothing of the spouse is told.
"""

from collections.abc import Callable
from decimal import Decimal

import pytest

from bifrost.adapters.memory.clock import SetClock
from bifrost.adapters.postgres.database import Database
from bifrost.adapters.postgres.portfolio_couples import PostgresRegister
from bifrost.adapters.postgres.portfolio_lots import PostgresLotReader
from bifrost.adapters.postgres.portfolio_tax import PostgresTaxReader
from bifrost.core.corporate_actions import Merger, SpinOff
from bifrost.core.errors import InvalidInputError, NotFoundError
from bifrost.core.versions import ANY
from bifrost.portfolio.couples import Couples, Marriage
from bifrost.portfolio.tax import reports
from bifrost.portfolio.tax.reports import DeskStatement, SaleWish, TaxReports
from bifrost.portfolio.tax.told import Reason
from tests.action_builders import action, split
from tests.builders import WALL, closes_at, fill, fill_recorded, session
from tests.contract.acting_desk import ActingDesk

SPUN = SpinOff("MSFT", Decimal(1), Decimal("0.25"), Decimal(25), None)


class CoupledDesk(ActingDesk):
    """Ann's account is the desk's; bob has one, too."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self.bobs = self.open_account("bob")
        self.deposit(self.bobs, "100000", "d-2", "bob")
        self._sequence = 0

    def marry(self, until: int | None = None) -> None:
        """From ever, until that session's day."""
        couples = Couples(PostgresRegister(self.database), SetClock(WALL))
        last = session(until) if until else None
        couples.declare("ann", Marriage("bob", None, last), ANY)
        couples.declare("bob", Marriage("ann", None, last), ANY)

    def bob_trades(self, day: int, size: str, at: str, symbol: str = "AAPL") -> None:
        """The venue trades for bob, without a commission."""
        self._sequence += 1
        place = {"instrument": symbol, "occurred_at": closes_at(day)}
        one = fill(self._sequence, size, at, account_id=self.bobs, **place)
        self.service.hear_fill(fill_recorded(one, self._sequence))

    def reports(self, owner: str) -> TaxReports:
        database = self.database
        reader = PostgresTaxReader(database, owner)
        return TaxReports(owner, reader, PostgresLotReader(database, owner), SetClock(WALL))

    def told(self, owner: str = "ann") -> DeskStatement:
        return self.reports(owner).wash_sales(None, {})


@pytest.fixture
def desk(make_database: Callable[[str], Database]) -> CoupledDesk:
    return CoupledDesk(make_database("portfolio"))


def held(found: DeskStatement) -> list[tuple[str, str, str, str]]:
    assert found.excluded == ()
    return [
        (found.whose(one.account), one.instrument, f"{one.quantity:f}", f"{one.basis:f}")
        for one in found.statement.lots
    ]


def adds_up(found: DeskStatement) -> bool:
    one = found.statement
    return one.economic_pnl == one.allowed_pnl + one.deferred + one.forfeited


def test_a_loss_goes_share_by_share_into_what_the_spouse_bought_after_a_split(
    desk: CoupledDesk,
) -> None:
    desk.trade(1, "10", "100")
    desk.trade(2, "-10", "50")
    desk.hear(action(split("2", "1"), ex_date=session(3)))
    desk.open(3)
    desk.bob_trades(4, "5", "30")
    desk.marry()

    for owner, whose in (("ann", "spouse"), ("bob", "mine")):
        found = desk.told(owner)
        (line,) = found.statement.sales
        # 5 of today's shares are 2.5 of those sold: a quarter of the loss of 502.
        assert f"{line.disallowed_loss}" == "125.50"
        assert held(found) == [(whose, "AAPL", "5", "275.50")]
        assert adds_up(found)


def test_an_action_that_met_both_is_told_once(desk: CoupledDesk) -> None:
    desk.trade(1, "10", "100")
    desk.bob_trades(1, "20", "100")
    desk.hear(action(split("2", "1"), ex_date=session(2)))
    desk.hear(action(SPUN, "a-2", ex_date=session(3)))
    desk.open(3)
    desk.marry()

    assert sorted(held(desk.told())) == [
        ("mine", "AAPL", "20", "750.75"),
        ("mine", "MSFT", "20", "250.25"),
        ("spouse", "AAPL", "40", "1500.00"),
        ("spouse", "MSFT", "40", "500.00"),
    ]


def test_what_the_spouse_did_after_the_marriage_is_not_told_through_actions_too(
    desk: CoupledDesk,
) -> None:
    desk.trade(1, "10", "100")
    desk.bob_trades(1, "10", "100")
    desk.trade(2, "-10", "50")
    desk.bob_trades(3, "10", "60")
    desk.hear(action(SPUN, ex_date=session(4)))
    desk.open(4)
    desk.bob_trades(5, "-20", "80")
    desk.bob_trades(5, "-7", "30", "MSFT")
    desk.hear(
        action(
            Merger(new_instrument="IBM", shares_per_share=Decimal(2)),
            "a-2",
            instrument="MSFT",
            ex_date=session(6),
        )
    )
    desk.open(6)
    desk.bob_trades(7, "3", "10", "IBM")
    desk.bob_trades(7, "-9", "10", "IBM")
    desk.marry(until=3)

    anns, bobs = desk.told("ann"), desk.told("bob")

    assert anns.excluded == bobs.excluded == ()
    assert [anns.whose(one.account) for one in anns.statement.sales] == ["mine"]
    assert {f"{one.acquired}" for one in anns.statement.lots} <= {
        f"{session(1)}", f"{session(3)}",
    }  # fmt: skip
    assert [bobs.whose(one.account) for one in bobs.statement.sales] == [
        "spouse", "mine", "mine", "mine",
    ]  # fmt: skip
    assert adds_up(anns)
    assert adds_up(bobs)


@pytest.mark.parametrize("symbol", ["AAPL", "IBM"])
def test_what_the_spouses_books_cannot_tell_after_the_marriage_leaves_nothing_out(
    desk: CoupledDesk, symbol: str
) -> None:
    desk.trade(1, "10", "100")
    desk.bob_trades(1, "10", "100")
    desk.trade(2, "-4", "50")
    desk.marry(until=2)
    before = desk.told("ann")
    wish = SaleWish(desk.account_id, "AAPL", Decimal(1), Decimal(1), session(6))
    previewed = desk.reports("ann").preview(wish, {})

    desk.open(5)
    desk.bob_trades(5, "-30", "100", symbol)
    desk.hear(action(split("2", "1"), instrument=symbol, ex_date=session(6)))
    desk.open(6)
    desk.hear(action(split("2", "1"), instrument=symbol, revision=2, withdrawn=True))

    assert desk.told("ann") == before
    assert desk.reports("ann").preview(wish, {}) == previewed
    assert [one.reason for one in desk.told("bob").excluded] == [Reason.SOLD_SHORT]


def test_what_the_spouses_books_could_not_tell_in_the_marriage_is_left_out_still(
    desk: CoupledDesk,
) -> None:
    desk.trade(1, "10", "100")
    desk.bob_trades(1, "-20", "100")
    desk.marry(until=2)
    desk.open(5)
    desk.bob_trades(5, "40", "100")

    (found,) = desk.told().excluded

    assert (found.account, found.instrument, found.reason) == (
        desk.bobs, "AAPL", Reason.SOLD_SHORT,
    )  # fmt: skip


def test_trades_of_both_up_to_the_last_day_count_against_what_one_report_tells(
    desk: CoupledDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.trade(1, "10", "100")
    desk.bob_trades(1, "10", "100")
    desk.bob_trades(2, "10", "100", "IBM")
    desk.bob_trades(5, "10", "100")
    desk.marry(until=2)
    wish = SaleWish(desk.account_id, "AAPL", Decimal(1), Decimal(1), session(6))
    asked: list[tuple[str, int, Callable[[], object]]] = [
        ("the books have 3 trades", 3, desk.told),
        ("AAPL, and what it has to do with, has 2 trades", 2,
         lambda: desk.reports("ann").wash_sales(None, {}, "AAPL")),
        ("AAPL, and what it has to do with, has 2 trades", 2,
         lambda: desk.reports("ann").preview(wish, {})),
    ]  # fmt: skip

    for says, count, ask in asked:
        monkeypatch.setattr(reports, "TRADES_MAX", count)
        ask()
        monkeypatch.setattr(reports, "TRADES_MAX", count - 1)
        with pytest.raises(InvalidInputError) as refused:
            ask()
        assert says in refused.value.problems[0].message


def test_without_the_marriage_neither_report_has_the_other(desk: CoupledDesk) -> None:
    desk.trade(1, "10", "100")
    desk.bob_trades(1, "20", "100")

    assert [one[0] for one in held(desk.told("ann"))] == ["mine"]
    assert desk.told("bob").couple is None


def test_a_sale_of_the_spouses_shares_is_not_previewed(desk: CoupledDesk) -> None:
    desk.trade(1, "10", "100")
    desk.bob_trades(1, "20", "100")
    desk.marry()

    with pytest.raises(NotFoundError):
        desk.reports("ann").preview(SaleWish(desk.bobs, "AAPL", Decimal(1), Decimal(1)), {})


def test_a_stock_that_the_spouses_books_cannot_tell_is_left_out_with_that_account(
    desk: CoupledDesk,
) -> None:
    desk.trade(1, "10", "100")
    desk.bob_trades(1, "-20", "100")
    desk.marry()

    found = desk.told()

    assert [(one.account, one.instrument, one.reason) for one in found.excluded] == [
        (desk.bobs, "AAPL", Reason.SOLD_SHORT)
    ]
    assert found.statement.lots == ()
