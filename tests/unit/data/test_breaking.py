"""The circuit before a vendor: it opens, cools down, lets one call try, and closes again.

Late news of calls that began before it changed moves nothing.
"""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bifrost.data.providers.breaking import (
    Circuit,
    CircuitPolicy,
    CircuitState,
    failed,
    permit,
    succeeded,
)

POLICY = CircuitPolicy(failures_in_a_row=3, recent_calls=10, recent_calls_min=6)
NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)


def after(*outcomes: bool) -> Circuit:
    """Return a circuit after calls that succeeded or failed, one at a time."""
    circuit = Circuit()
    for is_well in outcomes:
        circuit, wait = permit(circuit, POLICY, NOW)
        assert wait == 0
        circuit = (
            succeeded(circuit, POLICY, circuit.generation)
            if is_well
            else failed(circuit, POLICY, circuit.generation, NOW)
        )
    return circuit


def test_it_stays_closed_one_failure_before_too_many_in_a_row() -> None:
    assert after(False, False).state is CircuitState.CLOSED
    assert after(False, False, False).state is CircuitState.OPEN


def test_a_success_between_failures_begins_the_count_again() -> None:
    assert after(False, False, True, False, False).state is CircuitState.CLOSED


def test_more_than_half_of_the_last_calls_failing_opens_it() -> None:
    half = (False, True, False, True, False, True)

    assert after(*half).state is CircuitState.CLOSED
    assert after(*half, False).state is CircuitState.OPEN


def test_open_it_lets_nobody_pass_until_it_has_cooled_down_and_then_one_alone() -> None:
    circuit = after(False, False, False)
    early = NOW + timedelta(seconds=POLICY.cool_down_seconds - 1)
    due = NOW + timedelta(seconds=POLICY.cool_down_seconds)

    assert permit(circuit, POLICY, early) == (circuit, 1.0)
    trial, wait = permit(circuit, POLICY, due)
    assert (trial.state, wait) == (CircuitState.HALF_OPEN, 0.0)
    assert permit(trial, POLICY, due) == (trial, POLICY.trial_seconds)


def test_a_trial_decides() -> None:
    due = NOW + timedelta(seconds=POLICY.cool_down_seconds)
    trial, _ = permit(after(False, False, False), POLICY, due)

    closed = succeeded(trial, POLICY, trial.generation)
    opened = failed(trial, POLICY, trial.generation, due)

    assert (closed.state, closed.failures, closed.recent) == (CircuitState.CLOSED, 0, "")
    assert (opened.state, opened.since) == (CircuitState.OPEN, due)


def test_a_trial_that_died_gives_its_place_to_another_and_says_nothing_more() -> None:
    due = NOW + timedelta(seconds=POLICY.cool_down_seconds)
    dead, _ = permit(after(False, False, False), POLICY, due)
    later = due + timedelta(seconds=POLICY.trial_seconds)

    second, wait = permit(dead, POLICY, later)

    assert wait == 0
    assert succeeded(second, POLICY, dead.generation) == second
    assert failed(second, POLICY, dead.generation, later) == second


@pytest.mark.parametrize("is_well", [True, False])
def test_calls_that_began_before_it_opened_change_nothing(is_well: bool) -> None:
    opened = after(False, False, False)
    before = 0

    now = NOW + timedelta(seconds=5)
    late = succeeded(opened, POLICY, before) if is_well else failed(opened, POLICY, before, now)

    assert late == opened


STEPS = st.lists(
    st.tuples(st.sampled_from(["ask", "well", "ill"]), st.integers(0, 90)), max_size=80
)


@given(STEPS)
def test_whatever_happens_an_open_circuit_lets_nobody_pass_before_its_time(
    steps: list[tuple[str, int]],
) -> None:
    circuit, now = Circuit(), NOW
    under_way: list[int] = []
    for what, seconds in steps:
        now += timedelta(seconds=seconds)
        if what == "ask":
            before = circuit
            circuit, wait = permit(circuit, POLICY, now)
            if wait:
                assert circuit == before
                assert before.state is not CircuitState.CLOSED
                continue
            if before.state is not CircuitState.CLOSED:
                assert before.since is not None
                assert now - before.since >= timedelta(seconds=60)
                assert circuit.state is CircuitState.HALF_OPEN
            under_way.append(circuit.generation)
        elif under_way:
            generation = under_way.pop()
            circuit = (
                succeeded(circuit, POLICY, generation)
                if what == "well"
                else failed(circuit, POLICY, generation, now)
            )
        assert (circuit.state is CircuitState.CLOSED) == (circuit.since is None)
        assert circuit.failures < 3 or circuit.state is not CircuitState.CLOSED
        assert len(circuit.recent) <= POLICY.recent_calls


@given(STEPS)
def test_a_vendor_that_is_well_again_is_always_asked_again(steps: list[tuple[str, int]]) -> None:
    circuit, now = Circuit(), NOW
    for what, seconds in steps:
        now += timedelta(seconds=seconds)
        circuit, wait = permit(circuit, POLICY, now)
        if not wait and what == "ill":
            circuit = failed(circuit, POLICY, circuit.generation, now)

    circuit, wait = permit(circuit, POLICY, now + timedelta(seconds=60))

    assert wait == 0
    assert succeeded(circuit, POLICY, circuit.generation).state is CircuitState.CLOSED
