"""What a correction asks of the database does not grow with the fills that it corrects.

They are compared and posted page by page: whatever a page holds, it takes the same statements, and
however small the pages are, the books end as the journal tells them.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from decimal import Decimal
from typing import Any

import psycopg
import pytest

from bifrost.core.corporate_actions import SpinOff
from bifrost.portfolio import correcting
from bifrost.portfolio.lot_selection import LotMethod, Selection
from bifrost.portfolio.lots import LotPart
from tests.action_builders import action, dividend, split
from tests.builders import session
from tests.contract.acting_desk import ActingDesk, new_desk
from tests.postgres_server import Server

SPLIT = action(split("4", "1"), "split", ex_date=session(2))
PAID = action(dividend("1"), "paid", ex_date=session(2), pay_date=session(3))
VENDOR = (
    SPLIT,
    action(
        SpinOff("SPUN", Decimal("0.3"), Decimal("0.21"), None, Decimal("7.77")),
        "spun",
        ex_date=session(2),
    ),
    PAID,
    replace(SPLIT, revision=2, split=split("1", "3", "99.99")),
    replace(PAID, revision=2, withdrawn=True),
)


@contextmanager
def statements() -> Iterator[list[str]]:
    """Count what is sent to the database."""
    sent: list[str] = []
    execute = psycopg.Cursor.execute

    def counted(cursor: Any, query: Any, *values: Any, **more: Any) -> Any:
        sent.append(str(query))
        return execute(cursor, query, *values, **more)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(psycopg.Cursor, "execute", counted)
        yield sent


def sell(desk: ActingDesk, sales: int, *, named: bool = False) -> None:
    """Let an account buy lots, and sell from them so many times after an action's day."""
    desk.open(1)
    bought = [desk.made(1, "10", f"{90 + number}") for number in range(max(5, sales // 5))]
    for one in bought:
        desk.service.hear_fill(one)
    desk.open(3)
    for number in range(sales):
        order = {}
        if named:
            order["order_id"] = f"named-{number}"
            lot = f"paper:{bought[number // 5].fill.execution_id}"
            chosen = Selection(LotMethod.SPECIFIC, (LotPart(lot, Decimal(2)),))
            desk.choose(chosen, order["order_id"])
        desk.trade(3, "-1", "110", **order)


@pytest.mark.parametrize("named", [False, True])
def test_as_many_statements_for_fifty_later_sales_as_for_five(
    postgres_server: Server, *, named: bool
) -> None:
    counts = []
    for sales in (5, 50):
        with new_desk(postgres_server) as desk:
            sell(desk, sales, named=named)
            with statements() as announced:
                desk.hear(SPLIT)
            with statements() as withdrawn:
                desk.hear(replace(SPLIT, revision=2, withdrawn=True))
            with statements() as late:
                desk.trade(1, "3", "80")
            counts.append([len(announced), len(withdrawn), len(late)])

            assert desk.stored() == desk.rebuilt()

    assert counts[0] == counts[1]


def test_pages_of_any_size_end_in_the_same_books(
    postgres_server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    ends = []
    for page in (1, 3, 2000):
        monkeypatch.setattr(correcting, "PAGE", page)
        with new_desk(postgres_server) as desk:
            sell(desk, 7)
            for one in VENDOR:
                desk.hear(one)
            desk.trade(1, "3", "80")

            assert desk.stored() == desk.rebuilt()
            assert desk.told()[0] == desk.held()
            ends.append((desk.stored(), desk.told()))

    assert ends[0] == ends[1] == ends[2]
