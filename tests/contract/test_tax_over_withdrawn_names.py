"""Promises of tax reports over stored books where a name was withdrawn again: a lot is told with
the trades that are its own, though it was closed under the name that it should never have had.
"""

from collections.abc import Callable
from dataclasses import replace

from bifrost.adapters.postgres.database import Database
from bifrost.core.corporate_actions import Rename
from bifrost.portfolio.accounts import NewAccount
from tests.action_builders import action
from tests.builders import session
from tests.contract.acting_desk import ActingDesk
from tests.contract.test_tax_over_actions import gains, held, told


class MarginDesk(ActingDesk):
    """Its account may sell short."""

    def open_account(self, owner: str = "ann", key: str = "k-1") -> str:
        asked = NewAccount(owner, "Main", "margin", "USD", "paper")
        return self.service.open_account(asked, key=key, correlation_id="test")


def test_a_short_that_a_withdrawn_rename_made_is_the_sale_that_it_was(
    make_database: Callable[[str], Database],
) -> None:
    desk = MarginDesk(make_database("portfolio"))
    desk.trade(1, "10", "100")
    renamed = action(Rename("MSFT"), ex_date=session(3))
    desk.hear(renamed)
    desk.open(3)
    desk.trade(4, "-10", "110")
    desk.hear(replace(renamed, revision=2, withdrawn=True))

    found = told(desk)

    assert gains(found) == [("10", "1001.00", "98.00")]
    assert held(found) == []
