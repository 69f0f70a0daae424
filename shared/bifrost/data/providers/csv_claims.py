"""What a CSV file says beside its bars that the issuer did, and bars as they were traded.

yfinance writes prices divided by every split since, volumes and dividends too, with the noise of
floats of 32 bits. That is undone with the file's own splits; one after its last row cannot be.
AlphaVantage writes what was traded.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction
from typing import Any

import numpy as np

from bifrost.core.corporate_actions import CashDividend, CorporateAction, DividendKind, Split
from bifrost.data.series.adjustment import first_moment
from bifrost.data.series.columns import PRICES, UNITS, BarColumns, Floats, Integers

YAHOO, ALPHAVANTAGE = "yahoo", "alphavantage"
DIVIDEND, SPLIT = "dividend", "split"
# Which column says what, and whose way of writing it is.
COLUMNS = {
    "dividends": (DIVIDEND, YAHOO),
    "stock_splits": (SPLIT, YAHOO),
    "dividend_amount": (DIVIDEND, ALPHAVANTAGE),
    "split_coefficient": (SPLIT, ALPHAVANTAGE),
}
# Half a step of a float of 32 bits is 2**-24 of it at most; some are computed from two.
_NOISE = 2.0**-22
_SHARES_MAX = 10_000
_PLACES = Decimal("0.000001")


@dataclass(frozen=True, slots=True)
class Claim:
    """What the file says that the issuer did on this session: it is a claim, and no more.

    value: cash per share of a dividend; new shares per old one of a split.
    """

    line: int
    session: date
    kind: str
    value: Decimal

    @property
    def ratio(self) -> Fraction:
        """New shares per old one: the simple fraction that a float was written for."""
        return Fraction(self.value).limit_denominator(_SHARES_MAX)


def as_traded(bars: BarColumns, claims: Sequence[Claim]) -> tuple[BarColumns, tuple[Claim, ...]]:
    """Return bars and claims in the shares of their own day."""
    splits = [one for one in claims if one.kind == SPLIT]
    factors = np.ones(len(bars))
    for one in splits:
        factors[bars.starts_at < first_moment(one.session)] *= float(one.ratio)
    prices = {name: _quiet(bars.prices(name) * factors) for name in PRICES}
    volume = np.rint(bars.volume / UNITS / factors).astype(np.int64) * UNITS
    then = [one if one.kind == SPLIT else _dividend_then(one, splits) for one in claims]
    traded = BarColumns(starts_at=bars.starts_at, volume=volume, **prices)
    return traded, tuple(then)


def actions_of(
    vendor: str, instrument: str, currency: str, claims: Sequence[Claim]
) -> tuple[CorporateAction, ...]:
    """Return the claims as the vendor's actions, by the ids that it has elsewhere."""
    return tuple(_action(vendor, instrument, currency, one) for one in claims)


def _action(vendor: str, instrument: str, currency: str, claim: Claim) -> CorporateAction:
    terms: dict[str, Any]
    if claim.kind == SPLIT:
        ratio = claim.ratio
        terms = {"split": Split(Decimal(ratio.numerator), Decimal(ratio.denominator))}
    else:
        terms = {"cash_dividend": CashDividend(DividendKind.ORDINARY, claim.value)}
    (name,) = terms
    return CorporateAction(
        action_id=f"{vendor}:{instrument}:{claim.session}:{name}",
        vendor=vendor,
        revision=1,
        instrument=instrument,
        currency=currency,
        ex_date=claim.session,
        **terms,
    )


def _quiet(prices: Floats) -> Integers:
    """Count in millionths, without a float's noise where four places lie within it."""
    near = np.round(prices, 4)
    cut = np.where(np.abs(prices - near) <= np.abs(prices) * _NOISE, near, prices)
    counted: Integers = np.rint(cut * UNITS).astype(np.int64)
    return counted


def _dividend_then(paid: Claim, splits: Sequence[Claim]) -> Claim:
    factor = Fraction(1)
    for one in splits:
        if one.session > paid.session:
            factor *= one.ratio
    exact = Fraction(paid.value) * factor
    amount = Decimal(exact.numerator) / Decimal(exact.denominator)
    return replace(paid, value=amount.quantize(_PLACES, ROUND_HALF_EVEN).normalize() + 0)
