"""Vendors in turn: the next is asked where the one before could not answer.

An answer is one vendor's, whole: two vendors' bars never stand in one series under one name.
"That there is none" is an answer, and so is the beginning of it: neither is asked for elsewhere.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from bifrost.data.providers.answers import Answer, Failed, RateLimited
from bifrost.data.providers.ports import BarProvider, BarRequest
from bifrost.data.series.columns import BarColumns


@dataclass(frozen=True, slots=True)
class Told:
    """What one vendor answered; `source` is the name that its rows carry."""

    source: str
    answer: Answer[BarColumns]


def ask_in_turn(providers: Sequence[BarProvider], asked: BarRequest) -> list[Told]:
    """Ask until one can answer; return what each said, the answer that counts last.

    Where none could, that is the one to wait for: the shortest rate limit, else a failure that
    another try may mend, else the first.
    """
    if not providers:
        raise ValueError(f"no provider is given to ask for {asked.symbol}")
    told = []
    for provider in providers:
        told.append(Told(provider.name, provider.bars(asked)))
        if not isinstance(told[-1].answer, RateLimited | Failed):
            return told
    counts = min(told, key=_order)
    return [one for one in told if one is not counts] + [counts]


def _order(one: Told) -> tuple[int, float]:
    if isinstance(one.answer, RateLimited):
        return (0, one.answer.retry_after_seconds)
    return (1 if isinstance(one.answer, Failed) and one.answer.retryable else 2, 0.0)
