"""Yahoo's prices as they were traded: what it divided by its splits is multiplied again.

With real quotes of AAPL around its split of four for one on 31 August 2020, and GME's split of
January 2021 that Yahoo alone had.
"""

from datetime import date
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bifrost.adapters.vendors.yahoo_chart import YahooDividend, YahooSplit
from bifrost.adapters.vendors.yahoo_prices import (
    as_traded,
    dividend_then,
    split_factor,
    volume_then,
)

APPLE = YahooSplit(date(2020, 8, 31), Decimal(4), Decimal(1))
OLDER = YahooSplit(date(2014, 6, 9), Decimal(7), Decimal(1))


def test_a_price_before_a_split_is_of_the_shares_of_its_day() -> None:
    before, after = date(2020, 8, 28), date(2020, 8, 31)

    assert as_traded(124.80750274658203, split_factor(before, [APPLE])) == 499.23
    assert as_traded(129.0399932861328, split_factor(after, [APPLE])) == 129.04
    assert volume_then(187_629_200, split_factor(before, [APPLE])) == 46_907_300


def test_splits_multiply_from_the_day_on_to_today() -> None:
    assert split_factor(date(2014, 6, 6), [OLDER, APPLE]) == 28
    assert split_factor(date(2014, 6, 9), [OLDER, APPLE]) == 4


def test_a_dividend_is_what_was_paid_for_a_share_of_its_day() -> None:
    paid = YahooDividend(date(2014, 5, 8), Decimal("0.1175"))

    assert dividend_then(paid, [OLDER, APPLE]) == Decimal("3.29")


def test_a_split_that_yahoo_made_up_cancels_out_where_it_was_applied() -> None:
    phantom = YahooSplit(date(2021, 1, 28), Decimal(2), Decimal(1))

    assert as_traded(347.51 / 2, split_factor(date(2021, 1, 27), [phantom])) == 347.51


def test_a_sixteenth_of_a_dollar_keeps_its_four_places() -> None:
    assert as_traded(float(np.float32(41.3125 / 28)), Fraction(28)) == 41.3125


@given(
    st.integers(1, 100_000_000),
    st.sampled_from([Fraction(1), Fraction(4), Fraction(28), Fraction(3, 2), Fraction(1, 10)]),
)
def test_a_price_in_cents_survives_yahoos_floats_of_32_bits(cents: int, factor: Fraction) -> None:
    price = cents / 100
    sent = float(np.float32(price / float(factor)))

    # Seven digits are what such a float has: beyond them no cent is left to know.
    assert as_traded(sent, factor) == pytest.approx(price, rel=2e-7)
    if cents < 1_000_000:
        assert round(as_traded(sent, factor), 2) == price
