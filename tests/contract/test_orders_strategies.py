"""Promises of orders that name a strategy: what is named is known, the account's own, and kept."""

import pytest

from bifrost.core.errors import InvalidInputError, KeyReusedError
from bifrost.events import FillRecorded, OrderReceived, StrategyChanged
from tests.builders import ACCOUNT, stamp
from tests.execution_desk import MakeDatabase, TradingDesk


@pytest.fixture
def desk(make_database: MakeDatabase) -> TradingDesk:
    desk = TradingDesk(make_database)
    desk.open()
    return desk


def told(
    revision: int = 1,
    name: str = "Momentum",
    *,
    strategy_id: str = "s-1",
    account_id: str = ACCOUNT,
    is_archived: bool = False,
) -> StrategyChanged:
    """A strategy as portfolio tells of it."""
    return StrategyChanged(
        **stamp(f"strategy-{strategy_id}-{revision}"),
        strategy_id=strategy_id,
        account_id=account_id,
        name=name,
        is_archived=is_archived,
        revision=revision,
    )


def test_an_order_and_its_fills_carry_the_strategy_that_it_names(desk: TradingDesk) -> None:
    desk.listener.on_strategy_changed(told())

    sent = desk.send("k-1", strategy_id="s-1")
    desk.send("k-2")
    desk.close(1)

    assert desk.order(sent.order_id).intent.strategy_id == "s-1"
    assert [one.order.strategy_id for one in desk.events(OrderReceived)] == ["s-1", ""]
    assert sorted(one.strategy_id for one in desk.events(FillRecorded)) == ["", "s-1"]


@pytest.mark.parametrize(
    ("known", "says"),
    [
        (None, "has no strategy s-1"),
        (told(account_id="another"), "has no strategy s-1"),
        (told(is_archived=True), "Momentum is archived"),
    ],
    ids=["unknown", "of another account", "archived"],
)
def test_a_strategy_that_the_account_cannot_use_is_refused_by_its_field(
    desk: TradingDesk, known: StrategyChanged | None, says: str
) -> None:
    if known is not None:
        desk.listener.on_strategy_changed(known)

    with pytest.raises(InvalidInputError) as caught:
        desk.place(strategy_id="s-1")

    ((field, message),) = [(one.field, one.message) for one in caught.value.problems]
    assert field == "strategy_id"
    assert says in message
    assert desk.rows("orders") == []


def test_what_is_told_of_a_strategy_may_come_in_any_order_and_twice(desk: TradingDesk) -> None:
    for revision, name in ((3, "third"), (1, "first"), (2, "second"), (3, "third")):
        desk.listener.on_strategy_changed(told(revision, name))

    ((name, revision),) = [(one["name"], one["revision"]) for one in desk.rows("strategies")]

    assert (name, revision) == ("third", 3)


def test_one_key_names_one_strategy(desk: TradingDesk) -> None:
    desk.listener.on_strategy_changed(told())
    desk.place("k-1", strategy_id="s-1")

    assert desk.place("k-1", strategy_id="s-1").intent.strategy_id == "s-1"
    with pytest.raises(KeyReusedError):
        desk.place("k-1")
