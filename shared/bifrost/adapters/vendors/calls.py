"""One read of a vendor: its turn is waited for, it is tried a few times, and all may learn from it.

Vendors' client libraries hide retries of their own (alpaca-py repeats 429 and 504, massive seven
codes, yfinance every refusal once): each adapter switches them off, so that what is counted here is
what the vendor sees.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any, TypeAlias, TypeVar

from bifrost.data.ports import Clock
from bifrost.data.providers.answers import Absent, Answer, Failed, Found, RateLimited
from bifrost.data.providers.vendor_states import (
    Admitted,
    AnswerKind,
    LastAnswer,
    Vendor,
    VendorState,
    VendorStates,
    admit,
    fresh,
    took_in,
)

T = TypeVar("T")
NoData: TypeAlias = Absent | RateLimited | Failed

# Said by nobody: how long to leave a vendor alone that names no time.
PAUSE_SECONDS = 30.0


class NotAnsweredError(Exception):
    """The vendor did not send what was asked for; `answer` is what it said instead."""

    def __init__(self, answer: NoData) -> None:
        super().__init__(answer.reason)
        self.answer = answer


class _NotSentError(NotAnsweredError):
    """Nobody was asked: it is not this call's turn, or the circuit is open."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long one read may take: `tries` of `deadline_seconds` each, and pauses between them.

    wait_max_seconds: a vendor that asks for a longer pause is not waited for.
    """

    tries: int = 3
    connect_seconds: float = 5.0
    deadline_seconds: float = 20.0
    wait_max_seconds: float = 5.0
    pause_seconds: float = 0.2


class VendorCalls:
    """Makes reads of one vendor, in turn with every other process that asks it."""

    def __init__(
        self, vendor: Vendor, states: VendorStates, clock: Clock, patience: Patience
    ) -> None:
        self.vendor = vendor
        self.patience = patience
        self._states = states
        self._clock = clock

    def read(self, send: Callable[[], T]) -> T:
        """Return what `send` returns; raise NotAnsweredError with the last of its answers.

        send: makes one request and no more, and raises NotAnsweredError for what is no answer.
        """
        import stamina

        patience = self.patience
        tries = stamina.retry_context(
            on=self._pause_before_another,
            attempts=patience.tries,
            timeout=patience.tries * (patience.deadline_seconds + patience.wait_max_seconds),
            wait_initial=patience.pause_seconds,
            wait_max=patience.wait_max_seconds,
            wait_jitter=patience.pause_seconds,
        )
        told: NotAnsweredError | None = None
        for attempt in tries:
            with attempt:
                try:
                    return self._once(send)
                except _NotSentError as error:
                    # What the vendor said is the answer, not that it may not be asked again.
                    raise (told or error) from None
                except NotAnsweredError as error:
                    told = error
                    raise
        raise AssertionError("stamina ends with an answer or an error")

    def told(self, answer: Answer[T]) -> Answer[T]:
        """Remember an answer that came well and cannot be believed; return it, whatever it is.

        It opens no circuit: the vendor lives, and of another symbol it may be right.
        """
        if isinstance(answer, Failed) and not answer.retryable:
            last = LastAnswer(AnswerKind.FAILED, answer.reason, self._clock.now())

            def step(state: VendorState | None) -> tuple[VendorState, None]:
                return replace(state or fresh(self.vendor, last.at), last=last), None

            self._states.change(self.vendor.name, step)
        return answer

    def pause_of(self, headers: Any) -> float:
        """Return for how many seconds the vendor wants to be left alone, by its headers.

        `Retry-After` is RFC 9110's, seconds or a date; `X-RateLimit-Reset` is Alpaca's, an epoch.
        """
        now = self._clock.now()
        after = headers.get("Retry-After")
        if after is not None:
            return _seconds_of(after, now)
        reset = headers.get("X-RateLimit-Reset")
        if reset is not None and reset.isdigit():
            return max(0.0, int(reset) - now.timestamp())
        return PAUSE_SECONDS

    def _once(self, send: Callable[[], T]) -> T:
        admitted = self._states.change(self.vendor.name, self._admit)
        if not isinstance(admitted, Admitted):
            raise _NotSentError(admitted)
        if admitted.wait_seconds:
            time.sleep(admitted.wait_seconds)
        try:
            found = send()
        except NotAnsweredError as error:
            self._learn(admitted, error.answer)
            raise
        self._learn(admitted, Found(None))
        return found

    def _admit(self, state: VendorState | None) -> tuple[VendorState, Admitted | RateLimited]:
        now = self._clock.now()
        return admit(state or fresh(self.vendor, now), self.vendor, now)

    def _learn(self, admitted: Admitted, answer: Found[None] | NoData) -> None:
        def step(state: VendorState | None) -> tuple[VendorState, None]:
            now = self._clock.now()
            known = state or fresh(self.vendor, now)
            return took_in(known, self.vendor, admitted, answer, now), None

        self._states.change(self.vendor.name, step)

    def _pause_before_another(self, error: Exception) -> bool | float:
        """Say whether another try is worth it, or after how long: stamina's hook."""
        if not isinstance(error, NotAnsweredError):
            return False
        answer = error.answer
        if isinstance(answer, RateLimited):
            wait = answer.retry_after_seconds
            return wait if wait <= self.patience.wait_max_seconds else False
        return isinstance(answer, Failed) and answer.retryable


def _seconds_of(after: str, now: datetime) -> float:
    if after.strip().isdigit():
        return float(after)
    try:
        return max(0.0, (parsedate_to_datetime(after) - now).total_seconds())
    except (TypeError, ValueError):
        return PAUSE_SECONDS


def refused(vendor: str, status: int, body: str, pause_seconds: float) -> NoData:
    """Say what an HTTP status other than 200 means, where a vendor means nothing else by it."""
    told = f"{vendor} answered {status}: {' '.join(body.split())[:200]}"
    if status == 429:
        return RateLimited(pause_seconds, told)
    return Failed(told, retryable=status >= 500 or status in {408, 425})
