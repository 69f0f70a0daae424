"""Risk over corporate actions: what is reserved, held and lent on, however it is heard."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from bifrost.adapters.postgres.database import Database
from bifrost.adapters.postgres.risk import PostgresOrderGates
from bifrost.adapters.postgres.risk_accounts import PostgresAccounts, PostgresLimitBook
from bifrost.adapters.postgres.risk_breaks import PostgresComparisons
from bifrost.core.corporate_actions import CorporateAction, Rename, Terms
from bifrost.core.decisions import Decision
from bifrost.core.orders import OrderIntent
from bifrost.events import Event, PositionCause
from bifrost.risk import service
from tests.action_builders import action, announced, corrected, dividend, split
from tests.builders import (
    ACCOUNT,
    OWNER,
    account_opened,
    bar,
    bar_closed,
    buy,
    cash_changed,
    cash_deposited,
    closes_at,
    instrument_listed,
    order_cancelled,
    seeded,
    sell,
    session,
)
from tests.unit.risk.builders import limits
from tests.unit.risk.facts import closed, filled, hear, position_changed, restated

D = Decimal
LIMIT, MARKET = buy("10", limit="90", key="limit"), buy("10", key="market")
STOP, SALE = buy("10", stop="105", key="stop"), sell("20", key="sale")
EX_DATE = session(3)


@pytest.fixture
def database(make_database: Callable[[str], Database]) -> Database:
    """A desk with one account of 100,000 USD that holds 20 AAPL, at 100; a cent a share is due."""
    made = make_database("risk")
    hear(made, account_opened(), cash_deposited("100000"), instrument_listed(), closed("100"))
    PostgresLimitBook(made).add(ACCOUNT, limits(commission_per_share="0.01"), "test")
    hear(made, filled(buy("20", key="before"), "20", "90", 1))
    for order in (LIMIT, MARKET, STOP, SALE):
        assert judge(made, order).accepted
    return made


def judge(database: Database, order: OrderIntent) -> Decision:
    return service.check_and_reserve(PostgresOrderGates(database), order)


def reserved(database: Database) -> Decimal:
    return PostgresAccounts(database).cash_of(ACCOUNT, OWNER).reserved


def open_orders(database: Database) -> dict[str, Decimal]:
    with PostgresComparisons(database).locked(ACCOUNT) as comparison:
        return comparison.holdings("USD").open_orders


def positions(database: Database) -> dict[str, Decimal]:
    with PostgresComparisons(database).locked(ACCOUNT) as comparison:
        return comparison.holdings("USD").positions


def rules_of(decision: Decision) -> list[str]:
    return [reason.rule for reason in decision.reasons]


# 900.10 of the limit, 1,100.10 of the market order, 1,155.10 of the stop.
BEFORE = D("3155.30")


def test_a_split_doubles_what_is_open_and_reserves_the_same_and_the_commission_of_more_shares(
    database: Database,
) -> None:
    assert reserved(database) == BEFORE
    hear(
        database,
        restated(LIMIT, 5, left=("10", "20"), limit_price=D(45)),
        restated(MARKET, 5, left=("10", "20")),
        restated(STOP, 5, left=("10", "20"), stop_price=D("52.50")),
        restated(SALE, 5, left=("20", "40")),
    )

    doubled = {one.order_id: one.quantity * 2 for one in (LIMIT, MARKET, STOP, SALE)}
    assert open_orders(database) == doubled
    assert reserved(database) == BEFORE + D("0.30")


def test_a_restated_limit_is_reserved_for_what_it_may_cost_now(database: Database) -> None:
    hear(database, restated(LIMIT, 5, left=("10", "10"), limit_price=D("89.74")))

    assert reserved(database) == BEFORE - D("2.60")


def test_a_quantity_that_was_not_increased_keeps_its_cash(database: Database) -> None:
    hear(database, restated(MARKET, 5, left=("10", "10")))

    assert reserved(database) == BEFORE


def test_a_part_filled_order_reserves_for_what_is_left(database: Database) -> None:
    hear(database, filled(MARKET, "4", "100", 2))
    hear(database, restated(MARKET, 6, left=("6", "12"), filled="4"))

    assert open_orders(database)[MARKET.order_id] == 12
    # Of 110.01 a share 6 were left: 660 and a cent each of twelve.
    assert reserved(database) == BEFORE - D("1100.10") + D("660.12")


def test_a_renamed_order_is_open_under_its_new_name(database: Database) -> None:
    hear(database, instrument_listed("NEW"), closed("100", symbol="NEW"))
    hear(database, position_changed("-20", 1), position_changed("20", 1, instrument="NEW"))
    hear(database, restated(SALE, 5, left=("20", "20"), instrument="NEW"))

    decision = judge(database, sell("1", key="new", instrument="NEW"))
    assert [(reason.rule, reason.limit) for reason in decision.reasons] == [("short_sale", D(0))]


def test_a_position_follows_each_transaction_and_instrument_once(database: Database) -> None:
    hear(
        database,
        position_changed("20"),
        position_changed("20", again="another event of the same transaction"),
        position_changed("5", instrument="NEW"),
        position_changed("-40", 2, cause=PositionCause.CORRECTION),
    )

    assert positions(database) == {"NEW": D(5)}


@pytest.mark.parametrize(
    "change",
    [
        {"cause": PositionCause.FILL},
        {"cause": PositionCause.CASH_FLOW},
        {"is_imported": True},
        {"quantity_change": D(0)},
    ],
)
def test_what_fills_tell_and_what_is_held_elsewhere_is_not_counted(
    database: Database, change: dict[str, Any]
) -> None:
    hear(database, position_changed("20", **change))

    assert positions(database) == {"AAPL": D(20)}
    assert database.fetch_all("SELECT 1 FROM risk.position_changes") == []


def test_what_a_corporate_action_pays_is_cash(database: Database) -> None:
    before = PostgresAccounts(database).cash_of(ACCOUNT, OWNER).cash
    hear(database, cash_changed("10", kind="corporate_action"))

    assert PostgresAccounts(database).cash_of(ACCOUNT, OWNER).cash == before + 10


@pytest.mark.parametrize("terms", [split("1", "10"), split("2", "1"), Rename("NEW")])
def test_a_price_from_before_the_ex_date_lends_on_nothing_until_the_next_one(
    database: Database, terms: Terms
) -> None:
    hear(database, announced(action(terms)))
    later = buy("1", key="later", occurred_at=closes_at(3))
    # A mark of 100 would set aside 110 for what costs 1,000 after one for ten.
    refused = judge(database, later)
    assert [(one.rule, one.subject) for one in refused.reasons] == [
        ("mark_before_action", EX_DATE.isoformat())
    ]

    hear(database, bar_closed(bar(3, "1000"), 2))
    assert judge(database, replace(later, **new_id("again"))).accepted
    assert reserved(database) == BEFORE + D("1100.01")


def test_before_the_ex_date_and_after_a_dividend_orders_are_judged_as_ever(
    database: Database,
) -> None:
    hear(database, announced(action(split("2", "1"), ex_date=session(4))))
    hear(database, announced(action(dividend("1"), "a-2")))

    assert judge(database, buy("1", key="later", occurred_at=closes_at(3))).accepted


@pytest.mark.parametrize("order", [1, -1])
def test_an_action_that_was_withdrawn_makes_no_price_old(database: Database, order: int) -> None:
    first: CorporateAction = action(split("2", "1"))
    told: list[Event] = [announced(first), corrected(replace(first, revision=2, withdrawn=True))]
    hear(database, *told[::order])

    assert judge(database, buy("1", key="later", occurred_at=closes_at(3))).accepted


# Fills of 4 before the split and 12 after it, undone and redone; then what is left is cancelled.
STORY: list[Event] = [
    filled(MARKET, "4", "100", 2),
    restated(MARKET, 6, left=("6", "12"), filled="4"),
    filled(MARKET, "5", "50", 3),
    restated(MARKET, 8, left=("7", "1"), filled="9"),
    restated(MARKET, 9, left=("1", "13"), filled="9"),
    filled(MARKET, "1", "33", 4),
    order_cancelled(MARKET, "10"),
    restated(LIMIT, 5, left=("10", "15"), limit_price=D("60")),
    restated(STOP, 5, left=("10", "15"), stop_price=D("70")),
    restated(SALE, 5, left=("20", "60"), instrument="NEW"),
    position_changed("20", 1),
    position_changed("-20", 2, cause=PositionCause.CORRECTION),
    position_changed("40", 3),
    position_changed("-70", 4),
    position_changed("70", 4, instrument="NEW"),
    announced(action(split("2", "1"))),
    corrected(action(split("3", "1"), revision=2)),
    cash_changed("25", kind="corporate_action"),
    closed("34", 2),
]


def state(database: Database) -> tuple[Any, ...]:
    cash = PostgresAccounts(database).cash_of(ACCOUNT, OWNER)
    acted = "SELECT action_id, revision, ex_date, counts FROM risk.corporate_actions"
    return (
        cash,
        open_orders(database),
        positions(database),
        database.fetch_all(acted),
        database.fetch_all("SELECT held_per_share FROM risk.reservations ORDER BY order_id"),
    )


def test_the_story_adds_up(database: Database) -> None:
    hear(database, *STORY)

    assert open_orders(database) == {LIMIT.order_id: 15, STOP.order_id: 15, SALE.order_id: 60}
    # 20 held, 10 bought, 40 more by the split that stood in the end: all of it renamed.
    assert positions(database) == {"NEW": D(70)}
    # Fifteen at 60, and 1,155 for fifteen of the stop; a cent each.
    assert reserved(database) == D("900.15") + D("1155.15")


@pytest.mark.parametrize("seed", range(8))
def test_in_any_order_and_three_times_it_ends_the_same(
    make_database: Callable[[str], Database], database: Database, seed: int
) -> None:
    told = STORY * 3
    seeded(seed).shuffle(told)
    hear(database, *told)

    found = state(database)
    assert found[1] == {LIMIT.order_id: 15, STOP.order_id: 15, SALE.order_id: 60}
    assert found[0].reserved == D("900.15") + D("1155.15")
    assert found[2] == {"NEW": D(70)}
    # What was bought before, three fills with their commissions, and what was paid.
    assert found[0].cash == D(100000) - 1801 - 401 - 251 - 34 + 25
    assert found[3] == [{"action_id": "a-1", "revision": 2, "ex_date": EX_DATE, "counts": True}]


@pytest.mark.parametrize("seed", range(4))
def test_until_all_is_heard_nothing_that_is_open_is_lent_out_again(
    database: Database, seed: int
) -> None:
    """A reservation is never below what fills and the end still under way will take."""
    told = [event for event in STORY if getattr(event, "order_id", "") == MARKET.order_id]
    told += [event for event in STORY if event.event_id.startswith("fill-")]
    told = list({event.event_id: event for event in told}.values())
    seeded(seed).shuffle(told)
    left = {event.event_id: event for event in told}

    for event in told:
        hear(database, event)
        left.pop(event.event_id)
        open_now = open_orders(database).get(MARKET.order_id, D(0))
        coming = sum((one.fill.quantity for one in left.values() if hasattr(one, "fill")), D(0))
        restatements = any(hasattr(one, "step") for one in left.values())
        assert restatements or open_now >= coming


def new_id(key: str) -> dict[str, str]:
    """The ids of an order that is placed under this key."""
    made = buy("1", key=key)
    return {"order_id": made.order_id, "client_order_id": made.client_order_id}
