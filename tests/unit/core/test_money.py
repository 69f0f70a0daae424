"""Money adds exactly, refuses to mix, and is rounded in one place."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bifrost.core.money import (
    CENT,
    Money,
    Price,
    Quantity,
    exact_product,
    exact_sum,
    notional,
    to_cents,
)

amounts = st.decimals(
    allow_nan=False, allow_infinity=False, places=8, min_value=-(10**12), max_value=10**12
)


@given(amounts, amounts)
def test_adding_then_subtracting_returns_the_same_money(first: Decimal, second: Decimal) -> None:
    money = Money(first, "USD")

    assert money + Money(second, "USD") - Money(second, "USD") == money


@given(amounts, amounts, amounts)
def test_the_order_of_additions_does_not_matter(a: Decimal, b: Decimal, c: Decimal) -> None:
    first, second, third = (Money(amount, "USD") for amount in (a, b, c))

    assert (first + second) + third == first + (second + third) == third + (second + first)


@given(amounts)
def test_negation_undoes_itself_and_sums_to_zero(amount: Decimal) -> None:
    money = Money(amount, "USD")
    owed = -money

    assert -owed == money
    assert money + -money == Money(Decimal(0), "USD")


def test_two_currencies_neither_add_nor_subtract_nor_compare() -> None:
    dollar, euro = Money(Decimal(1), "USD"), Money(Decimal(1), "EUR")

    with pytest.raises(ValueError, match="cannot combine USD with EUR"):
        dollar + euro
    with pytest.raises(ValueError, match="cannot combine USD with EUR"):
        dollar - euro
    with pytest.raises(ValueError, match="cannot combine USD with EUR"):
        _ = dollar < euro


def test_less_money_is_less() -> None:
    assert Money(Decimal("0.99"), "USD") < Money(Decimal(1), "USD")
    assert not Money(Decimal(1), "USD") < Money(Decimal(1), "USD")


@pytest.mark.parametrize("amount", [0.1, 1, "1"])
def test_an_amount_that_is_no_decimal_is_refused_by_its_type(amount: object) -> None:
    with pytest.raises(TypeError, match=f"was {type(amount).__name__}"):
        Money(amount, "USD")  # type: ignore[arg-type]


@pytest.mark.parametrize("amount", ["NaN", "Infinity", "-Infinity", "sNaN"])
def test_an_amount_that_is_not_finite_is_refused(amount: str) -> None:
    with pytest.raises(ValueError, match="must be finite"):
        Money(Decimal(amount), "USD")


def test_price_times_quantity_is_money_unrounded() -> None:
    cost = notional(Price(Decimal("10.125")), Quantity(Decimal(3)), "USD")

    assert cost == Money(Decimal("30.375"), "USD")


wide = st.integers(-(10**23), 10**23).map(lambda units: Decimal(units).scaleb(-8))


@given(wide, wide)
def test_a_product_keeps_every_digit(first: Decimal, second: Decimal) -> None:
    product = exact_product(first, second)

    assert Fraction(product) == Fraction(first) * Fraction(second)
    assert notional(Price(first), Quantity(second), "USD") == Money(product, "USD")


@given(st.lists(st.tuples(wide, wide), max_size=8))
def test_a_sum_of_products_keeps_every_digit(pairs: list[tuple[Decimal, Decimal]]) -> None:
    products = [exact_product(*pair) for pair in pairs]

    total = exact_sum(products)
    assert Fraction(total) == sum((Fraction(one) for one in products), Fraction(0))
    assert Money(total, "USD") - Money(total, "USD") == Money(Decimal(0), "USD")
    more = Money(total, "USD") + Money(CENT, "USD")
    assert Fraction(more.amount) == Fraction(total) + Fraction(CENT)


def test_an_amount_of_more_digits_than_a_default_decimal_is_rounded_to_the_cent() -> None:
    amount = exact_product(Decimal("123456789.12345678"), Decimal("123456789012345.12345678"))

    assert abs(Fraction(to_cents(amount)) - Fraction(amount)) <= Fraction(1, 200)


@pytest.mark.parametrize(
    ("amount", "rounded"),
    [("0.005", "0.00"), ("0.015", "0.02"), ("0.0151", "0.02"), ("-0.005", "0.00"), ("2", "2.00")],
)
def test_half_a_cent_goes_to_the_even_cent(amount: str, rounded: str) -> None:
    assert to_cents(Decimal(amount)) == Decimal(rounded)


@given(amounts)
def test_rounding_moves_by_half_a_cent_at_most_and_only_once(amount: Decimal) -> None:
    rounded = to_cents(amount)

    assert abs(rounded - amount) <= Decimal("0.005")
    assert to_cents(rounded) == rounded
