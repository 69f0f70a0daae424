"""Imported lots meet each action once, whenever it is announced and whenever they are imported.

Own lots beside them are booked apart. What their file told already is not booked again, and what
cannot be told from today's lots is refused with a row that says what to do.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from bifrost.adapters.memory.ids import CountedIds
from bifrost.adapters.postgres.database import Database
from bifrost.adapters.postgres.portfolio_statements import PostgresStatementReader
from bifrost.core.corporate_actions import CorporateAction, Merger, Rename, SpinOff
from bifrost.core.errors import ConflictError, InvalidInputError
from bifrost.core.statements import VenueStatement
from bifrost.events import CashChanged, PositionChanged
from bifrost.portfolio.imports.formats import Format
from bifrost.portfolio.imports.mapping import NO_MAPPING
from bifrost.portfolio.imports.service import ImportRequest, Imports, UndoRequest
from bifrost.portfolio.lot_selection import LotMethod, Selection
from bifrost.portfolio.lots import LotPart
from tests.action_builders import action, dividend, split
from tests.builders import session
from tests.contract.acting_desk import ActingDesk

HEADER = "date,kind,instrument,quantity,price,amount,commission,reference\n"
FIRST = (
    "2012-01-01,deposit,,,,5000,,\n2012-01-01,buy,IBM,10,100,,1,\n2012-01-02,buy,IBM,5,110,,1,\n"
)
IBM_SPLIT = action(split("4", "1"), "split", instrument="IBM", ex_date=session(3))
DIVIDEND = action(dividend("2"), "dividend", instrument="IBM", ex_date=session(3))
INCOME = ("income:dividends:qualified", "USD")


class Desk(ActingDesk):
    """A desk with a history from elsewhere."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self.imports = Imports(self.library, self.clock, CountedIds("import-"))

    def bring_in(self, rows: str = FIRST, key: str = "k") -> str:
        """Import fifteen IBM in two lots, or other rows; return the import."""
        asked = ImportRequest("ann", self.account_id, Format.OWN, HEADER + rows, NO_MAPPING)
        return self.imports.commit(asked, key).import_id

    def learn(self, one: CorporateAction) -> None:
        """The vendor's word is kept; the accounts are not brought up yet."""
        with self.library.open() as books:
            books.actions.put(one, self.clock.now())

    def refused(self) -> list[str]:
        """Why actions were not applied."""
        rows = self.rows("SELECT reason FROM portfolio.action_refusals ORDER BY recorded_at")
        return [row["reason"] for row in rows]

    def moved(self) -> list[tuple[str, Decimal, bool]]:
        """What listeners hear of positions."""
        return [
            (one.instrument, one.quantity_change, one.is_imported)
            for one in self.published()
            if isinstance(one, PositionChanged)
        ]


@pytest.fixture
def desk(make_database: Callable[[str], Database]) -> Desk:
    return Desk(make_database("portfolio"))


def test_a_correction_that_a_fill_finds_first_is_met_by_imported_lots_too(desk: Desk) -> None:
    desk.bring_in()
    desk.hear(IBM_SPLIT)
    desk.open(3)
    desk.learn(replace(IBM_SPLIT, split=split("3", "1"), revision=2))

    desk.trade(3, "1", "10", "MSFT")

    assert desk.positions()["IBM"] == (45, 1550)


def test_what_is_due_on_imported_lots_is_met_though_own_ones_are_corrected(desk: Desk) -> None:
    desk.bring_in()
    own = replace(IBM_SPLIT, action_id="own", instrument="AAPL")
    desk.hear(own)
    desk.hear(replace(IBM_SPLIT, ex_date=session(4)))
    desk.open(1)
    desk.trade(1, "10", "400")
    desk.open(3)
    desk.learn(replace(own, split=split("7", "1"), revision=2))

    desk.open(4)

    assert desk.positions() == {"AAPL": (70, 4000), "IBM": (60, 1550)}


def test_a_fill_that_comes_late_takes_no_action_from_imported_lots(desk: Desk) -> None:
    desk.bring_in()
    desk.hear(replace(IBM_SPLIT, action_id="own", instrument="AAPL"))
    desk.open(3)
    desk.learn(replace(IBM_SPLIT, ex_date=session(4)))

    desk.trade(4, "1", "10", "MSFT")
    desk.trade(2, "10", "400")

    assert desk.positions()["AAPL"] == (40, 4000)
    assert desk.positions()["IBM"] == (60, 1550)


def test_what_is_imported_after_an_action_meets_it_at_once(desk: Desk) -> None:
    desk.hear(IBM_SPLIT)
    desk.open(5)
    desk.trade(5, "1", "10", "MSFT")

    desk.bring_in()

    assert desk.positions()["IBM"] == (60, 1550)


def test_own_and_imported_lots_of_one_instrument_are_booked_apart(desk: Desk) -> None:
    desk.bring_in()
    merger = Merger(new_instrument="AAPL", shares_per_share=Decimal(1))
    desk.hear(action(merger, "merger", instrument="IBM", ex_date=session(2)))
    both = replace(IBM_SPLIT, instrument="AAPL")
    desk.hear(both)
    desk.open(1)
    desk.trade(1, "10", "100")
    desk.open(3)
    assert desk.positions() == {"AAPL": (100, 2550)}

    desk.hear(replace(both, split=split("2", "1"), revision=2))
    desk.trade(2, "1", "10")

    assert desk.positions() == {"AAPL": (52, 2560)}
    told = [(change, is_imported) for name, change, is_imported in desk.moved() if name == "AAPL"]
    assert sum(change for change, is_imported in told if is_imported) == 30
    assert sum(change for change, is_imported in told if not is_imported) == 22
    assert desk.worth(desk.account_id).imbalance == 0


def test_an_action_before_a_split_that_is_met_is_refused_on_imported_lots(desk: Desk) -> None:
    desk.bring_in()
    desk.hear(replace(IBM_SPLIT, ex_date=session(4)))
    desk.open(5)

    desk.hear(DIVIDEND)

    assert INCOME not in desk.stored()["balances"]
    assert len(desk.refused()) == 1
    assert "came after imported lots of IBM had changed" in desk.refused()[0]


def test_a_dividend_corrected_after_a_split_of_imported_lots_stays_as_it_is(desk: Desk) -> None:
    desk.bring_in()
    desk.hear(DIVIDEND)
    desk.hear(replace(IBM_SPLIT, ex_date=session(4)))
    desk.open(5)

    desk.hear(replace(DIVIDEND, cash_dividend=dividend("3"), revision=2))

    assert desk.stored()["balances"][INCOME] == -30
    assert len(desk.refused()) == 1


@pytest.mark.parametrize(
    "terms", [Rename("NEW"), Merger(cash_per_share=Decimal(50))], ids=["renamed", "cashed"]
)
def test_what_leaves_an_instrument_is_said_to_be_imported_and_its_cash_to_nobody(
    desk: Desk, terms: Rename | Merger
) -> None:
    desk.bring_in()
    desk.hear(action(terms, "change", instrument="IBM", ex_date=session(3)))

    desk.open(3)

    assert ("IBM", Decimal(-15), True) in desk.moved()
    assert all(is_imported for _, _, is_imported in desk.moved())
    assert not [one for one in desk.published() if isinstance(one, CashChanged)]


@pytest.mark.parametrize("pay_day", [3, 5])
def test_a_dividend_of_imported_lots_is_booked_and_told_to_nobody(desk: Desk, pay_day: int) -> None:
    desk.bring_in()
    desk.hear(replace(DIVIDEND, pay_date=session(pay_day)))

    desk.open(3)
    desk.open(5)

    assert desk.stored()["balances"][INCOME] == -30
    assert desk.stored()["balances"]["assets:cash", "USD"] == 100000 + 5000 - 1552 + 30
    assert not [one for one in desk.published() if isinstance(one, CashChanged)]


def test_differences_to_the_venue_stay_imported_history_after_actions(desk: Desk) -> None:
    desk.bring_in()
    desk.hear(IBM_SPLIT)
    desk.hear(replace(DIVIDEND, ex_date=session(4)))
    desk.open(4)

    told = VenueStatement(desk.account_id, Decimal(100000), "USD", {}, {}, 0)
    found = desk.reconciler.reconcile(told, "test")

    assert {one.subject: one.cause for one in found.breaks} == {
        "USD": "imported_history",
        "IBM": "imported_history",
    }


def undo(desk: Desk, import_id: str) -> None:
    """Undo an import as its owner."""
    desk.imports.undo(UndoRequest("ann", desk.account_id, import_id, "the wrong file"))


@pytest.mark.parametrize("pay_day", [3, 5])
def test_undoing_an_import_takes_back_what_issuers_did_to_its_lots(
    desk: Desk, pay_day: int
) -> None:
    spin_off = SpinOff("NEWC", Decimal("0.5"), basis_share=Decimal("0.25"))
    import_id = desk.bring_in()
    desk.hear(replace(DIVIDEND, pay_date=session(pay_day)))
    desk.hear(replace(IBM_SPLIT, ex_date=session(4)))
    desk.hear(action(spin_off, "spin", instrument="IBM", ex_date=session(5)))
    desk.open(6)

    undo(desk, import_id)

    assert desk.positions() == {}
    assert {name: sum_ for name, sum_ in desk.stored()["balances"].items() if sum_} == {
        ("assets:cash", "USD"): 100000,
        ("equity:capital", "USD"): -100000,
    }
    desk.bring_in(key="k-2")
    assert desk.positions() == {"IBM": (60, Decimal("1162.5")), "NEWC": (30, Decimal("387.5"))}
    assert desk.stored()["balances"][INCOME] == -30


def test_the_way_out_of_an_action_that_came_late_works(desk: Desk) -> None:
    import_id = desk.bring_in()
    desk.hear(replace(IBM_SPLIT, ex_date=session(4)))
    desk.open(5)
    desk.hear(DIVIDEND)
    assert "undo the import and import it again" in desk.refused()[0]

    undo(desk, import_id)
    desk.bring_in(key="k-2")

    assert desk.positions()["IBM"] == (60, 1550)
    assert desk.stored()["balances"][INCOME] == -30
    assert PostgresStatementReader(desk.database, "ann").refused_actions(desk.account_id) == []


def test_what_an_issuer_did_to_lots_of_another_import_is_met_by_them_again(desk: Desk) -> None:
    desk.bring_in()
    import_id = desk.bring_in("2012-01-02,buy,IBM,5,120,,1,\n", "k-2")
    desk.hear(IBM_SPLIT)
    desk.open(3)
    assert desk.positions()["IBM"] == (80, 2150)

    undo(desk, import_id)

    assert desk.positions()["IBM"] == (60, 1550)


def test_an_import_whose_lots_were_sold_after_a_split_is_not_undone(desk: Desk) -> None:
    import_id = desk.bring_in()
    desk.hear(IBM_SPLIT)
    desk.open(4)
    desk.bring_in("2012-01-05,sell,IBM,5,30,,1,\n", "k-2")

    with pytest.raises(ConflictError, match="sell 5 IBM"):
        undo(desk, import_id)

    assert desk.positions()["IBM"][0] == 55


def test_a_dividend_that_the_file_has_is_not_booked_again(desk: Desk) -> None:
    paid = date(2012, 1, 6)
    desk.bring_in(FIRST + f"{paid},qualified_dividend,IBM,,,30,,\n")
    desk.hear(replace(DIVIDEND, pay_date=paid))

    desk.open(3)
    desk.open(6)

    assert desk.stored()["balances"][INCOME] == -30


def test_trades_on_both_sides_of_a_known_split_are_refused_by_row(desk: Desk) -> None:
    desk.hear(replace(IBM_SPLIT, ex_date=date(2012, 1, 3)))
    desk.open(4)
    later = "2012-01-05,buy,IBM,5,27,,1,\n"

    with pytest.raises(InvalidInputError, match=r"line 5.*split of IBM on 2012-01-03"):
        desk.bring_in(FIRST + later)

    desk.bring_in()
    desk.bring_in(later, "k-2")
    assert desk.positions()["IBM"][0] == 65


def test_trades_before_a_split_that_is_applied_are_refused_by_row(desk: Desk) -> None:
    desk.hear(IBM_SPLIT)
    desk.open(4)
    desk.bring_in()

    with pytest.raises(InvalidInputError, match=r"line 2.*which is applied"):
        desk.bring_in("2012-01-04,buy,IBM,5,110,,1,\n", "k-2")


def test_a_split_learnt_after_trades_on_both_sides_of_it_is_refused(desk: Desk) -> None:
    desk.bring_in(FIRST + "2012-01-05,buy,IBM,5,27,,1,\n")

    desk.hear(replace(IBM_SPLIT, ex_date=date(2012, 1, 3)))
    desk.open(4)

    assert desk.positions()["IBM"][0] == 20
    assert len(desk.refused()) == 1
    assert "import the rows before 2012-01-03" in desk.refused()[0]


def test_a_split_that_was_refused_is_shown_until_the_file_is_imported_in_parts(desk: Desk) -> None:
    later = "2012-01-05,buy,IBM,5,27,,1,\n"
    import_id = desk.bring_in(FIRST + later)
    desk.hear(replace(IBM_SPLIT, ex_date=date(2012, 1, 3)))
    desk.open(4)
    shown = PostgresStatementReader(desk.database, "ann")
    assert len(shown.refused_actions(desk.account_id)) == 1

    desk.imports.undo(UndoRequest("ann", desk.account_id, import_id, "in two parts"))
    desk.bring_in(FIRST, "k-2")
    desk.bring_in(later, "k-3")

    assert desk.positions()["IBM"][0] == 65
    assert shown.refused_actions(desk.account_id) == []


@pytest.mark.parametrize("pay_date", [None, date(2012, 1, 6)])
def test_a_dividend_that_is_booked_is_refused_by_the_row_of_a_later_file(
    desk: Desk, pay_date: date | None
) -> None:
    desk.bring_in()
    desk.hear(replace(DIVIDEND, pay_date=pay_date))
    desk.open(6)

    with pytest.raises(InvalidInputError, match="cash dividend of IBM on 2012-01-05 is booked"):
        desk.bring_in("2012-01-07,qualified_dividend,IBM,,,30,,\n", "k-2")

    desk.bring_in("2012-04-07,qualified_dividend,IBM,,,30,,\n", "k-3")
    assert desk.stored()["balances"][INCOME] == -60


def test_two_actions_that_were_corrected_at_once_are_undone_from_the_last(desk: Desk) -> None:
    desk.bring_in()
    second = replace(IBM_SPLIT, action_id="second", ex_date=session(4))
    for one in (IBM_SPLIT, second):
        desk.hear(one)
    desk.open(5)
    for one in (IBM_SPLIT, second):
        desk.learn(replace(one, split=split("3", "1"), revision=2))

    desk.acts.sweep("test")

    assert desk.positions()["IBM"] == (135, 1550)
    assert desk.refused() == []


def test_a_payment_on_imported_lots_is_undone_with_its_dividend(desk: Desk) -> None:
    desk.bring_in()
    desk.hear(replace(DIVIDEND, pay_date=session(4)))
    desk.open(5)

    desk.hear(replace(DIVIDEND, cash_dividend=dividend("3"), pay_date=session(4), revision=2))

    assert desk.stored()["balances"][INCOME] == -45
    assert desk.stored()["balances"]["assets:cash", "USD"] == 100000 + 5000 - 1552 + 45
    assert not [one for one in desk.published() if isinstance(one, CashChanged)]


def test_a_sale_by_the_desk_leaves_imported_lots_as_they_are(desk: Desk) -> None:
    desk.bring_in()
    desk.open(4)
    desk.trade(4, "-5", "120", "IBM")

    desk.hear(DIVIDEND)

    assert desk.stored()["balances"][INCOME] == -30
    quantities = [lot[1] for lot in desk.stored()["lots"].values()]
    assert sorted(quantities) == [-5, 5, 10]


def test_an_imported_lot_is_named_for_no_sale(desk: Desk) -> None:
    desk.bring_in()
    name = next(iter(desk.stored()["lots"]))

    with pytest.raises(InvalidInputError, match="was imported"):
        desk.choose(Selection(LotMethod.SPECIFIC, (LotPart(name, Decimal(1)),)), "order-1")
