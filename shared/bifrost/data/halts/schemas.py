"""The JSON of halts. Instants are UTC."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from bifrost.data.halts.statuses import HaltState, KnownHalt
from bifrost.data.schemas import Symbol
from bifrost.wire.instants import Instant
from bifrost.wire.pages import page_of
from bifrost.wire.texts import Reason

_Reason = Annotated[Reason, Field(examples=["the exchange's list of halts has it"])]


class _Sheet(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class HaltBody(_Sheet):
    """A halt that a person knows of. ends_at: null while it lasts; as `begins_at`: it was none."""

    instrument: Symbol
    begins_at: Instant
    ends_at: Instant | None = None
    reason: _Reason


class HaltSheet(_Sheet):
    """A halt. ends_at: null while nobody said that it ended; known_to: null while it lasts.

    unknown: whoever told of it was not heard after `known_to`. code: the exchange's own, or empty.
    told_by: the person who did, else null.
    """

    instrument: str
    state: HaltState
    begins_at: datetime
    ends_at: datetime | None
    known_to: datetime | None
    source: str
    code: str
    reason: str
    told_by: str | None
    recorded_at: datetime

    @classmethod
    def of(cls, halt: KnownHalt) -> "HaltSheet":
        """Show one."""
        return cls(**{name: getattr(halt, name) for name in cls.model_fields})


class HaltPage(_Sheet):
    """Some halts, the last told first; `next_cursor` is null at the end."""

    items: list[HaltSheet]
    next_cursor: str | None

    @classmethod
    def of(cls, found: Sequence[KnownHalt], limit: int) -> "HaltPage":
        """Show a page of `limit`; found: one more, where there is more."""
        shown, last = page_of(found, limit)
        following = str(last.number) if last else None
        return cls(items=[HaltSheet.of(one) for one in shown], next_cursor=following)
