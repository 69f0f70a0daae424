"""Promises of a session at the venue: first come first served, cash and units conserved."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from bifrost.backtest.fill_rules import WorkingOrder
from bifrost.backtest.matching import Books, Matched, RestingOrder, Terms, match_session
from bifrost.core.orders import OrderStatus, OrderType, Side, TimeInForce
from bifrost.execution.ports import ReportKind
from tests.unit.backtest.prices import PriceBar

BAR = PriceBar(*map(Decimal, (100, 110, 90, 105, 100_000)))
TERMS = Terms(volume_share=Decimal("0.001"), commission_per_share=Decimal("0.1"))
ACCOUNTS = ("a", "b")


def an_order(name: str = "o-1", **changes: object) -> RestingOrder:
    working: dict[str, object] = {
        "side": Side.BUY,
        "type": OrderType.MARKET,
        "remaining": Decimal(10),
    }
    working |= {key: changes.pop(key) for key in list(changes) if key in WorkingOrder.__slots__}
    values: dict[str, object] = {
        "client_order_id": name,
        "account_id": "a",
        "currency": "USD",
        "time_in_force": TimeInForce.GTC,
        "filled_quantity": Decimal(0),
        "working": WorkingOrder(**working),  # type: ignore[arg-type]
    }
    return RestingOrder(**(values | changes))  # type: ignore[arg-type]


def books(cash: int = 10_000, held: int = 0) -> Books:
    return Books(dict.fromkeys(ACCOUNTS, Decimal(cash)), dict.fromkeys(ACCOUNTS, Decimal(held)))


def matched(*orders: RestingOrder, cash: int = 10_000, held: int = 0) -> list[Matched]:
    return match_session(orders, BAR, books(cash, held), TERMS, "USD")[0]


def test_an_order_that_the_session_does_not_touch_is_not_among_the_changed() -> None:
    assert matched(an_order(type=OrderType.LIMIT, limit_price=Decimal(89))) == []


def test_a_triggered_order_is_among_the_changed_though_nothing_happened() -> None:
    order = an_order(type=OrderType.STOP_LIMIT, stop_price=Decimal(109), limit_price=Decimal(89))
    (changed,) = matched(order)

    assert (changed.status, changed.happenings) == (OrderStatus.ACCEPTED, ())
    assert changed.order.working.triggered


def test_cash_freed_by_a_sale_pays_for_the_purchase_behind_it_and_not_before_it() -> None:
    sale, purchase = an_order("sell", side=Side.SELL), an_order("buy")

    behind = matched(sale, purchase, cash=2, held=10)
    before = matched(purchase, sale, cash=2, held=10)
    assert [m.status for m in behind] == [OrderStatus.FILLED, OrderStatus.FILLED]
    assert [m.status for m in before] == [OrderStatus.REJECTED, OrderStatus.FILLED]


def test_a_rejected_order_keeps_what_it_had_filled() -> None:
    (changed,) = matched(an_order(filled_quantity=Decimal(5)), cash=1)

    assert (changed.status, changed.order.filled_quantity) == (OrderStatus.REJECTED, 5)


def test_commission_that_cash_does_not_cover_rejects_the_purchase() -> None:
    assert [m.status for m in matched(an_order(), cash=1000)] == [OrderStatus.REJECTED]
    # To the last cent: 10 at 100, and 1 of commission.
    assert [m.status for m in matched(an_order(), cash=1001)] == [OrderStatus.FILLED]


def test_an_order_takes_its_share_of_the_volume_and_keeps_the_rest_working() -> None:
    (changed,) = matched(an_order(remaining=Decimal(103)), cash=1_000_000)

    assert (changed.status, changed.order.working.remaining) == (OrderStatus.PARTIALLY_FILLED, 3)
    assert [(h.kind, h.quantity) for h in changed.happenings] == [(ReportKind.TRADE, 100)]


def test_commission_is_in_cents() -> None:
    terms = Terms(volume_share=Decimal(1), commission_per_share=Decimal("0.0035"))

    (changed,), after = match_session([an_order()], BAR, books(), terms, "USD")
    assert [h.commission for h in changed.happenings] == [Decimal("0.04")]
    assert after.cash["a"] == Decimal("8999.96")


def test_a_day_order_that_does_not_trade_expires() -> None:
    order = an_order(type=OrderType.LIMIT, limit_price=Decimal(89), time_in_force=TimeInForce.DAY)
    (changed,) = matched(order)

    assert changed.status is OrderStatus.EXPIRED
    assert [h.kind for h in changed.happenings] == [ReportKind.EXPIRED]


def test_a_day_order_whose_session_passed_without_it_expires_and_does_not_trade() -> None:
    (changed,) = matched(an_order(time_in_force=TimeInForce.DAY, is_overdue=True))

    assert changed.status is OrderStatus.EXPIRED
    assert [h.kind for h in changed.happenings] == [ReportKind.EXPIRED]


queues = st.lists(
    st.builds(
        lambda account, side, remaining, time_in_force: {
            "account_id": account,
            "side": side,
            "remaining": Decimal(remaining),
            "time_in_force": time_in_force,
        },
        st.sampled_from(ACCOUNTS),
        st.sampled_from(Side),
        st.integers(1, 150),
        st.sampled_from(TimeInForce),
    ),
    max_size=12,
)


@given(queues, st.integers(0, 30_000), st.integers(0, 200))
def test_the_books_after_a_session_are_the_books_before_and_its_trades(
    queue: list[dict[str, object]], cash: int, held: int
) -> None:
    orders = [an_order(f"o-{n}", **values) for n, values in enumerate(queue)]
    before = books(cash, held)

    changed, after = match_session(orders, BAR, before, TERMS, "USD")
    cash_now, held_now = dict(before.cash), dict(before.positions)
    for one in changed:
        sign, account = one.order.working.side.sign, one.order.account_id
        for h in one.happenings:
            cash_now[account] -= sign * h.price * h.quantity + h.commission
            held_now[account] += sign * h.quantity
    assert (after.cash, after.positions) == (cash_now, held_now)
    assert min(*after.cash.values(), *after.positions.values()) >= 0


@given(queues, st.integers(0, 30_000), st.integers(0, 200))
def test_every_order_of_a_session_ends_or_keeps_working_with_its_quantity_whole(
    queue: list[dict[str, object]], cash: int, held: int
) -> None:
    orders = [an_order(f"o-{n}", **values) for n, values in enumerate(queue)]

    changed, _ = match_session(orders, BAR, books(cash, held), TERMS, "USD")
    for one, sent in ((m, o) for m in changed for o in orders if _is_same(m.order, o)):
        assert one.order.filled_quantity + one.order.working.remaining == sent.working.remaining
        assert (one.status is OrderStatus.FILLED) == (one.order.working.remaining == 0)
        ends = [h for h in one.happenings if h.kind is not ReportKind.TRADE]
        assert len(ends) == (one.status in (OrderStatus.EXPIRED, OrderStatus.REJECTED))


def _is_same(order: RestingOrder, other: RestingOrder) -> bool:
    return order.client_order_id == other.client_order_id
