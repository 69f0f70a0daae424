"""As many shares long as short in one instrument are two positions, and each meets every action."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

import pytest

from bifrost.adapters.postgres.database import Database
from bifrost.core.corporate_actions import Merger
from bifrost.portfolio.rebuilding import rebuild_account
from tests.action_builders import action, split
from tests.builders import session
from tests.contract.acting_desk import ActingDesk

MERGER = action(
    Merger(new_instrument="BIG", shares_per_share=Decimal(1)), "merger", ex_date=session(2)
)
SPLIT = action(split("4", "1"), "split", instrument="BIG", ex_date=session(3))


@pytest.fixture
def desk(make_database: Callable[[str], Database]) -> ActingDesk:
    """Ten are held, and ten of what they become were sold short."""
    desk = ActingDesk(make_database("portfolio"))
    desk.hear(MERGER)
    desk.open(1)
    desk.trade(1, "10", "100", "AAPL")
    desk.trade(1, "-10", "100", "BIG")
    desk.open(2)
    return desk


def sizes(desk: ActingDesk) -> list[Decimal]:
    """What is open of each lot."""
    return sorted(quantity for _, quantity, _ in desk.stored()["lots"].values())


def agrees(desk: ActingDesk) -> bool:
    """Say whether the stored books are those of the journal."""
    return rebuild_account(desk.library, desk.account_id, "USD").differences == ()


def test_a_split_multiplies_both(desk: ActingDesk) -> None:
    desk.hear(SPLIT)
    desk.open(3)

    assert sizes(desk) == [-40, 40]
    assert agrees(desk)


def test_a_corrected_split_multiplies_both_anew(desk: ActingDesk) -> None:
    desk.hear(SPLIT)
    desk.open(3)
    desk.hear(replace(SPLIT, split=split("2", "1"), revision=2))

    assert sizes(desk) == [-20, 20]
    desk.trade(4, "20", "25", "BIG")
    assert sizes(desk) == [20]
    assert agrees(desk)


def test_a_split_of_what_a_sale_made_equal_multiplies_both(desk: ActingDesk) -> None:
    desk.trade(2, "4", "100", "BIG")
    desk.trade(2, "-4", "100", "BIG")
    assert sizes(desk) == [-6, 6]

    desk.hear(SPLIT)
    desk.open(3)

    assert sizes(desk) == [-24, 24]
    assert agrees(desk)
