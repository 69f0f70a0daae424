"""Corporate actions delivered again, in any order, or cut off at any commit, end the same."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from decimal import Decimal
from functools import partial
from typing import Any

import pytest

from bifrost.adapters.postgres.database import Cursor, Database, Statements
from bifrost.core.errors import UnavailableError
from tests.action_builders import action, announced, corrected, dividend, split
from tests.builders import ACCOUNT, bar, bar_closed, seeded, session
from tests.contract.restating_desk import RestatingDesk
from tests.execution_desk import MakeDatabase

D = Decimal
# Nothing trades at this price, split or not: it is over every limit to buy.
PRICE = "110"
WRONG = action(split("2", "1"))
PAID = action(dividend("0.50"), "a-2", pay_date=session(4))
STORY: list[Any] = [
    announced(WRONG),
    announced(PAID),
    corrected(replace(WRONG, revision=2, withdrawn=True)),
    corrected(action(split("3", "1"), revision=3)),
    corrected(replace(PAID, revision=2, cash_dividend=dividend("0.25"))),
    *(bar_closed(bar(day, PRICE), day) for day in (3, 4, 5)),
    *(bar_closed(bar(day, "20", instrument="NEW"), day - 2) for day in (3, 4, 5)),
]


def deliver(desk: RestatingDesk, event: Any) -> None:
    """Bring an event to its listener."""
    if hasattr(event, "action"):
        desk.listener.on_corporate_action(event)
    else:
        desk.listener.on_bar_closed(event)


def quiet(desk: RestatingDesk) -> RestatingDesk:
    """Leave the desk with orders to buy alone, which do not trade while the story is told."""
    for name in ("sell", "stop"):
        desk.canceller.cancel(desk.ids[name])
    desk.told += [event for event in STORY if hasattr(event, "action")]
    desk.session = 5
    return desk


def books(desk: RestatingDesk) -> tuple[Any, ...]:
    """What is kept of it: without the wording of steps, which tell how it came about."""
    venue = desk.venue.statement(ACCOUNT)
    dues = desk.dues()
    return (
        replace(venue, last_report=0),
        dues,
        {name: desk.terms(name) for name in desk.ids},
        desk.rows("corporate_actions"),
    )


def expected(desk: RestatingDesk) -> None:
    """Assert the end of the story: three for one, after a dividend of 25 cents on 1,200."""
    assert desk.terms("buy") == ("AAPL", "300", "29.91", "accepted")
    assert desk.terms("part") == ("AAPL", "1500", "34.91", "partially_filled")
    assert desk.dues() == [("a-2", D(300), True)]
    assert desk.venue.statement(ACCOUNT).positions == {"AAPL": 3600}
    desk.check()


@pytest.mark.parametrize("seed", range(6))
def test_any_order_with_repeats_ends_the_same(make_database: MakeDatabase, seed: int) -> None:
    desk = quiet(RestatingDesk(make_database))
    told = STORY * 3
    seeded(seed).shuffle(told)

    for event in told:
        deliver(desk, event)

    expected(desk)


def test_everything_again_changes_no_row(make_database: MakeDatabase) -> None:
    desk = quiet(RestatingDesk(make_database))
    for event in STORY:
        deliver(desk, event)
    expected(desk)
    before = (books(desk), desk.reports(), desk.rows("order_steps"), desk.kinds)

    for event in (*STORY, *reversed(STORY)):
        deliver(desk, event)
    assert (books(desk), desk.reports(), desk.rows("order_steps"), desk.kinds) == before


class Fate:
    """Lets an attempt die at its n-th commit, before it or after it, and the next one at n + 1."""

    def __init__(self) -> None:
        self.dies_at = self.passed = 0
        self.deaths = 0

    def meet(self) -> None:
        """Pass by the place, or die there."""
        self.passed += 1
        if self.passed == self.dies_at:
            self.deaths += 1
            raise UnavailableError("the process was killed")

    def live_through(self, attempt: Callable[[], None]) -> None:
        """Repeat what dies at its first place, then at its second, until it has no more."""
        for place in range(1, 100):
            self.dies_at, self.passed = place, 0
            try:
                attempt()
            except UnavailableError:
                continue
            self.dies_at = 0
            return
        raise AssertionError("it never came to an end")


class Mortal(Database):
    """A database whose process may die before a commit and after it."""

    fate: Fate

    @contextmanager
    def transaction(self) -> Iterator[Cursor]:
        with super().transaction() as cursor:
            yield cursor
            self.fate.meet()
        self.fate.meet()

    @contextmanager
    def pipelined(self) -> Iterator[Statements]:
        with super().pipelined() as statements:
            yield statements
            self.fate.meet()
        self.fate.meet()


def test_a_kill_at_any_commit_loses_nothing_and_repeats_nothing(
    database_url: Callable[[str], str],
) -> None:
    fate, opened = Fate(), []

    def make(schema: str) -> Database:
        made = Mortal(database_url(schema))
        made.fate = fate
        opened.append(made)
        return made

    desk = quiet(RestatingDesk(make))
    for event in STORY:
        fate.live_through(partial(deliver, desk, event))

    # Twice for the venue's commit and twice for ours, at the least.
    assert fate.deaths >= 4 * len(STORY)
    expected(desk)
    restated = [step for step in desk.steps(desk.ids["buy"]) if step.what == "restated"]
    assert [one.kind.value for one in desk.reports()].count("restated") == 2 * len(restated)
    for database in opened:
        database.close()
