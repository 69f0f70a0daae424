"""Vendors in turn: the next is asked only where the one before could not answer, and by its name.

No answer is put together of two vendors' bars.
"""

from collections.abc import Sequence
from datetime import UTC, datetime

import pytest

from bifrost.data.providers.answers import Absent, Answer, Failed, Found, Partial, RateLimited
from bifrost.data.providers.chain import ask_in_turn
from bifrost.data.providers.ports import BarProvider, BarRequest
from bifrost.data.series.columns import BarColumns
from bifrost.data.series.timeframes import Timeframe

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
ASKED = BarRequest("AAPL", "AAPL", Timeframe.D1, NOON, NOON.replace(day=9))
FOUND: Answer[BarColumns] = Found(BarColumns.empty())
PART: Answer[BarColumns] = Partial(BarColumns.empty(), NOON, "cut")
ABSENT, BROKEN, BUSY = Absent("none"), Failed("503", True), Failed("shape", False)


class Saying:
    """A vendor that says one thing, and counts how often it was asked."""

    def __init__(self, name: str, answer: Answer[BarColumns]) -> None:
        self.name = name
        self.answer = answer
        self.asked = 0

    def bars(self, asked: BarRequest) -> Answer[BarColumns]:
        self.asked += 1
        return self.answer


def vendors(*answers: Answer[BarColumns]) -> list[Saying]:
    """Return vendors `first`, `second`, `third`."""
    return [
        Saying(name, answer)
        for name, answer in zip(("first", "second", "third"), answers, strict=False)
    ]


@pytest.mark.parametrize("answer", [FOUND, PART, ABSENT])
def test_what_the_first_answers_stands_and_nobody_else_is_asked(
    answer: Answer[BarColumns],
) -> None:
    asked = vendors(answer, FOUND)
    providers: Sequence[BarProvider] = asked

    told = ask_in_turn(providers, ASKED)

    assert [(one.source, one.answer) for one in told] == [("first", answer)]
    assert asked[1].asked == 0


@pytest.mark.parametrize("trouble", [RateLimited(60, "429"), BROKEN, BUSY])
def test_the_next_is_asked_under_its_own_name(trouble: Answer[BarColumns]) -> None:
    told = ask_in_turn(vendors(trouble, FOUND, ABSENT), ASKED)

    assert [one.source for one in told] == ["first", "second"]
    assert told[-1].answer is FOUND


def test_where_none_answers_the_one_to_wait_for_counts() -> None:
    slow, soon = RateLimited(600, "429"), RateLimited(5, "429")

    assert ask_in_turn(vendors(BUSY, slow, soon), ASKED)[-1].answer is soon
    assert ask_in_turn(vendors(BUSY, BROKEN), ASKED)[-1].answer is BROKEN
    assert len(ask_in_turn(vendors(soon, slow, BUSY), ASKED)) == 3


def test_nobody_to_ask_is_a_mistake_of_the_caller() -> None:
    with pytest.raises(ValueError, match="no provider is given"):
        ask_in_turn([], ASKED)
