"""Corporate actions as the queue, the schedule and HTTP reach them."""

from collections.abc import Callable, Iterator

import pytest

from tests.action_builders import action, announced, dividend, split
from tests.builders import bar, bar_closed, session
from tests.functions.portfolio_desk import Desk, plugged_desk

SPLIT = announced(action(split("4", "1"), ex_date=session(2)))


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch, database_url: Callable[[str], str]) -> Iterator[Desk]:
    for made in plugged_desk(monkeypatch, database_url):
        made.post(f"{made.cash}/deposits", {"amount": "10000"}, "d-1")
        yield made


def test_an_announced_split_is_applied_with_the_first_bar_of_its_day(desk: Desk) -> None:
    assert desk.function.deliver(SPLIT) == []
    desk.trade(("10", "100"))

    assert desk.function.deliver(bar_closed(bar(1, "100"), 1), bar_closed(bar(2, "25"), 2)) == []

    (position,) = desk.get(f"{desk.books}/positions").body["items"]
    assert (position["quantity"], position["cost"]) == ("40", "1000.00")
    told = [entry[1] for entry in desk.bus.entries]
    assert told.count("PositionChanged.v1") == 2


def test_a_dividend_that_is_due_counts_as_equity(desk: Desk) -> None:
    paid = action(dividend("2"), ex_date=session(2), pay_date=session(9))
    desk.trade(("10", "100"))
    desk.function.deliver(announced(paid))
    desk.function.deliver(bar_closed(bar(1, "100"), 1), bar_closed(bar(2, "98"), 2))

    shown = desk.get(desk.books).body

    assert (shown["cash"], shown["due"], shown["equity"]) == ("8999.00", "20.00", "9999.00")


def test_accounts_that_no_listener_brought_up_are_counted(desk: Desk) -> None:
    assert desk.function.task("follow_actions") == {"followed": 0}
