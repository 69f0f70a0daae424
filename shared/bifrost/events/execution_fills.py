"""Fills, published by execution: whoever keeps books of them asks nothing of orders."""

from dataclasses import dataclass
from typing import ClassVar

from bifrost.core.fills import Fill
from bifrost.events.base import SequencedEvent, register


@register
@dataclass(frozen=True, slots=True, kw_only=True)
class FillRecorded(SequencedEvent):
    """The venue traded for us; the stream is `fills:<account_id>`.

    strategy_id: the strategy that its order names; empty where it names none.
    """

    source: ClassVar[str] = "bifrost.execution"

    fill: Fill
    strategy_id: str = ""


def fill_stream(account_id: str) -> str:
    """Name the stream in which an account's fills are counted."""
    return f"fills:{account_id}"
