"""Why a rule said no. The log's numbers keep their zeros; those of an order's answer are plain."""

from typing import Generic, TypeVar

from pydantic import BaseModel, ConfigDict

from bifrost.core.decisions import Reason
from bifrost.wire.numbers import ExactDecimal, PlainDecimal

N = TypeVar("N")


class _BrokenRule(BaseModel, Generic[N]):
    rule: str
    limit: N | None
    value: N | None
    headroom: N | None
    unit: str
    subject: str


class ReasonSheet(_BrokenRule[ExactDecimal]):
    """One broken rule, as the log keeps it."""

    model_config = ConfigDict(extra="forbid")

    @classmethod
    def of(cls, reason: Reason) -> "ReasonSheet":
        """Show a reason."""
        return cls(**{name: getattr(reason, name) for name in cls.model_fields})


class ReasonView(_BrokenRule[PlainDecimal]):
    """One broken rule: its numbers, and a sentence."""

    message: str
