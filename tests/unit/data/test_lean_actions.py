"""Lean's factor files become dividends and splits, its map files renames and delistings."""

from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

import pytest

from bifrost.core.corporate_actions import ActionKind, CashDividend, Split
from bifrost.core.errors import InvalidInputError
from bifrost.data.files.lean_actions import factor_actions, read_factor_file, split_ratios

# 1.00 of 100, then two for one, then 0.50 of 50 and four for one on one day.
FACTORS = b"""20200102,0.9801,0.125,1
20200110,0.9801,0.125,100
20200210,0.99,0.125,80
20200310,0.99,0.25,50
20501231,1,1,0
"""


def test_the_steps_of_the_factors_are_dividends_and_splits() -> None:
    rows = read_factor_file(FACTORS)

    actions = factor_actions("ACME", rows, lambda of: of + timedelta(days=1))

    assert [(str(one.ex_date), one.kind) for one in actions] == [
        ("2020-01-11", ActionKind.CASH_DIVIDEND),
        ("2020-02-11", ActionKind.SPLIT),
        ("2020-03-11", ActionKind.CASH_DIVIDEND),
        ("2020-03-11", ActionKind.SPLIT),
    ]
    first, second, third, fourth = (one.terms for one in actions)
    assert isinstance(first, CashDividend)
    assert isinstance(third, CashDividend)
    assert (first.amount_per_share, third.amount_per_share) == (1, Decimal("0.5"))
    assert (second, fourth) == (
        Split(Decimal(2), Decimal(1)),
        Split(Decimal(4), Decimal(1)),
    )


@pytest.mark.parametrize(
    ("before", "after", "ratio"),
    [
        ("0.0357143", "0.25", Fraction(7)),
        ("0.3333333", "1", Fraction(3)),
        ("0.6666667", "1", Fraction(3, 2)),
        ("8", "1", Fraction(1, 8)),
        ("1", "1", Fraction(1)),
    ],
)
def test_a_ratio_is_the_simplest_that_the_files_rounding_allows(
    before: str, after: str, ratio: Fraction
) -> None:
    rows = read_factor_file(f"20200102,1,{before},1\n20501231,1,{after},0".encode())

    assert split_ratios(pairwise(rows)) == [ratio]


@pytest.mark.parametrize(
    ("content", "where"),
    [
        (b"20200102,1,1", "line 1, column row"),
        (b"20200102,1,1,1\n2020W011,1,1,1", "line 2, column 1"),
        (b"20200102,zero,1,1", "line 1, column 2"),
        (b"20200102,1,0,1", "line 1, column 3"),
        (b"20200102,1,1,NaN", "line 1, column 4"),
    ],
)
def test_a_broken_factor_file_is_named_by_line_and_column(content: bytes, where: str) -> None:
    with pytest.raises(InvalidInputError, match=where):
        read_factor_file(content)
