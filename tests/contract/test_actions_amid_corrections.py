"""Actions that come, go and come again: to what was sold short, and amid another's correction.

Whatever is corrected while what is played, and whatever was short by then, the stored books end as
the journal tells them, and hold the shares that a custodian counts.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bifrost.adapters.postgres.database import Database
from bifrost.adapters.postgres.portfolio_books import PostgresLibrary
from bifrost.core.corporate_actions import CorporateAction
from bifrost.portfolio import correcting, difference, trying
from bifrost.portfolio.rebuilding import rebuild_account
from tests.action_builders import action
from tests.builders import session
from tests.contract.acting_desk import ActingDesk, new_desk
from tests.contract.ledger_desk import NOW
from tests.contract.test_actions_in_any_order import DAYS, TERMS, counted
from tests.postgres_server import Server

Trade = tuple[int, str, str, str]

_DAY = st.integers(1, DAYS)
_PRICE = st.integers(50, 90000).map(lambda cents: f"{cents}E-2")
_SYMBOL = st.sampled_from(("AAPL", "AAPL", "AAPL", "BIG"))
_SHORT: st.SearchStrategy[Trade] = st.tuples(_DAY, st.integers(-40, -1).map(str), _PRICE, _SYMBOL)
_COVER: st.SearchStrategy[Trade] = st.tuples(_DAY, st.integers(1, 25).map(str), _PRICE, _SYMBOL)
_ANY = st.one_of(_SHORT, _COVER)


@st.composite
def an_action(draw: st.DrawFn, action_id: str, revision: int = 1) -> CorporateAction:
    """A revision of an action on some day."""
    day = session(draw(_DAY))
    paid = draw(st.none() | st.integers(0, 4))
    return action(
        draw(TERMS),
        action_id,
        ex_date=day,
        pay_date=None if paid is None else day + timedelta(days=paid),
        revision=revision,
    )


@contextmanager
def two_processes(server: Server) -> Iterator[tuple[ActingDesk, PostgresLibrary]]:
    """A desk, and the books that another process has open."""
    with server.fresh_database() as name:
        opened = [Database(server.address("bifrost_portfolio", name)) for _ in range(2)]
        try:
            yield ActingDesk(opened[0]), PostgresLibrary(opened[1])
        finally:
            for one in opened:
                one.close()


@contextmanager
def amid(library: PostgresLibrary, told: CorporateAction, *, late: bool) -> Iterator[None]:
    """Let another process keep a vendor's word while an account is being corrected.

    late: once some of it is posted; before, it is kept between what the account knows of and what
    it reads of the actions.
    """
    room, name = (difference.Difference, "post") if late else (trying.Trying, "correct")
    usual = getattr(room, name)
    waiting = [told]

    def interrupted(*values: Any) -> Any:
        while waiting:
            with library.open() as books:
                books.actions.put(waiting.pop(), NOW)
        return usual(*values)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(room, name, interrupted)
        yield


def agree(desk: ActingDesk) -> None:
    """Assert that the books are the journal's, and the shares a custodian's."""
    assert rebuild_account(desk.library, desk.account_id, "USD").differences == ()
    assert desk.stored() == desk.rebuilt()
    assert desk.told()[0] == desk.held()
    assert {name: held for name, (held, _) in desk.held().items() if held} == counted(desk)


@settings(max_examples=25, deadline=None)
@given(
    before=st.lists(_SHORT, min_size=1, max_size=4),
    amidst=st.lists(_ANY, max_size=3),
    after=st.lists(_ANY, max_size=3),
    first=an_action("a-1"),
    again=an_action("a-1", 3),
)
def test_an_action_on_shorts_comes_late_is_withdrawn_and_comes_again(
    postgres_server: Server,
    before: list[Trade],
    amidst: list[Trade],
    after: list[Trade],
    first: CorporateAction,
    again: CorporateAction,
) -> None:
    with new_desk(postgres_server) as desk:
        for trade in before:
            desk.trade(*trade)
        desk.open(DAYS + 1)
        untouched = desk.stored()
        desk.hear(first)
        agree(desk)
        for trade in amidst:
            desk.trade(*trade)
        desk.hear(replace(first, revision=2, withdrawn=True))
        agree(desk)
        assert amidst or desk.stored() == untouched
        for trade in after:
            desk.trade(*trade)
        desk.hear(again)

        agree(desk)


@settings(max_examples=25, deadline=None)
@given(
    trades=st.lists(_ANY, min_size=1, max_size=6),
    vendor=st.tuples(an_action("a-1"), an_action("a-2"), an_action("a-2", 2), st.booleans()),
    late=st.booleans(),
    page=st.sampled_from([1, 2, 2000]),
)
def test_an_action_that_is_corrected_while_another_is_played_is_not_missed(
    postgres_server: Server, trades: list[Trade], vendor: Any, *, late: bool, page: int
) -> None:
    one, other, second, withdrawn = vendor
    corrected = replace(second, withdrawn=withdrawn)
    with two_processes(postgres_server) as (desk, library), pytest.MonkeyPatch.context() as patch:
        patch.setattr(correcting, "PAGE", page)
        for trade in trades:
            desk.trade(*trade)
        desk.open(DAYS + 1)
        desk.hear(other)
        with amid(library, corrected, late=late):
            desk.hear(one)
        desk.hear(corrected)

        agree(desk)
