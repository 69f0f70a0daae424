"""When a break is so large that its account may only reduce what it holds (ORDER_FLOW, rule 8).

Only cash and positions that nothing explains count, and only once they have stood for a while: a
deposit that travels from one book to the next is a difference of its whole amount for a moment.
Fills that do not come to a book count too: until they do, nothing can be said of its account.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from bifrost.core.breaks import PENDING, UNDER_WAY_MAX, Break, is_stuck
from bifrost.core.money import EXACT, exact_product
from bifrost.execution.switches import Switch, SwitchMode

# Who has set a switch that no person set.
SET_BY = "reconciliation"
_UNEXPLAINED = "unexplained"


@dataclass(frozen=True, slots=True)
class BreakLimits:
    """How large a break may be, and how long a larger one may stand; a dated row with a source.

    Cash is in the account's own currency, and so are a position's prices.
    """

    cash_max: Decimal
    position_notional_max: Decimal
    stands_seconds: int


def counts(one: Break) -> bool:
    """Say whether the break could ever halt: fills that stay away, or what nothing explains."""
    return one.kind == PENDING or (one.kind in ("cash", "position") and one.cause == _UNEXPLAINED)


def reason_to_halt(
    breaks: Iterable[Break],
    limits: BreakLimits | None,
    marks: Mapping[str, Decimal],
    switch: Switch | None,
    now: datetime,
) -> str | None:
    """Return why the account has to be stopped now; None where it has not.

    limits: None where none are in force, and then nothing may stand.
    marks: last prices; what has none is worth any amount.
    switch: the account's own. One that already stops new orders stays as it is, and a person who
        let it trade again has seen the breaks that were there then.
    """
    if switch is not None and switch.mode is not SwitchMode.TRADE:
        return None
    released_at = None if switch is None else switch.set_at
    for one in breaks:
        seen_by_a_person = released_at is not None and one.first_seen <= released_at
        if counts(one) and not seen_by_a_person and _is_over(one, limits, marks, now):
            return _told(one)
    return None


def _told(one: Break) -> str:
    since = one.first_seen.isoformat()
    ours, theirs = (f"{EXACT.normalize(number):f}" for number in (one.ours, one.theirs))
    if one.kind == PENDING:
        return f"{one.book}: {one.subject} has stood at {ours} of {theirs} since {since}"
    return (
        f"{one.book}: {one.kind} {one.subject} is {ours} here and {theirs}"
        f" at the venue since {since}"
    )


def _is_over(
    one: Break, limits: BreakLimits | None, marks: Mapping[str, Decimal], now: datetime
) -> bool:
    if one.kind == PENDING:
        stands = UNDER_WAY_MAX if limits is None else timedelta(seconds=limits.stands_seconds)
        return is_stuck(one, now, stands)
    if limits is None:
        return True
    if now - one.first_seen < timedelta(seconds=limits.stands_seconds):
        return False
    size = abs(EXACT.subtract(one.ours, one.theirs))
    if one.kind == "cash":
        return size > limits.cash_max
    mark = marks.get(one.subject)
    return mark is None or exact_product(size, mark) > limits.position_notional_max
