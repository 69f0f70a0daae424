"""How a vendor stands is kept alike in memory and in Postgres, and shared by all who ask it."""

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bifrost.adapters.memory.vendor_states import MemoryVendorStates
from bifrost.adapters.postgres.database import Database
from bifrost.adapters.postgres.market.vendor_states import PostgresVendorStates
from bifrost.data.providers.answers import Failed, Found, RateLimited
from bifrost.data.providers.breaking import CircuitPolicy, CircuitState
from bifrost.data.providers.limits import Rate
from bifrost.data.providers.vendor_states import (
    Admitted,
    AnswerKind,
    Vendor,
    VendorState,
    VendorStates,
    admit,
    fresh,
    took_in,
)

NOW = datetime(2026, 1, 5, 12, 0, 0, 123456, tzinfo=UTC)
VENDOR = Vendor("alpaca", Rate(10, 20), CircuitPolicy(failures_in_a_row=2))
Open = Callable[[], VendorStates]


@pytest.fixture(params=["memory", "postgres"])
def opened(request: pytest.FixtureRequest, make_database: Callable[[str], Database]) -> Open:
    """Open the same states: in Postgres, by a connection of one's own."""
    if request.param == "memory":
        kept = MemoryVendorStates()
        return lambda: kept
    return lambda: PostgresVendorStates(make_database("data"))


def ask(states: VendorStates, at: datetime = NOW) -> Admitted | RateLimited:
    """Ask for one call."""
    return states.change(VENDOR.name, lambda state: admit(state or fresh(VENDOR, at), VENDOR, at))


def learn(
    states: VendorStates,
    admitted: Admitted,
    answer: Found[None] | RateLimited | Failed,
    at: datetime = NOW,
) -> None:
    """Let all know what the vendor said."""

    def step(state: VendorState | None) -> tuple[VendorState, None]:
        assert state is not None
        return took_in(state, VENDOR, admitted, answer, at), None

    states.change(VENDOR.name, step)


def admitted(states: VendorStates, at: datetime = NOW) -> Admitted:
    """Ask for a call that may go."""
    answer = ask(states, at)
    assert isinstance(answer, Admitted)
    return answer


def test_of_a_vendor_that_nobody_asked_nothing_is_known(opened: Open) -> None:
    assert opened().find("alpaca") is None


def test_what_one_learned_the_others_know(opened: Open) -> None:
    one, other = opened(), opened()
    for _ in range(2):
        learn(one, admitted(one), Failed("503", retryable=True))

    refused = ask(other)

    assert isinstance(refused, RateLimited)
    assert "open" in refused.reason
    assert one.find("alpaca") == other.find("alpaca")


def test_every_field_comes_back_as_it_was_kept(opened: Open) -> None:
    states = opened()
    call = admitted(states)
    learn(states, call, RateLimited(30, "slow down"))

    state = states.find("alpaca")

    assert state is not None
    assert state.last is not None
    assert (state.last.kind, state.last.reason) == (AnswerKind.RATE_LIMITED, "slow down")
    assert state.last.at == NOW
    assert state.bucket.tokens == 19
    assert state.bucket.paused_until == NOW + timedelta(seconds=30)


def test_a_text_that_postgres_could_not_keep_does_not_lose_the_answer(opened: Open) -> None:
    states = opened()
    learn(states, admitted(states), Failed("odd \x00 byte" + "x" * 2000, retryable=True))

    state = states.find("alpaca")

    assert state is not None
    assert state.last is not None
    assert state.last.reason.startswith("odd ")
    assert len(state.last.reason) <= 500


def test_a_cooled_down_circuit_lets_one_of_many_try_and_its_success_closes_it(
    opened: Open,
) -> None:
    states = opened()
    for _ in range(2):
        learn(states, admitted(states), Failed("503", retryable=True))
    due = NOW + timedelta(seconds=VENDOR.circuit.cool_down_seconds)

    trial, second = ask(states, due), ask(opened(), due)
    assert isinstance(trial, Admitted)
    learn(states, trial, Found(None), due)

    assert isinstance(second, RateLimited)
    state = states.find("alpaca")
    assert state is not None
    assert state.circuit.state is CircuitState.CLOSED
    assert isinstance(ask(opened(), due), Admitted)


def test_a_rate_limit_says_nothing_for_a_circuit_that_is_tried(opened: Open) -> None:
    states = opened()
    for _ in range(2):
        learn(states, admitted(states), Failed("503", retryable=True))
    due = NOW + timedelta(seconds=VENDOR.circuit.cool_down_seconds)
    trial = admitted(states, due)

    learn(states, trial, RateLimited(1, "429"), due)

    state = states.find("alpaca")
    assert state is not None
    assert state.circuit.state is CircuitState.OPEN


def test_many_at_once_take_each_call_once(opened: Open) -> None:
    vendor = replace(VENDOR, rate=Rate(0.001, 20), wait_max_seconds=0.0)
    answers: list[Admitted | RateLimited] = []

    def take(states: VendorStates) -> None:
        for _ in range(10):
            answers.append(
                states.change(
                    "alpaca", lambda state: admit(state or fresh(vendor, NOW), vendor, NOW)
                )
            )

    callers = [threading.Thread(target=take, args=(opened(),)) for _ in range(4)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()

    assert sum(isinstance(one, Admitted) for one in answers) == 20
    assert sum(isinstance(one, RateLimited) for one in answers) == 20


def test_refusals_of_one_symbol_open_no_circuit_for_all(opened: Open) -> None:
    states = opened()
    for _ in range(5):
        learn(states, admitted(states), Failed("403: no recent SIP data", retryable=False))

    assert isinstance(ask(states), Admitted)


def test_a_trial_that_is_refused_by_a_vendor_that_lives_closes_the_circuit(opened: Open) -> None:
    states = opened()
    for _ in range(2):
        learn(states, admitted(states), Failed("503", retryable=True))
    due = NOW + timedelta(seconds=VENDOR.circuit.cool_down_seconds)

    learn(states, admitted(states, due), Failed("422: no such symbol", retryable=False), due)

    state = states.find("alpaca")
    assert state is not None
    assert state.circuit.state is CircuitState.CLOSED
