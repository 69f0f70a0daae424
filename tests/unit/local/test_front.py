"""Waiting for a desk that comes up: whoever still hears events is waited for while they become
fewer, and who neither answers nor moves on is named, with what it said.
"""

import pytest

from bifrost.core.errors import UnavailableError
from bifrost.local import front

URL = "http://127.0.0.1:1"


class Backlog:
    """What each look finds to be left."""

    def __init__(self, *left: int) -> None:
        self.left = list(left)

    def count(self, capability: str) -> int:
        """Return the next of them; the last one for good."""
        return self.left.pop(0) if len(self.left) > 1 else self.left[0]


class Desk:
    """A desk that answers as a test says, on a clock that each question moves on."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *answers: tuple[int, bytes] | OSError):
        self.answers = list(answers)
        self.now = 0.0
        self.asked = 0
        monkeypatch.setattr(front, "call", self.call)
        monkeypatch.setattr(front.time, "sleep", self.sleep)
        monkeypatch.setattr(front.time, "monotonic", lambda: self.now)

    def call(self, *_: object, timeout_seconds: float) -> tuple[int, bytes]:
        """Answer, or be silent for as long as one waits."""
        self.asked += 1
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, OSError):
            self.now += timeout_seconds
            raise answer
        return answer

    def sleep(self, seconds: float) -> None:
        """Pass by."""
        self.now += seconds


READY = (200, b"{}")
SILENCE = TimeoutError("timed out")


def test_who_hears_events_is_waited_for_while_they_become_fewer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    desk = Desk(monkeypatch, *[SILENCE] * 8, READY)
    said: list[str] = []

    front.wait_ready(URL, ("data",), Backlog(80, 70, 60, 50, 40, 30, 20, 10), said.append)

    assert desk.asked == 9
    assert said == ["data has 80 events to hear first"]


def test_who_does_not_move_on_is_named_with_what_it_said_and_what_waits_for_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    desk = Desk(monkeypatch, SILENCE)

    with pytest.raises(UnavailableError, match="data is not ready: timed out, 17 events wait"):
        front.wait_ready(URL, ("data",), Backlog(17), lambda _line: None)
    assert desk.now > front.READY_SECONDS_MAX


def test_a_function_that_does_not_start_is_given_up_after_three_tries(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    desk = Desk(monkeypatch, (502, b'{"detail": "no module"}'))

    with pytest.raises(UnavailableError, match="502 no module; see `bifrost logs risk`"):
        front.wait_ready(URL, ("risk",), Backlog(0), lambda _line: None)
    assert desk.asked == front.BROKEN_MAX


def test_who_is_ready_at_once_is_asked_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Desk(monkeypatch, READY)
    said: list[str] = []

    front.wait_ready(URL, ("data", "risk"), Backlog(5), said.append)

    assert (desk.asked, said) == (2, [])
