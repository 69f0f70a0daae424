"""One suite over every vendor's real client: what was traded comes out, and nothing else does.

A rate limit, an empty 200, half a page, a changed field and another time zone are five different
answers, and none of them is "no data".
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from bifrost.adapters.clock import SystemClock
from bifrost.adapters.memory.clock import SetClock
from bifrost.adapters.memory.vendor_states import MemoryVendorStates
from bifrost.adapters.vendors.calls import Patience
from bifrost.adapters.vendors.registry import Vendors
from bifrost.core.corporate_actions import Split
from bifrost.data.providers.answers import Absent, Failed, Found, Partial, RateLimited
from bifrost.data.providers.breaking import CircuitState
from bifrost.data.providers.ports import BarRequest
from bifrost.data.providers.vendor_states import AnswerKind
from bifrost.data.series.columns import BarColumns, micros
from bifrost.data.series.timeframes import Timeframe
from tests.contract.vendor_desk import (
    BEFORE,
    DIVIDENDS,
    FIRST,
    LITTLE,
    MARKET,
    SHARE,
    SPLIT,
    TRIES,
    TWINS,
    VendorDesk,
    settings_of,
    truth,
    vendor_desk,
)
from tests.twins.server import (
    WELL,
    Misbehaviour,
    as_text,
    dripping,
    drops,
    empty_200,
    half_page,
    no_rows,
    renamed,
    repeated,
    reversed_rows,
    shifted,
    slow,
    status,
    too_many,
)

pytestmark = pytest.mark.usefixtures("three_tries")


@pytest.fixture(params=sorted(TWINS))
def vendor(request: pytest.FixtureRequest) -> Iterator[VendorDesk]:
    with vendor_desk(request.param) as desk:
        yield desk


def reason(answer: Any) -> str:
    """Return why there is no whole answer; the test fails where there is one."""
    text: str = answer.reason
    return text


@pytest.mark.parametrize("timeframe", [Timeframe.D1, Timeframe.M1])
def test_every_vendor_tells_what_was_traded_before_and_after_a_split(
    vendor: VendorDesk, timeframe: Timeframe
) -> None:
    answer = vendor.ask(timeframe)

    assert isinstance(answer, Found)
    assert answer.data.equals(truth(SHARE, timeframe))


def test_bars_come_of_the_range_that_was_asked_for_and_of_no_other(vendor: VendorDesk) -> None:
    first, before = datetime(2024, 6, 7, 15, tzinfo=UTC), datetime(2024, 6, 10, 14, tzinfo=UTC)

    answer = vendor.ask(first=first, before=before)

    assert isinstance(answer, Found)
    assert answer.data.equals(truth(SHARE, Timeframe.M1).between(first, before))


def test_a_day_that_is_not_over_has_no_bar_yet() -> None:
    clock = SetClock(datetime(2024, 6, 12, 18, tzinfo=UTC))
    for name in ("alpaca", "massive"):
        with vendor_desk(name, clock=clock) as vendor:
            daily, minutes = vendor.ask(Timeframe.D1), vendor.ask(Timeframe.M1)

            assert isinstance(daily, Found)
            assert isinstance(minutes, Found)
            last = datetime(2024, 6, 11, 13, 30, tzinfo=UTC)
            assert daily.data.starts_at[-1] == micros(last)
            assert minutes.data.starts_at[-1] == micros(clock.now() - timedelta(minutes=1))


def test_an_unknown_symbol_is_absent(vendor: VendorDesk) -> None:
    assert isinstance(vendor.ask(Timeframe.D1, "NOBODY"), Absent)
    assert isinstance(vendor.ask(Timeframe.M1, "NOBODY"), Absent)


def test_splits_and_dividends_are_those_of_their_day(vendor: VendorDesk) -> None:
    answer = vendor.data.actions("ACME", "ACME", date(2024, 6, 1), date(2024, 6, 30))

    assert isinstance(answer, Found)
    early, split, late = answer.data.actions
    assert split.split == Split(Decimal(SPLIT.new_shares), Decimal(SPLIT.old_shares))
    assert [split.ex_date, split.vendor] == [SPLIT.ex_date, vendor.data.name]
    paid = [one.cash_dividend.amount_per_share for one in (early, late) if one.cash_dividend]
    assert paid == [one.amount for one in DIVIDENDS]


def test_a_share_without_splits_and_dividends_has_none(vendor: VendorDesk) -> None:
    answer = vendor.data.actions("PLAIN", "PLAIN", date(2024, 6, 1), date(2024, 6, 30))

    assert isinstance(answer, Absent)


def test_a_rate_limit_that_ends_soon_is_waited_for(vendor: VendorDesk) -> None:
    well = vendor.requests_of_a_little()
    vendor.twin.script(too_many(retry_after="0"))

    answer = vendor.ask_a_little()

    assert isinstance(answer, Found)
    assert answer.data.equals(truth(SHARE, Timeframe.M1).between(*LITTLE))
    assert len(vendor.twin.asked) == well + 1


def test_a_longer_rate_limit_is_told_at_once_and_nobody_asks_until_it_ends(
    vendor: VendorDesk,
) -> None:
    vendor.twin.script(too_many(retry_after="120"))

    first, second = vendor.ask(), vendor.ask()

    assert isinstance(first, RateLimited)
    assert first.retry_after_seconds == 120
    assert isinstance(second, RateLimited)
    assert 100 < second.retry_after_seconds <= 120
    assert len(vendor.twin.asked) == 1


def test_a_rate_limit_may_name_a_date(vendor: VendorDesk) -> None:
    vendor.twin.script(too_many(retry_after="Wed, 21 Oct 2099 07:28:00 GMT"))

    answer = vendor.ask()

    assert isinstance(answer, RateLimited)
    assert answer.retry_after_seconds > 10**8


@pytest.mark.parametrize("trouble", [empty_200, drops, half_page, status(503), status(504)])
def test_a_failure_is_tried_again(vendor: VendorDesk, trouble: Misbehaviour) -> None:
    well = vendor.requests_of_a_little()
    vendor.twin.script(trouble)

    answer = vendor.ask_a_little()

    assert isinstance(answer, Found)
    assert answer.data.equals(truth(SHARE, Timeframe.M1).between(*LITTLE))
    assert len(vendor.twin.asked) == well + 1


@pytest.mark.parametrize(
    "trouble", [empty_200, drops, half_page, status(500), status(503), status(504)]
)
def test_a_failure_that_stays_is_no_absence_and_is_sent_three_times_and_no_more(
    vendor: VendorDesk, trouble: Misbehaviour
) -> None:
    vendor.twin.always = trouble

    answer = vendor.ask(Timeframe.D1)

    assert isinstance(answer, Failed)
    assert answer.retryable
    assert len(vendor.twin.asked) == TRIES


@pytest.mark.parametrize("trouble", [slow(1.0), dripping(0.02)])
def test_an_answer_that_is_not_there_in_time_is_given_up(trouble: Misbehaviour) -> None:
    for name in TWINS:
        with vendor_desk(name, patience=Patience(deadline_seconds=0.1)) as vendor:
            vendor.twin.always = trouble

            answer = vendor.ask(Timeframe.D1)

            assert isinstance(answer, Failed), name
            assert answer.retryable


@pytest.mark.parametrize(
    ("change", "field"),
    [
        *((renamed, field) for field in ("open", "high", "low", "close", "volume", "time")),
        *((as_text, field) for field in ("open", "high", "low", "close", "volume")),
    ],
)
def test_a_changed_field_is_another_shape_and_never_another_value(
    vendor: VendorDesk, change: Any, field: str
) -> None:
    for timeframe in (Timeframe.D1, Timeframe.M1):
        vendor.forget()
        vendor.twin.always = change(field)

        answer = vendor.ask(timeframe)

        assert isinstance(answer, Failed)
        assert not answer.retryable
        assert "another shape" in answer.reason
        assert len(vendor.twin.asked) == 1


@pytest.mark.parametrize("hours", [-5, -4, -1, 1, 4, 5, 8])
def test_minutes_in_another_time_zone_are_refused_in_words(vendor: VendorDesk, hours: int) -> None:
    vendor.twin.page_rows = 10_000
    vendor.twin.always = shifted(hours)

    answer = vendor.ask_a_little()

    assert isinstance(answer, Failed)
    assert not answer.retryable
    assert "time zone" in answer.reason or "outside of 4:00 to 20:00" in answer.reason
    state = vendor.states.find(vendor.data.name)
    assert state is not None
    assert state.last is not None
    assert (state.last.kind, state.last.reason) == (AnswerKind.FAILED, answer.reason)


@pytest.mark.parametrize("hours", [-10, -5, -1])
def test_days_in_another_time_zone_are_refused_in_words(vendor: VendorDesk, hours: int) -> None:
    vendor.twin.always = shifted(hours)

    answer = vendor.ask(Timeframe.D1)

    assert isinstance(answer, Failed)
    assert "time zone" in answer.reason


def test_one_page_in_another_time_zone_among_good_ones_is_seen(vendor: VendorDesk) -> None:
    before = [WELL] * (2 if vendor.data.name == "yahoo" else 6)
    vendor.twin.script(*before, shifted(-5))

    answer = vendor.ask()

    assert not isinstance(answer, Found)
    if isinstance(answer, Partial):
        assert answer.data.equals(truth(SHARE, Timeframe.M1).between(FIRST, answer.resume_from))


@pytest.mark.parametrize("trouble", [repeated, reversed_rows])
def test_bars_twice_or_out_of_order_are_refused(vendor: VendorDesk, trouble: Misbehaviour) -> None:
    vendor.twin.always = trouble

    answer = vendor.ask(Timeframe.D1)

    assert isinstance(answer, Failed)
    assert not answer.retryable


def test_an_empty_result_is_absent_in_the_vendors_own_words(vendor: VendorDesk) -> None:
    vendor.twin.always = no_rows

    assert isinstance(vendor.ask(Timeframe.D1), Absent)


@pytest.mark.parametrize(
    "trouble", [half_page, drops, status(502), too_many("600"), renamed("low")]
)
def test_what_came_before_a_page_that_failed_is_kept_and_the_rest_can_be_asked_for(
    vendor: VendorDesk, trouble: Misbehaviour
) -> None:
    vendor.twin.script(WELL, WELL, *[trouble] * TRIES)

    part = vendor.ask()
    vendor.forget()

    assert isinstance(part, Partial)
    assert len(part.data)
    rest = vendor.ask(first=part.resume_from)
    assert isinstance(rest, Found)
    whole = BarColumns.concatenated([part.data, rest.data])
    assert whole.equals(truth(SHARE, Timeframe.M1))


def test_a_vendor_that_dies_opens_its_circuit_and_one_trial_closes_it() -> None:
    for name in TWINS:
        clock = SetClock(datetime(2026, 1, 5, 12, tzinfo=UTC))
        with vendor_desk(name, clock=clock) as vendor:
            vendor.twin.die()
            answers = [vendor.ask(Timeframe.D1) for _ in range(3)]
            assert all(isinstance(one, Failed) and one.retryable for one in answers[:2])
            assert isinstance(answers[2], RateLimited)  # nobody was asked: that is no failure
            assert "circuit" in reason(answers[2])
            vendor.twin.live()
            still_open = vendor.ask(Timeframe.D1)
            clock.pass_by(61)

            answer = vendor.ask(Timeframe.D1)

            assert isinstance(still_open, RateLimited)
            assert not vendor.twin.asked[1:]
            assert isinstance(answer, Found)
            state = vendor.states.find(name)
            assert state is not None
            assert state.circuit.state is CircuitState.CLOSED


def test_a_trial_that_fails_keeps_the_circuit_open_and_sends_one_request() -> None:
    clock = SetClock(datetime(2026, 1, 5, 12, tzinfo=UTC))
    with vendor_desk("alpaca", clock=clock) as vendor:
        vendor.twin.always = status(503)
        for _ in range(2):
            vendor.ask(Timeframe.D1)
        sent = len(vendor.twin.asked)
        clock.pass_by(61)

        vendor.ask(Timeframe.D1)

        assert len(vendor.twin.asked) == sent + 1


def test_history_is_of_every_exchange_whatever_the_live_line_may_hear() -> None:
    with TWINS["alpaca"](MARKET) as twin:
        settings = replace(settings_of(twin), alpaca_feed="iex")
        alpaca = Vendors(settings, MemoryVendorStates(), SystemClock()).named("alpaca")

        alpaca.bars(BarRequest(SHARE.symbol, SHARE.symbol, Timeframe.D1, FIRST, BEFORE))

        assert [asked.query["feed"] for asked in twin.asked] == ["sip"]


def test_wrong_keys_are_told_and_not_tried_again() -> None:
    for name in ("alpaca", "massive"):
        with vendor_desk(name) as vendor:
            vendor.twin.always = status(401, '{"message": "unauthorized"}', "application/json")

            answer = vendor.ask(Timeframe.D1)

            assert isinstance(answer, Failed)
            assert not answer.retryable
            assert len(vendor.twin.asked) == 1


def test_a_process_waits_for_its_turn_instead_of_asking_too_often() -> None:
    clock = SetClock(datetime(2026, 1, 5, 12, tzinfo=UTC))
    with vendor_desk("massive", clock=clock, calls_per_minute=2) as vendor:
        first, second = vendor.ask(Timeframe.D1), vendor.ask(Timeframe.D1)
        clock.pass_by(30)
        third = vendor.ask(Timeframe.D1)

        assert isinstance(first, Found)
        assert isinstance(second, RateLimited)
        assert second.retry_after_seconds == pytest.approx(30)
        assert isinstance(third, Found)
        assert len(vendor.twin.asked) == 2
