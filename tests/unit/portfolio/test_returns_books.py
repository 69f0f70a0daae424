"""Returns of the desk's books are what the money in them earned, whoever paid in and when: a flow
counts from the instant at which it came, and a day of unknown worth is left out, not made up.
"""

from datetime import datetime, timedelta
from decimal import Decimal
from math import prod

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bifrost.core.corporate_actions import (
    CashDividend,
    CorporateAction,
    DividendKind,
    SpinOff,
    Split,
    StockDividend,
)
from bifrost.core.errors import ConflictError, InvalidInputError
from bifrost.portfolio.performance import BookFlow, PriceOfSession
from bifrost.portfolio.returns.books import (
    Unvalued,
    beside,
    book_series,
    cut,
    returns_of,
    total_return_levels,
    written,
)
from bifrost.portfolio.returns.failures import Cause, Failure
from bifrost.portfolio.valuation import SessionValuation, Worth
from tests.builders import closes_at, session

NONE = Decimal(0)


def valued(day: int, worth: str | Decimal | None) -> SessionValuation:
    """What books were worth at a session's close."""
    equity = None if worth is None else Decimal(worth)
    made = Worth(
        cash=NONE,
        due=NONE,
        market_value=equity,
        unrealised_pnl=equity,
        equity=equity,
        net_deposits=NONE,
        realised_pnl=NONE,
        commissions=NONE,
        income=NONE,
        expenses=NONE,
        exchanged=NONE,
        unpriced=() if equity is not None else ("NEW",),
    )
    return SessionValuation(session(day), closes_at(day), made)


def paid(at: datetime | None, amount: str | Decimal, fee: str = "0") -> BookFlow:
    return BookFlow(at, Decimal(amount), Decimal(fee))


def twr(valuations: list[SessionValuation], flows: list[BookFlow], *, is_net: bool = True) -> float:
    found = returns_of(book_series(valuations, flows), is_net=is_net).measures["twr"]
    assert found is not None
    return float(found)


def test_what_comes_at_the_close_is_no_part_of_what_the_day_earned() -> None:
    days = [valued(1, "100"), valued(2, "210"), valued(3, "231")]

    assert twr(days, [paid(None, "100"), paid(closes_at(2), "100")]) == pytest.approx(0.21)


def test_what_comes_before_the_close_was_there_from_the_start_of_the_day() -> None:
    days = [valued(1, "100"), valued(2, "220"), valued(3, "220")]
    flows = [paid(None, "100"), paid(closes_at(2) - timedelta(hours=1), "100")]

    assert twr(days, flows) == pytest.approx(0.1)


def test_a_flow_between_two_sessions_is_of_the_later() -> None:
    days = [valued(1, "100"), valued(2, "220")]

    flows = [paid(None, "100"), paid(closes_at(1) + timedelta(hours=5), "100")]
    assert twr(days, flows) == pytest.approx(0.1)


def test_a_flow_after_the_last_valuation_changes_nothing_yet() -> None:
    days = [valued(1, "100"), valued(2, "110")]

    assert twr(days, [paid(None, "100"), paid(closes_at(3), "5000")]) == pytest.approx(0.1)


GROWTH = st.integers(500, 1500).map(lambda n: Decimal(n).scaleb(-3))
MONEY = st.integers(0, 10**6).map(Decimal)


@given(
    st.lists(st.tuples(GROWTH, MONEY, MONEY), min_size=2, max_size=20),
    st.integers(1, 10**6).map(Decimal),
)
def test_the_time_weighted_return_is_the_growth_whatever_is_paid_in(
    days: list[tuple[Decimal, Decimal, Decimal]], founding: Decimal
) -> None:
    worth, valuations, flows = founding, [valued(1, founding)], [paid(closes_at(1), founding)]
    for day, (growth, early, late) in enumerate(days, start=2):
        worth = (worth + early) * growth + late
        valuations.append(valued(day, worth))
        flows.append(paid(closes_at(day) - timedelta(minutes=1), early))
        flows.append(paid(closes_at(day), late))

    expected = prod(float(growth) for growth, _, _ in days) - 1
    assert twr(valuations, flows) == pytest.approx(expected, rel=1e-9, abs=1e-9)


def test_a_session_of_unknown_worth_hands_its_flows_to_the_next() -> None:
    days = [valued(1, "100"), valued(2, None), valued(3, "330")]
    flows = [paid(None, "100"), paid(closes_at(2), "200")]

    found = book_series(days, flows)

    assert found.unvalued == (Unvalued(session(2), frozenset({"NEW"})),)
    assert twr(days, flows) == pytest.approx(0.1)


def test_fees_are_given_back_gross() -> None:
    days = [valued(1, "100"), valued(2, "105")]
    flows = [paid(None, "100"), paid(closes_at(2), "0", fee="5")]

    assert twr(days, flows) == pytest.approx(0.05)
    assert twr(days, flows, is_net=False) == pytest.approx(0.1)


def test_books_that_were_never_valued_have_no_series() -> None:
    with pytest.raises(ConflictError, match="no session has closed"):
        book_series([], [paid(None, "5")])
    with pytest.raises(ConflictError, match="unknown in all 2 sessions"):
        book_series([valued(1, None), valued(2, None)], [])


@pytest.mark.parametrize(
    ("first", "last", "field"),
    [(4, None, "from"), (None, 0, "to"), (3, 2, "to")],
)
def test_a_range_without_a_valuation_is_refused(
    first: int | None, last: int | None, field: str
) -> None:
    whole = book_series([valued(day, "100") for day in (1, 2, 3)], [paid(None, "100")])

    with pytest.raises(InvalidInputError) as refused:
        cut(whole, first and session(first), None if last is None else session(last))  # type: ignore[arg-type]

    (problem,) = refused.value.problems
    assert problem.field == field


def test_a_range_begins_with_the_value_before_it() -> None:
    whole = book_series([valued(day, str(100 + day)) for day in (1, 2, 3)], [paid(None, "100")])

    found = cut(whole, session(3), None)

    assert (found.series.opened_on, found.series.opening) == (session(2), 102)
    assert cut(whole, None, None) == whole


def test_a_measure_that_does_not_exist_is_none_and_named() -> None:
    found = returns_of(book_series([valued(1, "100")], []), is_net=True)

    assert found.measures == {"twr": None, "mwr": None, "modified_dietz": None}
    assert found.failures["twr"].cause == Cause.NOTHING_TO_MEASURE


def test_a_double_is_written_with_every_digit_and_no_exponent() -> None:
    assert (written(1 / 3), written(1e-07), written(-1.0)) == (
        "0.3333333333333333",
        "0.0000001",
        "-1.0",
    )
    assert written(Failure(Cause.NO_RATE, "none")) is None


def action(day: int, **terms: object) -> CorporateAction:
    return CorporateAction(
        action_id=f"a-{day}-{next(iter(terms))}",
        vendor="v",
        revision=1,
        instrument="SPY",
        currency="USD",
        ex_date=session(day),
        **terms,  # type: ignore[arg-type]
    )


def prices(*of: tuple[int, str]) -> list[PriceOfSession]:
    return [PriceOfSession(session(day), Decimal(price)) for day, price in of]


@pytest.mark.parametrize(
    ("terms", "after", "growth"),
    [
        ({"split": Split(Decimal(7), Decimal(1))}, "14", "0.98"),
        ({"split": Split(Decimal(1), Decimal(8))}, "800", "1"),
        ({"stock_dividend": StockDividend(Decimal("0.05"))}, "100", "1.05"),
        (
            {"cash_dividend": CashDividend(DividendKind.ORDINARY, Decimal(20))},
            "80",
            "1",
        ),
        (
            {"spin_off": SpinOff("NEW", Decimal("0.5"), Decimal("0.2"), Decimal(40))},
            "80",
            "1",
        ),
    ],
)
def test_what_an_issuer_does_to_its_shares_is_no_gain_and_no_loss(
    terms: dict[str, object], after: str, growth: str
) -> None:
    levels = total_return_levels(prices((1, "100"), (3, after)), [action(2, **terms)])

    assert levels[1].level / levels[0].level == Decimal(growth)


def test_an_action_before_the_first_price_changes_nothing() -> None:
    split = action(1, split=Split(Decimal(2), Decimal(1)))

    assert [one.level for one in total_return_levels(prices((1, "50"), (2, "51")), [split])] == [
        50,
        51,
    ]


def test_a_benchmark_is_compared_over_the_days_of_the_books() -> None:
    books = book_series([valued(1, "100"), valued(2, "110")], [])
    levels = total_return_levels(prices((1, "10"), (2, "12")), [])

    found = beside(books, "SPY", levels, is_net=True)

    assert (found.opened_on, found.closed_on) == (session(1), session(2))
    assert found.measures["twr"] == "0.2"
    assert float(found.measures["excess"] or "nan") == pytest.approx(-0.1)
    assert found.failures["tracking_error"].cause == Cause.TOO_FEW_PERIODS
