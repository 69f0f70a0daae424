"""Returns of a strategy, which has no cash: what it bought is at work from its session's start,
what it took leaves at the end; a worth that is unknown is no zero, and a short has no return.
"""

from collections.abc import Sequence
from decimal import Decimal
from math import prod

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bifrost.core.errors import ConflictError, InvalidInputError
from bifrost.core.money import EXACT, exact_product
from bifrost.portfolio.performance import PriceOfSession, Returns, StrategySession
from bifrost.portfolio.returns.books import beside, cut, returns_of, total_return_levels
from bifrost.portfolio.returns.strategies import strategy_series
from tests.builders import session

NEW = frozenset({"NEW"})


def at_close(
    day: int,
    worth: str | Decimal | None,
    bought: str | Decimal = "0",
    taken: str | Decimal = "0",
    **why: frozenset[str],
) -> StrategySession:
    known = None if worth is None else Decimal(worth)
    return StrategySession(session(day), known, Decimal(bought), Decimal(taken), **why)


def measured(sessions: Sequence[StrategySession]) -> Returns:
    return returns_of(strategy_series(sessions), is_net=True)


def twr(sessions: Sequence[StrategySession]) -> float:
    found = measured(sessions).measures["twr"]
    assert found is not None
    return float(found)


@pytest.mark.parametrize(
    ("held", "added", "worth", "earned"),
    [
        # Spaulding (2017), Is midday cash flow treatment acceptable?: all of it at 10, then at 12.
        ("100000", "50000", "180000", 0.2),
        # Spaulding (2014), A case for a mixed cash flow treatment policy: at 10, then at 11.
        ("1000", "1000", "2200", 0.1),
    ],
)
def test_published_examples_of_what_is_bought_within_a_day(
    held: str, added: str, worth: str, earned: float
) -> None:
    series = strategy_series([at_close(1, held, held), at_close(2, worth, added)])

    found = returns_of(cut(series, session(2), None), is_net=True)

    assert float(found.measures["twr"] or "nan") == pytest.approx(earned, rel=1e-12)


# 10 at 100 and a dollar of commission, close 101; 20 of dividend and 4 sold at 105, close 104; the
# other 6 sold at 100; a day without anything; 5 at 90, close 99.
FIVE_DAYS = [
    at_close(1, "1010", bought="1001"),
    at_close(2, "624", taken="439"),
    at_close(3, "0", taken="599"),
    at_close(4, "0"),
    at_close(5, "495", bought="451"),
]


def test_five_days_worked_by_hand() -> None:
    found = measured(FIVE_DAYS)

    # (worth + taken) / (worth before + bought), day by day; the fourth earns nothing.
    linked = 1010 / 1001 * (624 + 439) / 1010 * 599 / 624 * 495 / 451
    assert float(found.measures["twr"] or "nan") == pytest.approx(linked - 1, rel=1e-12)
    # 81 earned on 1001 for five days less 439 for three and 599 for two, and 451 for one.
    average = 1001 - 439 * 3 / 5 - 599 * 2 / 5 + 451 / 5
    dietz = float(found.measures["modified_dietz"] or "nan")
    assert dietz == pytest.approx(81 / average, rel=1e-12)
    assert found.measures["mwr"] is not None
    assert found.failures == {}
    assert [found.opening, found.closing, found.flows] == [0, 495, 414]
    assert (found.opened_on, found.closed_on) == (session(0), session(5))


def test_a_range_begins_with_what_was_held_before_it() -> None:
    found = returns_of(cut(strategy_series(FIVE_DAYS), session(2), session(3)), is_net=True)

    assert [found.opening, found.closing, found.flows] == [1010, 0, -1038]
    assert float(found.measures["twr"] or "nan") == pytest.approx(
        (624 + 439) / 1010 * 599 / 624 - 1, rel=1e-12
    )


def test_what_is_bought_and_sold_within_a_session_has_a_return() -> None:
    assert twr([at_close(1, "0", bought="1000", taken="1100")]) == pytest.approx(0.1)


def test_gross_and_net_are_one_since_a_strategy_bears_no_fees_but_of_trading() -> None:
    series = strategy_series(FIVE_DAYS)

    assert returns_of(series, is_net=False) == returns_of(series, is_net=True)


@given(
    st.lists(
        st.tuples(st.integers(50, 200), st.integers(0, 9), st.integers(0, 9)),
        min_size=1,
        max_size=12,
    ),
    st.integers(1, 99),
)
def test_it_earns_what_its_stock_does_whatever_it_buys_and_sells(
    days: list[tuple[int, int, int]], first: int
) -> None:
    """Bought at the price of the last close and sold at this one's, without costs."""
    before, held, growth = Decimal(100), Decimal(0), list[float]()
    sessions = []
    for day, (at, more, tenths) in enumerate(days, start=1):
        price, added = Decimal(at), Decimal(more if day > 1 else first)
        bought = exact_product(added, before)
        held = EXACT.add(held, added)
        growth.append(at / float(before) if held else 1.0)
        sold = exact_product(held, Decimal(tenths).scaleb(-1))
        held, before = EXACT.subtract(held, sold), price
        worth, taken = exact_product(held, price), exact_product(sold, price)
        sessions.append(at_close(day, worth, bought, taken))

    assert twr(sessions) == pytest.approx(prod(growth) - 1, rel=1e-9, abs=1e-9)


def test_a_session_of_unknown_worth_and_the_next_are_one_period() -> None:
    sessions = [
        at_close(1, "100", bought="100"),
        at_close(2, None, bought="100", taken="50", unpriced=NEW),
        at_close(3, "200"),
    ]

    found = measured(sessions)

    assert float(found.measures["twr"] or "nan") == pytest.approx((200 + 50) / (100 + 100) - 1)
    assert (found.unvalued, found.unpriced, found.unattributed) == ((session(2),), ("NEW",), ())


def test_what_is_unknown_to_the_end_is_named_and_not_measured() -> None:
    shared = frozenset({"AAPL"})
    sessions = [
        at_close(1, "100", bought="100"),
        at_close(2, "110"),
        at_close(3, None, unattributed=shared),
        at_close(4, None, taken="50", unattributed=shared),
    ]
    series = strategy_series(sessions)

    found = returns_of(series, is_net=True)

    assert (found.closed_on, found.measures["twr"]) == (session(2), "0.1")
    assert (found.unvalued, found.unattributed) == ((session(3), session(4)), ("AAPL",))
    assert returns_of(cut(series, None, session(2)), is_net=True).unvalued == ()
    with pytest.raises(InvalidInputError, match="traded by several when the issuer acted: AAPL"):
        cut(series, session(3), None)


def test_without_a_known_worth_there_is_no_series_and_it_says_why() -> None:
    with pytest.raises(ConflictError, match="since the strategy's first trade"):
        strategy_series([])
    with pytest.raises(ConflictError, match="unknown in all 1 sessions: no price or rate of NEW"):
        strategy_series([at_close(1, None, bought="100", unpriced=NEW)])


def test_a_short_fails_every_measure_of_a_range_that_it_stands_in() -> None:
    short = frozenset({"AAPL"})
    sessions = [
        at_close(1, "100", bought="100"),
        at_close(2, "110"),
        # 50 were sold short at 1: worth 60 in all, of which capital is open.
        at_close(3, "60", taken="50", short=short),
        at_close(4, "110", bought="50"),
        at_close(5, "121"),
    ]
    series = strategy_series(sessions)
    levels = total_return_levels([PriceOfSession(session(1), Decimal(10))], [])

    found = returns_of(series, is_net=True)
    compared = beside(series, "SPY", levels, is_net=True)

    assert found.measures == {"twr": None, "mwr": None, "modified_dietz": None}
    assert {one.cause for one in found.failures.values()} == {"short_position"}
    assert compared.measures["excess"] is None
    assert compared.failures["benchmark"].cause == "short_position"
    assert returns_of(cut(series, None, session(2)), is_net=True).measures["twr"] == "0.1"
    assert returns_of(cut(series, session(5), None), is_net=True).measures["twr"] == "0.1"
    assert returns_of(cut(series, session(4), None), is_net=True).measures["twr"] is None
