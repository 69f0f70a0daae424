"""A strategy as a series: the positions that its trades made, without any cash.

Cash is the account's, so a purchase is capital that comes in and a sale, a dividend or other
income is capital that leaves: r = (worth at the close + taken) / (worth before + bought) - 1. What
is bought counts from the start of its session, whenever in it that was, and what is taken leaves
at its end: so no gain is put to capital that was not at work, and what is bought and sold within
one session has a return, too.

Source: Spaulding (2014), A case for a mixed cash flow treatment policy; (2015) Cash Flow
Treatment, Part III. Of segments: Bacon (2008), Practical Portfolio Performance Measurement and
Attribution. It is no GIPS carve-out, which has cash (GIPS Standards 2020, 3.A.15).
"""

from collections.abc import Sequence

from bifrost.core.errors import ConflictError
from bifrost.core.money import EXACT
from bifrost.portfolio.performance import StrategySession
from bifrost.portfolio.returns.books import BookSeries, Unvalued, nothing_valued
from bifrost.portfolio.returns.series import NOTHING, ONE_DAY, Day, Series


def strategy_series(sessions: Sequence[StrategySession]) -> BookSeries:
    """Make a series of sessions that begin with the first trade, oldest first.

    One of unknown worth and the next that is valued are one period: what was bought in either is
    there from its start, what was taken leaves at its end. While nothing is held nothing is earned.
    Raises ConflictError where no session is valued.
    """
    days, unvalued, bought, taken = [], list[Unvalued](), NOTHING, NOTHING
    for one in sessions:
        bought, taken = EXACT.add(bought, one.bought), EXACT.add(taken, one.taken)
        if one.worth is None:
            unvalued.append(Unvalued(one.session, one.unpriced, one.unattributed))
            continue
        days.append(Day(one.session, flow=bought, value=one.worth, taken=taken))
        bought = taken = NOTHING
    if not sessions:
        raise ConflictError("no session has closed since the strategy's first trade")
    if not days:
        raise ConflictError(nothing_valued(unvalued))
    return BookSeries(
        Series(days[0].on - ONE_DAY, NOTHING, tuple(days)),
        tuple(unvalued),
        tuple((one.session, one.short) for one in sessions if one.short),
    )
