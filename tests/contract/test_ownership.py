"""Of several who change one thing at once from the same version, one does; and however portfolios
are moved at once, none comes to stand below itself.
"""

from collections.abc import Callable
from functools import partial

import pytest

from bifrost.adapters.clock import SystemClock
from bifrost.adapters.ids import RandomIds
from bifrost.adapters.postgres.database import Database
from bifrost.adapters.postgres.portfolio_books import PostgresLibrary
from bifrost.adapters.postgres.portfolio_reads import PostgresReader
from bifrost.core.errors import ConflictError, InvalidInputError, PreconditionFailedError
from bifrost.core.versions import ANY, Expected
from bifrost.portfolio.ownership import Ownership
from bifrost.portfolio.portfolios import NewPortfolio, PortfolioKind
from bifrost.portfolio.service import PortfolioService
from tests.contract.backbone import all_at_once
from tests.contract.ledger_desk import LedgerDesk, cash_request

MakeDatabase = Callable[[str], Database]
FIRST = Expected(frozenset({1}))


def ownership(make_database: MakeDatabase) -> Ownership:
    """One with a connection of its own, as each process has."""
    return Ownership(PostgresLibrary(make_database("portfolio")), SystemClock(), RandomIds())


def tried(change: Callable[..., object], *given: object) -> str:
    """Say how it ended."""
    try:
        change(*given)
    except (ConflictError, InvalidInputError) as error:
        return type(error).__name__
    return "done"


@pytest.fixture
def desk(make_database: MakeDatabase) -> LedgerDesk:
    return LedgerDesk(make_database("portfolio"))


def test_of_eight_who_rename_the_same_version_one_does(
    desk: LedgerDesk, make_database: MakeDatabase
) -> None:
    account_id = desk.open_account()
    several = [ownership(make_database) for _ in range(8)]

    ends = all_at_once(
        [
            partial(tried, one.rename_account, "ann", account_id, f"name {n}", FIRST)
            for n, one in enumerate(several)
        ]
    )

    assert sorted(ends) == [PreconditionFailedError.__name__] * 7 + ["done"]
    assert desk.reader.account(account_id).version == 2


def test_a_deposit_and_an_archival_at_once_never_leave_cash_in_an_archived_account(
    desk: LedgerDesk, make_database: MakeDatabase
) -> None:
    keeper = ownership(make_database)
    library = PostgresLibrary(make_database("portfolio"))
    payer = PortfolioService(library, SystemClock(), RandomIds())
    for number in range(5):
        account_id = desk.open_account(key=f"k-{number}")

        ends = all_at_once(
            [
                partial(tried, keeper.archive_account, "ann", account_id, ANY),
                partial(tried, payer.deposit, cash_request(account_id, "5", "d")),
            ]
        )

        account = desk.reader.account(account_id)
        assert sorted(ends) == ["ConflictError", "done"]
        assert (account.archived_at is None) == (desk.worth(account_id).cash == 5)


def test_two_portfolios_moved_below_each_other_at_once_make_no_circle(
    make_database: MakeDatabase,
) -> None:
    several = [ownership(make_database) for _ in range(2)]
    reader = PostgresReader(make_database("portfolio"), "ann")
    for number in range(5):
        left, right = (
            several[0].create_portfolio(
                NewPortfolio("ann", name, PortfolioKind.PORTFOLIO, None),
                key=f"{name}-{number}",
                correlation_id="test",
            )
            for name in ("left", "right")
        )

        def change(one: Ownership) -> Callable[..., None]:
            return partial(one.change_portfolio, correlation_id="test")

        ends = all_at_once(
            [
                partial(tried, change(one), "ann", a, {"parent_id": b}, ANY)
                for one, a, b in zip(several, (left, right), (right, left), strict=True)
            ]
        )

        assert sorted(ends) == ["InvalidInputError", "done"]
        parents = {reader.portfolio(one).parent_id for one in (left, right)}
        assert None in parents
