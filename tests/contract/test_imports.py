"""An import is booked whole or not at all, tells duplicates by content, and is undone by reversals
that leave the books as they were; what is exported and imported again makes the same books.
"""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from bifrost.adapters.memory.ids import CountedIds
from bifrost.adapters.postgres.database import Database
from bifrost.adapters.postgres.portfolio_books import PostgresLibrary
from bifrost.adapters.postgres.portfolio_imports import PostgresImportReader
from bifrost.core.errors import ConflictError, InvalidInputError, NotFoundError
from bifrost.portfolio.accounts import NewAccount
from bifrost.portfolio.bookings import CashFlows, ReversalRequest
from bifrost.portfolio.exports import activities_of, to_csv
from bifrost.portfolio.imports.formats import Format
from bifrost.portfolio.imports.mapping import NO_MAPPING, FileMapping
from bifrost.portfolio.imports.service import ImportRequest, Imports, UndoRequest
from tests.builders import closes_at, fill, fill_recorded, seeded
from tests.contract.ledger_desk import LedgerDesk

Make = Callable[[str], Database]
FILES = Path(__file__).parent.parent / "unit/portfolio/import_files"
HEADER = "date,kind,instrument,quantity,price,amount,commission,reference\n"
BUY = "2024-01-03,buy,AAPL,10,100,,1,\n"
FILE = (
    HEADER
    + "2024-01-02,deposit,,,,5000,,\n"
    + BUY
    + BUY
    + "2024-02-01,dividend,AAPL,,,12.34,,\n"
    + "2024-03-01,sell,AAPL,15,110,,1,\n"
    + "2024-03-02,withdrawal,,,,-100,,\n"
)


class Desk(LedgerDesk):
    """The ledger's desk, with its imports."""

    def __init__(self, database: Database) -> None:
        ids = CountedIds()
        super().__init__(database, ids)
        self.imports = Imports(PostgresLibrary(database), self.clock, ids)
        self.read = PostgresImportReader(database, "ann")

    def request(
        self,
        account_id: str,
        text: str,
        written: Format = Format.OWN,
        mapping: FileMapping = NO_MAPPING,
    ) -> ImportRequest:
        return ImportRequest("ann", account_id, written, text, mapping)

    def commit(self, account_id: str, text: str, key: str = "k", **more: Any) -> str:
        return self.imports.commit(self.request(account_id, text, **more), key).import_id

    def undo(self, account_id: str, import_id: str) -> None:
        self.imports.undo(UndoRequest("ann", account_id, import_id, "the wrong file"))

    def books(self, account_id: str) -> dict[str, Any]:
        """Balances that are not zero, and lots of which something is left."""
        balances = self.rows(
            "SELECT ledger_account, currency, instrument, amount, quantity FROM portfolio.balances"
            " WHERE account_id = %s AND (amount <> 0 OR quantity <> 0) ORDER BY 1, 2, 3",
            (account_id,),
        )
        lots = self.rows(
            "SELECT instrument, opened_at, opened_quantity, opened_cost, quantity, cost"
            " FROM portfolio.lots WHERE account_id = %s AND quantity <> 0"
            " ORDER BY instrument, opened_sequence",
            (account_id,),
        )
        return {"balances": balances, "lots": lots}

    def exported(self, account_id: str) -> str:
        history = self.read.history(account_id, after=0, limit=10_000)
        imported = {posted.transaction_id: told for posted, told in history if told}
        found = activities_of([posted for posted, _ in history], imported)
        assert found.left_out == ()
        return to_csv(found.activities)

    def transactions(self) -> int:
        (row,) = self.rows("SELECT count(*) AS n FROM portfolio.ledger_transactions")
        return int(row["n"])


@pytest.fixture
def desk(make_database: Make) -> Desk:
    return Desk(make_database("portfolio"))


def test_a_file_is_booked_with_two_equal_fills_as_two(desk: Desk) -> None:
    account_id = desk.open_account()

    import_id = desk.commit(account_id, FILE)

    worth = desk.worth(account_id)
    assert worth.cash == Decimal("5000") - 2 * 1001 + Decimal("12.34") + 1649 - 100
    assert [(p.instrument, p.quantity, p.cost) for p in worth.positions] == [("AAPL", 5, 500)]
    assert (worth.realised_pnl, worth.commissions, worth.imbalance) == (150, 3, 0)
    causes = desk.rows("SELECT DISTINCT event_id FROM portfolio.ledger_transactions")
    assert causes == [{"event_id": import_id}]


def test_a_preview_says_what_a_commit_does_and_writes_nothing(desk: Desk) -> None:
    account_id = desk.open_account()
    before = desk.books(account_id)

    preview = desk.imports.preview(desk.request(account_id, FILE))

    assert (len(preview.added), preview.duplicates, preview.problems) == (6, (), ())
    assert desk.books(account_id) == before
    assert desk.transactions() == 0


def test_what_is_there_already_is_a_duplicate_as_often_as_it_is_there(desk: Desk) -> None:
    account_id = desk.open_account()
    desk.commit(account_id, FILE)
    third = FILE.replace(BUY, BUY * 2, 1)

    again = desk.imports.preview(desk.request(account_id, FILE))
    more = desk.imports.preview(desk.request(account_id, third))

    assert (len(again.added), len(again.duplicates)) == (0, 6)
    assert (len(more.added), len(more.duplicates)) == (1, 6)
    assert more.problems != (), "it is older than a sale that has closed its lots"


def test_a_row_that_its_venue_has_named_is_one_however_often_it_comes(desk: Desk) -> None:
    account_id = desk.open_account()
    named = HEADER + "2024-01-02,deposit,,,,50,,d-1\n" * 2

    desk.commit(account_id, named)

    assert desk.worth(account_id).cash == 50


def test_a_row_that_cannot_be_booked_is_named_and_nothing_is(desk: Desk) -> None:
    account_id = desk.open_account()
    short = FILE + "2024-04-01,sell,AAPL,6,110,,,\n"

    with pytest.raises(InvalidInputError) as refused:
        desk.commit(account_id, short)
    preview = desk.imports.preview(desk.request(account_id, short))

    assert refused.value.problems[0].field == "line 8, column quantity"
    assert "1 AAPL more than the account holds" in refused.value.problems[0].message
    assert [(one.line, one.column) for one in preview.problems] == [(8, "quantity")]
    assert desk.transactions() == 0


def test_the_same_key_imports_once(desk: Desk) -> None:
    account_id = desk.open_account()

    first = desk.commit(account_id, FILE, key="once")
    again = desk.commit(account_id, FILE, key="once")

    assert first == again
    assert desk.transactions() == 6


def test_undoing_leaves_the_books_as_they_were_and_deletes_nothing(desk: Desk) -> None:
    account_id = desk.open_account()
    desk.commit(account_id, HEADER + "2024-01-02,deposit,,,,9000,,\n" + BUY, key="first")
    before = desk.books(account_id)
    import_id = desk.commit(account_id, FILE.replace("2024-01-03", "2024-01-04"), key="second")

    desk.undo(account_id, import_id)

    assert desk.books(account_id) == before
    assert desk.transactions() == 2 + 6 + 6
    assert desk.read.show(account_id, import_id).undo_reason == "the wrong file"
    again = desk.imports.preview(desk.request(account_id, FILE.replace("01-03", "01-04")))
    assert len(again.added) == 6


def test_undoing_twice_is_undoing_once(desk: Desk) -> None:
    account_id = desk.open_account()
    import_id = desk.commit(account_id, FILE)

    desk.undo(account_id, import_id)
    desk.undo(account_id, import_id)

    assert desk.transactions() == 12


def test_what_a_later_fill_has_closed_from_is_not_undone_and_the_fill_is_named(desk: Desk) -> None:
    account_id = desk.open_account()
    first = desk.commit(account_id, HEADER + BUY, key="first")
    later = desk.commit(account_id, HEADER + "2024-05-01,sell,AAPL,4,120,,,\n", key="later")

    with pytest.raises(ConflictError, match=r"sell 4 AAPL at 120 \(2024-05-01\)"):
        desk.undo(account_id, first)

    desk.undo(account_id, later)
    desk.undo(account_id, first)
    assert desk.books(account_id) == {"balances": [], "lots": []}


def test_a_return_of_capital_is_booked_on_the_lots_and_undone(desk: Desk) -> None:
    account_id = desk.open_account()
    desk.commit(account_id, HEADER + BUY, key="first")
    before = desk.books(account_id)
    returned = HEADER + "2024-02-01,return_of_capital,AAPL,,,30,,\n"

    import_id = desk.commit(account_id, returned, key="second")

    assert desk.worth(account_id).positions[0].cost == 970
    desk.undo(account_id, import_id)
    assert desk.books(account_id) == before


def test_what_the_desk_trades_itself_is_not_imported_beside_it(desk: Desk) -> None:
    account_id = desk.open_account()
    desk.service.hear_fill(fill_recorded(fill(1, "5", "10", account_id=account_id), 1))

    with pytest.raises(InvalidInputError, match="the desk trades AAPL in this account"):
        desk.commit(account_id, HEADER + BUY)


def test_cash_is_what_the_file_states_and_the_rounding_stands_by_itself(desk: Desk) -> None:
    account_id = desk.open_account()
    odd = HEADER + "2024-01-03,buy,AAPL,3,33.3333,-100.00,,\n"

    desk.commit(account_id, odd)

    assert desk.worth(account_id).cash == -100
    assert desk.worth(account_id).imbalance == 0
    rounding = [
        one for one in desk.books(account_id)["balances"] if "rounding" in one["ledger_account"]
    ]
    assert [one["amount"] for one in rounding] == [Decimal("0.0001")]


def test_another_owner_finds_neither_the_account_nor_its_import(desk: Desk) -> None:
    account_id = desk.open_account()
    import_id = desk.commit(account_id, FILE)
    other = ImportRequest("bob", account_id, Format.OWN, FILE, NO_MAPPING)

    with pytest.raises(NotFoundError):
        desk.imports.commit(other, "k-2")
    with pytest.raises(NotFoundError):
        desk.imports.undo(UndoRequest("bob", account_id, import_id, "mine"))
    with pytest.raises(NotFoundError):
        PostgresImportReader(desk.database, "bob").show(account_id, import_id)
    assert PostgresImportReader(desk.database, "bob").history(account_id, after=0, limit=9) == []


@pytest.mark.parametrize(
    ("name", "written"),
    [("ibkr_flex.csv", Format.IBKR_FLEX), ("alpaca.json", Format.ALPACA)],
)
def test_a_brokers_file_is_booked_and_undone_and_its_export_is_all_duplicates(
    desk: Desk, name: str, written: Format
) -> None:
    account_id = desk.open_account()
    text = (FILES / name).read_text()

    import_id = desk.commit(account_id, text, written=written)
    again = desk.imports.preview(desk.request(account_id, desk.exported(account_id)))

    assert (again.added, again.problems) == ((), ())
    desk.undo(account_id, import_id)
    assert desk.books(account_id) == {"balances": [], "lots": []}


def history(seed: int) -> str:
    """Many rows of three instruments that never sell what is not held."""
    draw = seeded(seed)
    held = {"AAPL": 0, "IBM": 0, "MSFT": 0}
    lines = [HEADER + "2024-01-01,deposit,,,,100000.01,,\n"]
    for number in range(60):
        day = f"2024-{1 + number // 20:02d}-{1 + number % 20:02d}"
        name = draw.choice(sorted(held))
        price = f"{draw.randint(1, 99_999)}.{draw.randint(0, 9999):04d}"
        size = draw.randint(1, 50)
        if held[name] >= size and draw.random() < 0.5:
            held[name] -= size
            lines.append(f"{day},sell,{name},{size},{price},,{draw.randint(0, 9)}.{number:02d},\n")
        elif draw.random() < 0.8:
            held[name] += size
            lines.append(f"{day},buy,{name},{size},{price},,,\n")
        else:
            kind = draw.choice(["fee", "tax", "interest", "withdrawal"])
            lines.append(f"{day},{kind},,,,-{size}.{number:02d},,\n")
    return "".join(lines)


@pytest.mark.parametrize("seed", range(5))
def test_what_is_exported_and_imported_elsewhere_makes_the_same_books(
    desk: Desk, seed: int
) -> None:
    account_id, other = desk.open_account(key="k-1"), desk.open_account(key="k-2")
    desk.commit(account_id, history(seed))

    desk.commit(other, desk.exported(account_id), key="copy")

    assert desk.books(other) == desk.books(account_id)
    assert desk.exported(other) == desk.exported(account_id)


def test_the_desks_own_trades_are_exported_and_make_the_same_books(desk: Desk) -> None:
    account_id, other = desk.open_account(key="k-1"), desk.open_account(key="k-2")
    desk.deposit(account_id, "100000", "d-1")
    for number, (size, price) in enumerate([("30", "10.5"), ("-7", "11.3333"), ("-3", "9")], 1):
        one = fill(
            number,
            size,
            price,
            account_id=account_id,
            commission="1.005",
            occurred_at=closes_at(number),
        )
        desk.service.hear_fill(fill_recorded(one, number))

    desk.commit(other, desk.exported(account_id))

    again = desk.imports.preview(desk.request(account_id, desk.exported(account_id)))
    assert desk.books(other) == desk.books(account_id)
    assert (again.added, len(again.duplicates)) == ((), 4)


@pytest.mark.parametrize("seed", range(5))
def test_undoing_every_import_last_first_leaves_nothing(desk: Desk, seed: int) -> None:
    account_id = desk.open_account()
    lines = history(seed).splitlines(keepends=True)
    made = [
        desk.commit(account_id, HEADER + "".join(lines[first : first + 15]), key=f"k-{first}")
        for first in range(1, len(lines), 15)
    ]

    for import_id in reversed(made):
        desk.undo(account_id, import_id)

    assert desk.books(account_id) == {"balances": [], "lots": []}


def test_an_import_that_later_purchases_stand_beside_is_undone_and_leaves_them(desk: Desk) -> None:
    account_id = desk.open_account()
    first = desk.commit(account_id, HEADER + BUY, key="first")
    desk.commit(account_id, HEADER + "2024-05-01,buy,AAPL,4,120,,,\n", key="later")

    desk.undo(account_id, first)

    worth = desk.worth(account_id)
    assert [(p.quantity, p.cost) for p in worth.positions] == [(4, 480)]
    assert worth.cash == -480


def test_a_short_sale_is_imported_into_a_margin_account_alone(desk: Desk) -> None:
    asked = NewAccount("ann", "Margin", "margin", "USD", "paper")
    account_id = desk.service.open_account(asked, key="m", correlation_id="test")

    import_id = desk.commit(account_id, HEADER + "2024-05-01,sell,AAPL,4,120,,,\n")

    assert [(p.quantity, p.cost) for p in desk.worth(account_id).positions] == [(-4, -480)]
    desk.undo(account_id, import_id)
    assert desk.books(account_id) == {"balances": [], "lots": []}


def test_the_role_may_neither_change_nor_remove_what_was_imported(desk: Desk) -> None:
    import_id = desk.commit(desk.open_account(), FILE)

    for attempt in (
        "DELETE FROM portfolio.imports WHERE import_id = %s",
        "DELETE FROM portfolio.import_rows WHERE import_id = %s",
        "UPDATE portfolio.import_rows SET content_hash = '' WHERE import_id = %s",
        "UPDATE portfolio.imports SET added = 0 WHERE import_id = %s",
    ):
        with pytest.raises(Exception, match="permission denied"):
            desk.rows(attempt, (import_id,))


def test_an_imported_flow_is_corrected_by_undoing_its_import_alone(desk: Desk) -> None:
    account_id = desk.open_account()
    import_id = desk.commit(account_id, HEADER + "2024-03-01,fee,,,,-3,,\n")
    (row,) = desk.rows("SELECT transaction_id FROM portfolio.ledger_transactions")
    flows = CashFlows(PostgresLibrary(desk.database), desk.clock, CountedIds())
    asked = ReversalRequest("ann", account_id, row["transaction_id"], "wrong", "r-1", "test")

    with pytest.raises(ConflictError, match=f"undo import {import_id}"):
        flows.reverse(asked)
