"""What a vendor may answer: there is, there is none, not now, a part of it, or it failed.

They are five classes because they are handled in five ways. A rate limit taken for "no data" is
how a delisted name is born, and half a page taken for a whole one is a gap that nobody sees.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeAlias, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Found(Generic[T]):
    """All that was asked for; or all before `until`, where that was as much as was wanted."""

    data: T
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Partial(Generic[T]):
    """The beginning of it; all before `resume_from` is there, ask again from it."""

    data: T
    resume_from: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class Absent:
    """The vendor says that it has none: it knows the instrument and had no trading, or neither."""

    reason: str


@dataclass(frozen=True, slots=True)
class RateLimited:
    """Not now; ask again after so many seconds. An open circuit says so too: nobody was asked."""

    retry_after_seconds: float
    reason: str


@dataclass(frozen=True, slots=True)
class Failed:
    """It could not be asked, or its answer cannot be believed.

    retryable: another try may go better (a cut connection, 503); an answer of another shape
        will not.
    """

    reason: str
    retryable: bool


Answer: TypeAlias = Found[T] | Partial[T] | Absent | RateLimited | Failed
