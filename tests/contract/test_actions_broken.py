"""An action heard late that the books cannot keep is refused, and its account goes on.

What nobody foresaw is a constraint of the database: here a lot that keeps its cost and loses its
last share, once the check that foresees it is taken away.
"""

from collections.abc import Callable
from dataclasses import replace

import pytest

from bifrost.adapters.postgres.database import Database
from bifrost.adapters.postgres.portfolio_statements import PostgresStatementReader
from bifrost.core.corporate_actions import CorporateAction
from bifrost.core.errors import ConflictError
from bifrost.portfolio import acting, replaying
from bifrost.portfolio.corporate_actions import effects
from bifrost.portfolio.rebuilding import rebuild_account
from tests.action_builders import action, dividend, split
from tests.builders import session
from tests.contract.acting_desk import ActingDesk, Books

MANY = "1" + "0" * 15
DUST = action(split("1", MANY), "dust", ex_date=session(2))
SPLIT = action(split("4", "1"), "split", ex_date=session(2))


@pytest.fixture
def desk(make_database: Callable[[str], Database], monkeypatch: pytest.MonkeyPatch) -> ActingDesk:
    """A desk that nobody warns: in the third session, with ten shares since the first."""
    for module in (acting, effects, replaying):
        monkeypatch.setattr(module, "refusal", lambda *_: "")
    desk = ActingDesk(make_database("portfolio"))
    desk.open(1)
    desk.trade(1, "10", "400")
    desk.open(3)
    desk.trade(3, "1", "10", "IBM")
    return desk


def refused(desk: ActingDesk) -> list[tuple[str, int]]:
    """Name the revisions that the books could not keep."""
    rows = desk.rows("SELECT * FROM portfolio.action_refusals WHERE is_broken ORDER BY action_id")
    return [(row["action_id"], row["revision"]) for row in rows]


def unheard(desk: ActingDesk, *actions: CorporateAction) -> None:
    """Keep announcements that no account has met."""
    with desk.library.open() as books:
        for one in actions:
            books.actions.put(one, desk.clock.now())


def held(desk: ActingDesk) -> Books:
    """Quantity and cost of what matters here."""
    return {name: held for name, held in desk.positions().items() if name != "IBM"}


def agrees(desk: ActingDesk) -> bool:
    """Say whether the stored books are those of the journal."""
    return rebuild_account(desk.library, desk.account_id, "USD").differences == ()


def test_an_action_heard_late_that_cannot_be_kept_is_refused_and_the_account_goes_on(
    desk: ActingDesk,
) -> None:
    desk.trade(3, "-4", "410")

    desk.hear(DUST)
    desk.trade(3, "5", "10", "MSFT")

    assert refused(desk) == [("dust", 1)]
    assert held(desk) == {"AAPL": (6, 2400), "MSFT": (5, 50)}
    assert agrees(desk)


def test_reconciliation_and_rebuild_show_what_could_not_be_kept(desk: ActingDesk) -> None:
    desk.hear(DUST)

    (shown,) = PostgresStatementReader(desk.database, "ann").refused_actions(desk.account_id)
    assert shown.action_id == "dust"
    made = rebuild_account(desk.library, desk.account_id, "USD")
    assert made.refused == {"dust": shown.reason}
    assert "dust of AAPL does not fit the books: " in shown.reason


def test_a_later_revision_heals_it(desk: ActingDesk) -> None:
    desk.hear(DUST)
    desk.trade(3, "-4", "410")

    desk.hear(replace(DUST, revision=2, split=split("2", "1")))

    assert held(desk)["AAPL"] == (16, 3200)
    assert agrees(desk)
    assert rebuild_account(desk.library, desk.account_id, "USD").refused == {}


def test_a_correction_that_cannot_be_kept_takes_back_what_it_corrects(desk: ActingDesk) -> None:
    desk.hear(action(split("2", "1"), "dust", ex_date=session(2)))

    desk.hear(replace(DUST, revision=2))

    assert refused(desk) == [("dust", 2)]
    assert held(desk)["AAPL"] == (10, 4000)
    assert agrees(desk)


def test_of_several_that_were_heard_only_the_one_to_blame_is_refused(desk: ActingDesk) -> None:
    paid = action(dividend("1"), "paid", ex_date=session(2))
    unheard(desk, paid, DUST, replace(SPLIT, ex_date=session(3)))

    assert desk.acts.sweep("test") == 1

    assert refused(desk) == [("dust", 1)]
    assert held(desk)["AAPL"] == (40, 4000)
    assert desk.stored()["balances"]["income:dividends:qualified", "USD"] == -10
    assert agrees(desk)
    assert desk.told()[0] == desk.held()


def test_a_late_fill_is_booked_without_the_action_that_cannot_be_kept(desk: ActingDesk) -> None:
    unheard(desk, DUST, SPLIT)

    desk.trade(1, "5", "300")

    assert refused(desk) == [("dust", 1)]
    assert held(desk)["AAPL"] == (60, 5500)
    assert agrees(desk)


def test_a_late_fill_that_is_itself_to_blame_is_not_booked(desk: ActingDesk) -> None:
    desk.trade(1, MANY, "0.01")
    desk.trade(1, "-10", "400")
    desk.hear(DUST)
    assert held(desk)["AAPL"][0] == 1

    with pytest.raises(ConflictError):
        desk.trade(1, "1", "0.01")

    assert refused(desk) == []
    assert held(desk)["AAPL"][0] == 1


def test_a_withdrawal_that_cannot_be_followed_leaves_the_books_as_they_are(
    desk: ActingDesk,
) -> None:
    grown = action(split(MANY, "1"), "grown", ex_date=session(2))
    desk.hear(grown)
    desk.hear(replace(DUST, ex_date=session(3)))

    desk.hear(replace(grown, revision=2, withdrawn=True))
    desk.trade(3, "5", "10", "MSFT")

    assert refused(desk) == [("grown", 2)]
    assert held(desk) == {"AAPL": (10, 4000), "MSFT": (5, 50)}
    assert not agrees(desk)
    desk.hear(replace(DUST, ex_date=session(3), revision=2, withdrawn=True))
    assert agrees(desk)
