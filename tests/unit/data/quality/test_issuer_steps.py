"""A spin-off explains the fall of its ex-date: by its value where known, else as it fell."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from bifrost.core.corporate_actions import CorporateAction, SpinOff
from bifrost.data.quality.context import GateContext, PriceStep
from bifrost.data.quality.gate import judge
from bifrost.data.quality.issuer_steps import steps_of
from bifrost.data.series.adjustment import first_moment
from bifrost.data.series.columns import BarColumns, exactly, instant_of
from tests.unit.data.quality.test_gate import DAILY, DAYS, daily, kinds, times

PLACE = 80
# On usual volume, and so far that nobody believes it without a reason.
FALLEN = times(daily(), 0.62, PLACE)


def spin_off(value: str | None, basis: str | None = "0.4") -> CorporateAction:
    """Half a share of another for each one, at the place's session."""
    share_value = None if value is None else Decimal(value)
    terms = SpinOff("KID", Decimal("0.5"), None if basis is None else Decimal(basis), share_value)
    return CorporateAction(
        action_id="spin-1",
        vendor="me",
        revision=1,
        instrument="OLD",
        currency="USD",
        ex_date=DAYS[PLACE].session,
        spin_off=terms,
        lacks=terms.lacks,
    )


def context(bars: BarColumns, *standing: CorporateAction) -> GateContext:
    """What the gate knows where these stand."""
    return replace(DAILY, steps=steps_of(standing, bars))


def test_a_known_value_is_a_step_of_just_that_size() -> None:
    close = float(exactly(int(FALLEN.close[PLACE - 1])))
    worth = Decimal(str(round(close * 0.38 * 2, 2)))

    (step,) = steps_of([spin_off(str(worth))], FALLEN)

    assert step.factor == pytest.approx(0.62, abs=0.0002)
    assert step.at == instant_of(first_moment(DAYS[PLACE].session))
    assert judge(FALLEN, replace(DAILY, steps=(step,))) == []


def test_a_value_that_nobody_told_explains_the_fall_of_its_day_at_once() -> None:
    newest = FALLEN.take(slice(0, PLACE + 1))

    assert kinds(judge(newest, DAILY)) == [("jump", PLACE, True)]
    assert judge(newest, context(newest, spin_off(None))) == []


def test_it_asserts_no_fall_where_the_price_did_not() -> None:
    assert judge(daily(), context(daily(), spin_off(None))) == []


@pytest.mark.parametrize("factor", [1.62, 0.01])
def test_it_explains_no_rise_and_no_hundredth(factor: float) -> None:
    bars = times(daily(), factor, PLACE)

    assert judge(bars, context(bars, spin_off(None))) != []


def test_it_explains_no_other_day() -> None:
    early = times(daily(), 0.62, PLACE - 3)

    assert kinds(judge(early, context(early, spin_off(None)))) == [("jump", PLACE - 3, False)]


def test_one_source_s_claim_lets_the_bar_in_and_leaves_it_flagged() -> None:
    newest = FALLEN.take(slice(0, PLACE + 1))
    claimed = steps_of([spin_off(None, basis=None)], newest)

    (found,) = judge(newest, replace(DAILY, claims=claimed))

    assert kinds([found]) == [("jump", PLACE, False)]
    assert "spin-off that is claimed" in found.reason


def test_volumes_are_of_as_many_shares_as_before() -> None:
    step = PriceStep(DAYS[PLACE].opens_at - timedelta(hours=13), None, "spin-1")

    assert judge(FALLEN, replace(DAILY, steps=(step,))) == []
