"""Look at a vendor's series for every fault that can be repaired, in an order that ends.

Splits come before units, because a split of 100 looks like one; prices before dividends, because
a dividend is judged by the price's fall. Each look sees what the ones before it repaired, and
looking at the repaired series again finds nothing.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

from bifrost.data.repair.dividends import dividend_errors
from bifrost.data.repair.findings import Doubt, Repair
from bifrost.data.repair.gaps import frozen_prices, missing_prices
from bifrost.data.repair.looking import Look, look_through
from bifrost.data.repair.missing_splits import missing_splits
from bifrost.data.repair.splits import split_errors
from bifrost.data.repair.units import unit_errors
from bifrost.data.repair.vendor_series import VendorSeries


@dataclass(frozen=True, slots=True, eq=False)
class Examined:
    """What was found, in the order in which each was made, and the series with all of it made.

    claims: splits that only the price tells. They are votes to be joined by another source's, and
    are made nowhere: `repaired` knows nothing of them.
    """

    repairs: tuple[Repair, ...]
    doubts: tuple[Doubt, ...]
    claims: tuple[Repair, ...]
    repaired: VendorSeries


def examine(
    series: VendorSeries,
    *,
    confirmed: Collection[date] | None = None,
    second: VendorSeries | None = None,
) -> Examined:
    """Find and make every repair.

    confirmed: ex-dates of the splits that stand by their votes; None where nobody votes.
    second: another source's bars, for what this one's cannot tell.
    """
    looks: tuple[Look, ...] = (
        lambda given: split_errors(given, confirmed),
        unit_errors,
        lambda given: missing_prices(given, second),
        lambda given: frozen_prices(given, second),
        dividend_errors,
    )
    found, repaired = look_through(series, looks)
    claims = tuple(missing_splits(repaired).repairs)
    return Examined(tuple(found.repairs), tuple(found.doubts), claims, repaired)
