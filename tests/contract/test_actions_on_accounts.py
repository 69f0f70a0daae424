"""Actions go through every account by itself, on imported lots as far as their history is known.

An account that cannot follow is named and stops no other; a fill takes the same number of
statements however many lots it closes.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any

import psycopg
import pytest

from bifrost.adapters.memory.clock import SetClock
from bifrost.adapters.memory.ids import CountedIds
from bifrost.adapters.postgres.database import Database
from bifrost.adapters.postgres.portfolio_books import PostgresLibrary
from bifrost.adapters.postgres.portfolio_lots import PostgresLotReader
from bifrost.core.corporate_actions import SpinOff
from bifrost.core.errors import ConflictError
from bifrost.events import PositionChanged
from bifrost.portfolio import acting, corporate_acts
from bifrost.portfolio.catching_up import bring_up
from bifrost.portfolio.corporate_actions import effects
from bifrost.portfolio.corporate_acts import CorporateActs
from bifrost.portfolio.imports.formats import Format
from bifrost.portfolio.imports.mapping import NO_MAPPING
from bifrost.portfolio.imports.service import ImportRequest, Imports, UndoRequest
from bifrost.portfolio.ports import Books
from bifrost.portfolio.rebuilding import rebuild_account
from bifrost.portfolio.telling import Moment
from tests.action_builders import action, announced, split
from tests.builders import bar, bar_closed, fill, fill_recorded, session
from tests.contract.acting_desk import ActingDesk
from tests.contract.ledger_desk import LedgerDesk


class SteppingClock(SetClock):
    """A wall clock on which every look takes six seconds."""

    def now(self) -> datetime:
        """Return this instant, six seconds after the last one."""
        self.pass_by(6)
        return super().now()


SPLIT = action(split("4", "1"), "split", ex_date=session(3))
IMPORTED = (
    "date,kind,instrument,quantity,price,amount,commission,reference\n"
    "2012-01-01,deposit,,,,5000,,\n"
    "2012-01-01,buy,IBM,10,100,,1,\n"
    "2012-01-02,buy,IBM,5,110,,1,\n"
)


@pytest.fixture
def desk(make_database: Callable[[str], Database]) -> ActingDesk:
    return ActingDesk(make_database("portfolio"))


def second_account(desk: ActingDesk, size: str) -> str:
    """Another account, which bought AAPL."""
    account_id = desk.open_account(key="k-2")
    one = fill(900, size, "0.01", account_id=account_id)
    desk.service.hear_fill(fill_recorded(one, 1))
    return account_id


def test_every_account_follows_and_new_ones_do_not(desk: ActingDesk) -> None:
    desk.hear(SPLIT)
    desk.open(1)
    desk.trade(1, "10", "400")
    other = second_account(desk, "7")
    desk.open(3)
    late = desk.open_account(key="k-3")
    one = fill(901, "8", "100", account_id=late, occurred_at=desk.fills[0].fill.occurred_at)
    desk.service.hear_fill(fill_recorded(replace(one, occurred_at=bar(3).closed_at), 1))
    desk.open(4)

    held = {
        account: desk.worth(account).positions[0].quantity
        for account in (desk.account_id, other, late)
    }
    assert held == {desk.account_id: Decimal(40), other: Decimal(28), late: Decimal(8)}


@pytest.fixture
def stuck(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Accounts that cannot follow."""
    accounts: set[str] = set()

    def failing(books: Books, account_id: str, moment: Moment) -> None:
        if account_id in accounts:
            raise RuntimeError("its lots are of another time")
        bring_up(books, account_id, moment)

    monkeypatch.setattr(corporate_acts, "bring_up", failing)
    return accounts


def test_an_account_that_cannot_follow_is_named_and_stops_no_other(
    desk: ActingDesk, stuck: set[str]
) -> None:
    desk.open(1)
    desk.trade(1, "1", "400")
    other = second_account(desk, "20")
    desk.open(3)
    stuck.add(desk.account_id)

    with pytest.raises(ConflictError, match=rf"1 accounts do not follow.*{desk.account_id}"):
        desk.hear(SPLIT)

    assert desk.worth(other).positions[0].quantity == 80
    assert desk.positions()["AAPL"][0] == 1
    desk.open(4)
    with pytest.raises(ConflictError):
        desk.acts.sweep("test")


def test_an_account_that_failed_for_a_week_follows_once_it_can(
    desk: ActingDesk, stuck: set[str]
) -> None:
    desk.hear(SPLIT)
    desk.open(1)
    desk.trade(1, "10", "400")
    desk.open(3)
    stuck.add(desk.account_id)
    with pytest.raises(ConflictError):
        desk.hear(replace(SPLIT, split=split("7", "1"), revision=2))
    desk.clock.pass_by(8 * 24 * 3600)
    stuck.clear()

    assert desk.acts.sweep("test") == 1
    assert desk.positions()["AAPL"][0] == 70
    assert desk.acts.sweep("test") == 0


def test_accounts_that_a_call_has_no_time_for_are_left_to_the_next_sweep(
    desk: ActingDesk,
) -> None:
    desk.open(1)
    desk.trade(1, "10", "400")
    other = second_account(desk, "7")
    desk.open(3)
    acts = CorporateActs(desk.library, SteppingClock(desk.clock.now()), CountedIds("slow-"))

    acts.hear(announced(SPLIT))

    assert acts.sweep("test") == 1
    held = {one: desk.worth(one).positions[0].quantity for one in (desk.account_id, other)}
    assert held == {desk.account_id: 40, other: 28}
    assert acts.sweep("test") == 0


def test_who_has_met_an_action_is_not_brought_up_when_it_is_heard_again(
    desk: ActingDesk, stuck: set[str]
) -> None:
    desk.open(1)
    desk.trade(1, "10", "400")
    desk.open(3)
    desk.hear(SPLIT)
    stuck.add(desk.account_id)

    desk.hear(SPLIT)

    assert desk.positions()["AAPL"][0] == 40


def test_a_bar_is_heard_though_an_account_cannot_follow(desk: ActingDesk, stuck: set[str]) -> None:
    desk.hear(SPLIT)
    desk.open(1)
    desk.trade(1, "1", "400")
    stuck.add(desk.account_id)

    desk.open(3)

    assert desk.rows("SELECT max(session) AS newest FROM portfolio.marks")[0] == {
        "newest": session(3)
    }


def test_a_bar_heard_again_does_what_its_first_hearing_left(desk: ActingDesk) -> None:
    desk.hear(SPLIT)
    desk.trade(1, "10", "400")
    event = bar_closed(bar(3, "100", instrument="CLOCK"), 1)
    with desk.library.open() as books:
        books.facts.once(event)
        books.marks.put(event)

    again = LedgerDesk(desk.database, CountedIds("again-"))
    again.service.hear_bar(event)
    again.service.hear_bar(event)

    assert desk.positions()["AAPL"][0] == 40


def test_an_action_that_the_books_cannot_keep_is_refused_and_the_account_goes_on(
    desk: ActingDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    for one in (acting, effects):
        monkeypatch.setattr(one, "refusal", lambda *_: "")
    desk.hear(action(split("1", "10000000000000"), "dust", ex_date=session(2)))
    desk.open(1)
    desk.trade(1, "1", "400")
    desk.open(3)
    desk.trade(3, "5", "10", "MSFT")

    (refused,) = desk.rows("SELECT action_id, reason FROM portfolio.action_refusals")
    assert refused["action_id"] == "dust"
    assert "dust of AAPL does not fit the books: " in refused["reason"]
    assert desk.positions() == {"AAPL": (1, 400), "MSFT": (5, 50)}
    assert rebuild_account(desk.library, desk.account_id, "USD").differences == ()
    desk.hear(action(split("2", "1"), "dust", ex_date=session(2), revision=2))
    assert desk.positions()["AAPL"] == (2, 400)


@pytest.mark.parametrize("size", ["-3", "-30"])
def test_a_fill_takes_as_many_statements_for_ten_lots_as_for_one(
    desk: ActingDesk, monkeypatch: pytest.MonkeyPatch, size: str
) -> None:
    desk.open(1)
    for _ in range(10):
        desk.trade(1, "3", "100")
    sent: list[str] = []
    execute = psycopg.Cursor.execute

    def counted(cursor: Any, query: Any, *values: Any, **more: Any) -> Any:
        sent.append(str(query))
        return execute(cursor, query, *values, **more)

    recorded = desk.made(1, size, "120")
    monkeypatch.setattr(psycopg.Cursor, "execute", counted)
    desk.service.hear_fill(recorded)

    assert len(sent) == 17
    assert sum("outbox" in one for one in sent) == 1


class Importer:
    """Takes histories into the desk's account."""

    def __init__(self, desk: ActingDesk) -> None:
        self._desk = desk
        self.imports = Imports(PostgresLibrary(desk.database), desk.clock, CountedIds("import-"))

    def commit(self) -> str:
        """Import fifteen IBM in two lots; return the import."""
        asked = ImportRequest("ann", self._desk.account_id, Format.OWN, IMPORTED, NO_MAPPING)
        return self.imports.commit(asked, "k").import_id


IBM_SPLIT = replace(SPLIT, instrument="IBM")


def test_imported_lots_are_split_like_any_and_said_to_be_imported(desk: ActingDesk) -> None:
    Importer(desk).commit()
    desk.hear(IBM_SPLIT)

    desk.open(3)

    assert desk.positions() == {"IBM": (60, 1550)}
    told = [one for one in desk.published() if isinstance(one, PositionChanged)]
    assert [(one.instrument, one.is_imported) for one in told] == [("IBM", True)]


def test_a_correction_on_untouched_imported_lots_is_undone_and_redone(desk: ActingDesk) -> None:
    Importer(desk).commit()
    desk.hear(IBM_SPLIT)
    desk.open(3)

    desk.hear(replace(IBM_SPLIT, split=split("3", "1"), revision=2))
    assert desk.positions() == {"IBM": (45, 1550)}
    desk.hear(replace(IBM_SPLIT, revision=3, withdrawn=True))

    assert desk.positions() == {"IBM": (15, 1550)}
    assert desk.worth(desk.account_id).imbalance == 0


def test_a_correction_on_imported_lots_that_changed_since_says_what_to_do(
    desk: ActingDesk,
) -> None:
    Importer(desk).commit()
    desk.hear(IBM_SPLIT)
    desk.hear(replace(IBM_SPLIT, action_id="second", ex_date=session(4)))
    desk.open(5)

    desk.hear(replace(IBM_SPLIT, revision=2, withdrawn=True))

    assert desk.positions() == {"IBM": (240, 1550)}
    refused = desk.rows("SELECT action_id, revision, reason FROM portfolio.action_refusals")
    assert [(row["action_id"], row["revision"]) for row in refused] == [("split", 2)]
    assert "import it again" in refused[0]["reason"]


def test_an_import_whose_lots_an_action_changed_is_undone_with_what_it_did(
    desk: ActingDesk,
) -> None:
    importer = Importer(desk)
    import_id = importer.commit()
    desk.hear(IBM_SPLIT)
    desk.open(3)
    assert desk.positions() != {}

    importer.imports.undo(UndoRequest("ann", desk.account_id, import_id, "the wrong file"))

    assert desk.positions() == {}


def test_what_the_imported_file_tells_of_later_is_not_split_again(desk: ActingDesk) -> None:
    Importer(desk).commit()

    desk.hear(replace(IBM_SPLIT, ex_date=session(1).replace(day=1)))
    desk.open(3)

    assert desk.positions() == {"IBM": (15, 1550)}


def test_hearing_the_same_revision_twice_changes_nothing(desk: ActingDesk) -> None:
    desk.hear(SPLIT)
    desk.open(1)
    desk.trade(1, "10", "400")
    desk.open(3)

    desk.hear(SPLIT)
    CorporateActs(desk.library, desk.clock, CountedIds("other-")).hear(desk.vendor[0])

    assert desk.positions() == {"AAPL": (40, 4000)}


def test_lots_of_one_age_come_each_once_however_small_the_pages(desk: ActingDesk) -> None:
    Importer(desk).commit()
    spin_off = SpinOff("SPUN", Decimal("0.5"), Decimal("0.2"))
    desk.hear(action(spin_off, ex_date=session(2)))
    desk.open(1)
    desk.trade(1, "10", "400")
    desk.open(2)
    reader = PostgresLotReader(desk.database, "ann")

    seen: list[str] = []
    after = 0
    while page := reader.lots(desk.account_id, "", after=after, limit=1):
        ((after, lot),) = page
        seen.append(lot.instrument)

    assert seen == ["IBM", "IBM", "AAPL", "SPUN"]
