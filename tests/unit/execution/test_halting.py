"""An account is stopped for a break that is large, old and unexplained, and for no other; one that
a person has seen and let trade again is not stopped for it twice.
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from bifrost.core.breaks import Break
from bifrost.execution.halting import SET_BY, BreakLimits, reason_to_halt
from bifrost.execution.switches import Switch, SwitchMode

D = Decimal
NOW = datetime(2026, 11, 20, 15, tzinfo=UTC)
OPENED = NOW - timedelta(seconds=60)
LIMITS = BreakLimits(cash_max=D(100), position_notional_max=D(1000), stands_seconds=60)
CASH = Break(
    "a-1", "portfolio", "cash", "USD", D("100.01"), D(0), OPENED, NOW, "unexplained", "portfolio"
)
HELD = replace(CASH, kind="position", subject="AAPL", ours=D(11))
MARKS = {"AAPL": D(100)}


def halted(
    *breaks: Break, switch: Switch | None = None, limits: BreakLimits | None = LIMITS
) -> bool:
    """Say whether the account is stopped."""
    return reason_to_halt(breaks, limits, MARKS, switch, NOW) is not None


def test_a_cent_over_the_limit_stops_and_the_limit_itself_does_not() -> None:
    assert halted(CASH)
    assert not halted(replace(CASH, ours=D(100)))
    assert halted(replace(CASH, ours=D(0), theirs=D("100.01")))


def test_a_position_counts_by_its_last_price_and_without_one_in_any_size() -> None:
    assert halted(HELD)
    assert not halted(replace(HELD, ours=D(10)))
    assert halted(replace(HELD, subject="IBM", ours=D("0.01")))


def test_a_break_stops_once_it_has_stood_long_enough() -> None:
    assert not halted(replace(CASH, first_seen=OPENED + timedelta(microseconds=1)))


@pytest.mark.parametrize(
    "change",
    [
        {"cause": "imported_history"},
        {"kind": "statement"},
        {"kind": "order", "cause": "not_at_venue"},
    ],
)
def test_what_is_explained_or_no_cash_and_no_position_stops_nothing(change: dict[str, str]) -> None:
    assert not halted(replace(CASH, **change))  # type: ignore[arg-type]  # fields by name


PENDING = replace(CASH, kind="pending", subject="fills:a-1", ours=D(2), theirs=D(3))


def test_fills_that_stay_away_stop_and_fills_that_are_under_way_do_not() -> None:
    later = replace(PENDING, first_seen=OPENED + timedelta(microseconds=1))

    assert halted(PENDING)
    assert not halted(later)
    assert not halted(later, limits=None)
    reason = reason_to_halt([PENDING], LIMITS, MARKS, None, NOW)
    assert reason is not None
    assert reason.startswith("portfolio: fills:a-1 has stood at 2 of 3 since 2026")


def test_without_a_limit_in_force_nothing_may_stand() -> None:
    assert halted(replace(CASH, ours=D("0.01"), first_seen=NOW), limits=None)


def switch(mode: SwitchMode, at: datetime, by: str = "ann") -> Switch:
    """The account's own switch."""
    return Switch("a-1", mode, "why", by, at)


def test_a_switch_that_stops_already_stays_as_it_is() -> None:
    assert not halted(CASH, switch=switch(SwitchMode.HALT, OPENED))
    assert not halted(CASH, switch=switch(SwitchMode.STOP_NEW, NOW, SET_BY))


def test_a_person_who_let_it_trade_again_has_seen_the_breaks_of_then() -> None:
    assert not halted(CASH, switch=switch(SwitchMode.TRADE, OPENED))
    assert halted(CASH, switch=switch(SwitchMode.TRADE, OPENED - timedelta(microseconds=1)))


def test_the_reason_names_the_break() -> None:
    reason = reason_to_halt([CASH], LIMITS, MARKS, None, NOW)

    assert reason is not None
    assert reason.startswith("portfolio: cash USD is 100.01 here and 0 at the venue since 2026")
