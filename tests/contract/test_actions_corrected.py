"""A vendor's correction leaves the books and the orders in which its error never was.

After every step the venue states what the books of portfolio are by the same events.
"""

from dataclasses import replace
from decimal import Decimal

import pytest

from bifrost.core.corporate_actions import (
    CorporateAction,
    Delisting,
    Merger,
    Rename,
    SpinOff,
    Terms,
)
from bifrost.core.orders import OrderType, Side
from tests.action_builders import action, dividend, split
from tests.builders import ACCOUNT, seeded, session
from tests.contract.restating_desk import RestatingDesk
from tests.execution_desk import MakeDatabase

D = Decimal


@pytest.fixture
def desk(make_database: MakeDatabase) -> RestatingDesk:
    return RestatingDesk(make_database)


def test_a_vendors_correction_is_undone_and_redone(desk: RestatingDesk) -> None:
    wrong = action(split("2", "1"), pay_date=session(4))
    desk.vendor(wrong)
    desk.bar(3, "53 54 52 53")
    part = desk.named("part")
    traded = part.filled_quantity
    desk.check()

    desk.vendor(replace(wrong, revision=2, withdrawn=True))
    assert desk.terms("buy") == ("AAPL", "100", "90", "accepted")
    assert desk.terms("sell") == ("AAPL", "50", "120", "accepted")
    assert desk.terms("stop") == ("AAPL", "60", "80", "accepted")
    assert traded == 2000
    assert desk.terms("part")[1:] == ("0", "52.5", "filled")
    desk.check()

    desk.vendor(action(split("3", "1"), revision=3))
    assert desk.terms("buy") == ("AAPL", "300", "30", "accepted")
    assert desk.terms("sell") == ("AAPL", "150", "40", "accepted")
    assert desk.terms("stop") == ("AAPL", "180", "26.66", "accepted")
    desk.check()
    desk.bar(4, "33 33 33 33")
    desk.check()


def test_rounded_prices_come_back_when_the_action_is_withdrawn(desk: RestatingDesk) -> None:
    wrong = action(split("7", "3"))
    desk.vendor(wrong)
    desk.bar(3, "46 47 46 46")
    assert desk.terms("buy") == ("AAPL", "233", "38.57", "accepted")

    desk.vendor(replace(wrong, revision=2, withdrawn=True))
    assert desk.terms("buy") == ("AAPL", "100", "90", "accepted")
    desk.check()


def test_a_part_filled_order_keeps_what_it_traded_in_between(desk: RestatingDesk) -> None:
    desk.name("large", type=OrderType.LIMIT, quantity=D(3000), limit_price=D(95))
    wrong = action(split("2", "1"))
    desk.vendor(wrong)
    # A thousand of 6,000 at 47.50 trade; `part` takes its own thousand.
    desk.bar(3, "47 47 47 47")
    assert desk.terms("large") == ("AAPL", "5000", "47.5", "partially_filled")

    desk.vendor(replace(wrong, revision=2, withdrawn=True))
    assert desk.terms("large") == ("AAPL", "2000", "95", "partially_filled")
    assert desk.named("large").intent.quantity == 3000
    desk.check()


def test_an_order_that_traded_more_than_it_was_meant_for_ends(desk: RestatingDesk) -> None:
    desk.name("small", type=OrderType.LIMIT, quantity=D(600), limit_price=D(95))
    wrong = action(split("2", "1"))
    desk.vendor(wrong)
    # A thousand of 1,200 trade, which was meant to be 600.
    desk.bar(3, "47 47 47 47")
    desk.vendor(replace(wrong, revision=2, withdrawn=True))

    assert desk.terms("small")[1:] == ("0", "47.5", "cancelled")
    assert "traded in full before the correction" in desk.named("small").venue_text
    desk.check()


def test_an_order_that_a_wrong_action_cancelled_stays_cancelled(desk: RestatingDesk) -> None:
    wrong = action(split("1", "2"))
    desk.vendor(wrong)
    desk.bar(3, "200 210 190 200")
    desk.vendor(replace(wrong, revision=2, withdrawn=True))

    assert desk.terms("buy") == ("AAPL", "0", "90", "cancelled")
    desk.check()


def test_shares_that_a_withdrawn_split_never_made_are_owed_after_they_were_sold(
    desk: RestatingDesk,
) -> None:
    wrong = action(split("2", "1"))
    desk.vendor(wrong)
    desk.bar(3, "53 54 53 54")
    desk.name("out", side=Side.SELL, type=OrderType.LIMIT, quantity=D(1000), limit_price=D(50))
    desk.name("more", side=Side.SELL, type=OrderType.LIMIT, quantity=D(1000), limit_price=D(50))
    desk.bar(4, "53 54 53 54")
    desk.vendor(replace(wrong, revision=2, withdrawn=True))

    assert desk.venue.statement(ACCOUNT).positions == {"AAPL": -800}
    desk.check()


def test_a_correction_moves_the_ex_date_and_the_payment(desk: RestatingDesk) -> None:
    first = action(dividend("0.50"), pay_date=session(3))
    desk.vendor(first)
    desk.bar(3, "110 111 109 110")
    desk.check()
    desk.vendor(replace(first, revision=2, ex_date=session(5), pay_date=session(6)))
    assert desk.terms("buy") == ("AAPL", "100", "90", "accepted")
    for day in (4, 5, 6):
        desk.check()
        desk.bar(day, "110 111 109 110")

    assert desk.terms("buy") == ("AAPL", "100", "89.5", "accepted")
    desk.check()


def test_revisions_that_arrive_the_wrong_way_round_end_with_the_highest(
    desk: RestatingDesk,
) -> None:
    first = action(split("2", "1"))
    desk.vendor(replace(first, revision=2, split=split("3", "1")))
    desk.vendor(first)
    desk.bar(3, "36 36 36 36")

    assert desk.terms("buy") == ("AAPL", "300", "30", "accepted")
    desk.check()


TERMS: list[Terms] = [
    split("2", "1"),
    split("2", "3", "70"),
    split("1", "4"),
    dividend("0.37"),
    SpinOff("NEW", D("0.3"), D("0.1"), D(20), D(20)),
    Merger(D(2), "NEW", D("0.5"), D(60), D(60)),
    Rename("NEW"),
    Delisting(D("0.5")),
]


@pytest.mark.parametrize("seed", range(10))
def test_whatever_the_vendor_says_and_takes_back_the_venue_states_the_books(
    desk: RestatingDesk, seed: int
) -> None:
    draw = seeded(seed)
    known: dict[str, CorporateAction] = {}
    day = 2
    for number in range(16):
        what = draw.choice(("announce", "correct", "bar"))
        ex_date = session(draw.randint(2, 8))
        if what == "announce" or (what == "correct" and not known):
            terms = draw.choice(TERMS)
            leads = hasattr(terms, "new_instrument")
            held = "AAPL" if leads else draw.choice(("AAPL", "NEW"))
            one = action(terms, f"a-{number}", instrument=held, ex_date=ex_date)
        elif what == "correct":
            old = known[draw.choice(sorted(known))]
            withdrawn = draw.random() < 0.5
            one = replace(old, revision=old.revision + 1, ex_date=ex_date, withdrawn=withdrawn)
        else:
            day += 1
            desk.bar(day, "60 62 58 60")
            desk.bar(day, "60 62 58 60", "NEW")
            desk.check()
            continue
        known[one.action_id] = one
        desk.vendor(one)
        desk.check()
