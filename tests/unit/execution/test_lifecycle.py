"""Promises where an order goes: FIX 4.4's order state changes (appendix D), group by group.

Groups C and D (replacing) and I (fill-or-kill) apply only as far as states exist for them;
J (a trade corrected by the venue) does not: our venues break no trades.
"""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bifrost.core.orders import OrderStatus as S
from bifrost.execution.lifecycle import TABLE, Happening, after

H = Happening

SENT = [(H.CHECKED, S.CHECKED), (H.SENT, S.SUBMITTED)]
WORKING = [*SENT, (H.ACKNOWLEDGED, S.ACCEPTED)]
PARTLY = [*WORKING, (H.PARTLY_FILLED, S.PARTIALLY_FILLED)]

MATRICES = {
    "A1 filled in two parts": [
        *WORKING,
        (H.PARTLY_FILLED, S.PARTIALLY_FILLED),
        (H.PARTLY_FILLED, S.PARTIALLY_FILLED),
        (H.FILLED, S.FILLED),
    ],
    "A2 part-filled day order, done for the day": [*PARTLY, (H.EXPIRED, S.EXPIRED)],
    "A filled before the acknowledgement came": [
        *SENT,
        (H.FILLED, S.FILLED),
        (H.ACKNOWLEDGED, S.FILLED),
    ],
    "B1 cancel of an order without fills": [
        *WORKING,
        (H.CANCEL_ASKED, S.PENDING_CANCEL),
        (H.CANCELLED, S.CANCELLED),
    ],
    "B2 cancel of a part-filled order, a trade meanwhile": [
        *PARTLY,
        (H.CANCEL_ASKED, S.PENDING_CANCEL),
        (H.PARTLY_FILLED, S.PENDING_CANCEL),
        (H.CANCELLED, S.CANCELLED),
    ],
    "B3 filled before the cancel was accepted": [
        *PARTLY,
        (H.CANCEL_ASKED, S.PENDING_CANCEL),
        (H.FILLED, S.FILLED),
        (H.CANCEL_REFUSED, S.FILLED),
    ],
    "B4 too late to cancel": [
        *WORKING,
        (H.FILLED, S.FILLED),
        (H.CANCEL_ASKED, S.FILLED),
        (H.CANCEL_REFUSED, S.FILLED),
    ],
    "B cancel refused, the order works on": [
        *WORKING,
        (H.CANCEL_ASKED, S.PENDING_CANCEL),
        (H.CANCEL_REFUSED, S.ACCEPTED),
        (H.FILLED, S.FILLED),
    ],
    "B a trade that the venue made before it cancelled": [
        *WORKING,
        (H.CANCELLED, S.CANCELLED),
        (H.PARTLY_FILLED, S.CANCELLED),
    ],
    "B the trade that completed the order, after its cancel": [
        *WORKING,
        (H.CANCELLED, S.CANCELLED),
        (H.FILLED, S.FILLED),
        (H.CANCELLED, S.FILLED),
    ],
    "C replace of a part-filled order, a trade meanwhile": [
        *PARTLY,
        (H.REPLACE_ASKED, S.PENDING_REPLACE),
        (H.PARTLY_FILLED, S.PENDING_REPLACE),
        (H.FILLED, S.FILLED),
        (H.REPLACE_ANSWERED, S.FILLED),
    ],
    "D a cancel overtakes a replace": [
        *WORKING,
        (H.REPLACE_ASKED, S.PENDING_REPLACE),
        (H.CANCEL_ASKED, S.PENDING_CANCEL),
        (H.REPLACE_ANSWERED, S.PENDING_CANCEL),
        (H.CANCELLED, S.CANCELLED),
    ],
    "E unsolicited cancel": [*PARTLY, (H.CANCELLED, S.CANCELLED)],
    "F rejected": [*SENT, (H.REJECTED, S.REJECTED)],
    "F rejected after it was acknowledged": [*WORKING, (H.REJECTED, S.REJECTED)],
    "F a rejection cannot undo a trade": [*PARTLY, (H.REJECTED, S.PARTIALLY_FILLED)],
    "F a trade of a rejected order": [
        *SENT,
        (H.REJECTED, S.REJECTED),
        (H.PARTLY_FILLED, S.PARTIALLY_FILLED),
        (H.FILLED, S.FILLED),
    ],
    "G no answer, then the venue says it has it": [
        *SENT,
        (H.NO_ANSWER, S.UNKNOWN),
        (H.ACKNOWLEDGED, S.ACCEPTED),
    ],
    "G no answer, then a trade": [
        *SENT,
        (H.NO_ANSWER, S.UNKNOWN),
        (H.PARTLY_FILLED, S.PARTIALLY_FILLED),
    ],
    "G no answer, then rejected": [*SENT, (H.NO_ANSWER, S.UNKNOWN), (H.REJECTED, S.REJECTED)],
    "G the answer came before it was missed": [*WORKING, (H.NO_ANSWER, S.ACCEPTED)],
    "H good till cancelled, expired after fills": [*PARTLY, (H.EXPIRED, S.EXPIRED)],
    "I immediate or cancel: what did not fill is cancelled": [*PARTLY, (H.CANCELLED, S.CANCELLED)],
    "K halted and resumed": [
        *WORKING,
        (H.HALTED, S.SUSPENDED),
        (H.PARTLY_FILLED, S.SUSPENDED),
        (H.RESUMED, S.ACCEPTED),
    ],
    "L refused by a rule, and never sent": [
        (H.CHECKED, S.CHECKED),
        (H.REFUSED, S.REFUSED),
        (H.SENT, S.REFUSED),
    ],
    "L withdrawn before it was sent": [
        (H.WITHDRAWN, S.CANCELLED),
        (H.CHECKED, S.CANCELLED),
        (H.SENT, S.CANCELLED),
    ],
    "L too late to withdraw, or to refuse": [
        *SENT,
        (H.WITHDRAWN, S.SUBMITTED),
        (H.REFUSED, S.SUBMITTED),
    ],
    "L a trade of an expired order": [
        *WORKING,
        (H.EXPIRED, S.EXPIRED),
        (H.PARTLY_FILLED, S.EXPIRED),
        (H.FILLED, S.FILLED),
    ],
}
BY_FILLS = {H.PARTLY_FILLED, H.FILLED}
# The venue gives back what it had taken to consider; everything else only goes forward.
GIVEN_BACK = {H.CANCEL_REFUSED, H.REPLACE_ANSWERED, H.RESUMED}
FORWARD = (
    {S.RECEIVED},
    {S.CHECKED},
    {S.SUBMITTED},
    {S.UNKNOWN},
    {S.ACCEPTED},
    {S.PARTIALLY_FILLED},
    {S.SUSPENDED, S.PENDING_REPLACE},
    {S.PENDING_CANCEL},
    {S.CANCELLED, S.EXPIRED, S.REJECTED, S.REFUSED},
    {S.FILLED},
)

histories = st.lists(st.sampled_from(list(H)), max_size=30)


def rank(status: S) -> int:
    return next(place for place, group in enumerate(FORWARD) if status in group)


@pytest.mark.parametrize("steps", MATRICES.values(), ids=MATRICES.keys())
def test_order_goes_where_fix_says(steps: list[tuple[H, S]]) -> None:
    status, seen = S.RECEIVED, []
    for happening, _ in steps:
        status = after(status, happening)
        seen.append(status)

    assert seen == [expected for _, expected in steps]


@pytest.mark.parametrize("status", list(S))
@pytest.mark.parametrize("happening", list(H))
def test_the_same_thing_twice_changes_nothing_more(status: S, happening: H) -> None:
    once = after(status, happening)

    assert after(once, happening) is once


@pytest.mark.parametrize("status", [status for status in S if status.is_terminal])
@pytest.mark.parametrize("happening", [happening for happening in H if happening not in BY_FILLS])
def test_nothing_but_a_trade_moves_an_order_that_has_ended(status: S, happening: H) -> None:
    assert after(status, happening) is status


@pytest.mark.parametrize("status", list(S))
def test_the_trade_that_completes_an_order_always_shows(status: S) -> None:
    assert after(status, H.FILLED) is S.FILLED


@given(histories)
def test_no_order_moves_backwards(history: list[H]) -> None:
    status = S.RECEIVED
    for happening in history:
        target = after(status, happening)
        traded_after_all = happening in BY_FILLS and status in (S.REJECTED, S.REFUSED)
        if happening not in GIVEN_BACK and not traded_after_all:
            assert rank(target) >= rank(status), (status, happening, target)
        status = target


def test_an_order_given_back_after_fills_is_partly_filled() -> None:
    assert after(S.PENDING_CANCEL, H.CANCEL_REFUSED, filled=Decimal(5)) is S.PARTIALLY_FILLED
    assert after(S.PENDING_CANCEL, H.CANCEL_REFUSED) is S.ACCEPTED


def test_every_happening_moves_something_and_every_status_is_reachable() -> None:
    targets = {target for moves in TABLE.values() for target in moves.values()}

    assert set(TABLE) == set(H)
    assert targets | {S.RECEIVED} == set(S)
