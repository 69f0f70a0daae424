"""How often a vendor may be asked: a bucket of tokens that fills at a steady rate.

A call that has to wait takes its token at once and the bucket goes below zero, so that those who
come next wait behind it, and nobody asks twice.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class Rate:
    """So many calls a second, and so many at once after a pause."""

    per_second: float
    burst: int

    def __post_init__(self) -> None:
        if self.per_second <= 0 or self.burst < 1:
            raise ValueError(
                f"a rate lets something pass: per_second was {self.per_second}, burst {self.burst}"
            )

    @classmethod
    def per_minute(cls, calls: int, burst: int) -> "Rate":
        """As vendors word it."""
        return cls(calls / 60, burst)


@dataclass(frozen=True, slots=True)
class Bucket:
    """How many calls may go as of `filled_at`.

    paused_until: the vendor said that it answers nobody before; None where it said nothing.
    """

    tokens: float
    filled_at: datetime
    paused_until: datetime | None = None


def full(rate: Rate, now: datetime) -> Bucket:
    """Return the bucket of a vendor that nobody has asked yet."""
    return Bucket(float(rate.burst), now)


def take(
    bucket: Bucket, rate: Rate, now: datetime, wait_max_seconds: float
) -> tuple[Bucket, float]:
    """Take a token; return the bucket, and how many seconds to wait before the call.

    Where that is more than `wait_max_seconds` no token is taken, and the call must not be made.
    """
    now = max(now, bucket.filled_at)
    filled = _filled(bucket, rate, now)
    if bucket.paused_until is not None and bucket.paused_until > now:
        pause = (bucket.paused_until - now).total_seconds()
        wait = max(pause, _wait(filled, rate))
    else:
        wait = _wait(filled, rate)
    tokens = filled if wait > wait_max_seconds else filled - 1
    return Bucket(tokens, now, bucket.paused_until), wait


def paused(bucket: Bucket, now: datetime, seconds: float) -> Bucket:
    """Let nobody ask for so long; a longer pause stands."""
    until = now + timedelta(seconds=max(seconds, 0.0))
    longest = until if bucket.paused_until is None else max(until, bucket.paused_until)
    return Bucket(bucket.tokens, bucket.filled_at, longest)


def left(bucket: Bucket, rate: Rate, now: datetime) -> float:
    """Return how many calls may go now: 0 during a pause, below zero where some wait already."""
    if bucket.paused_until is not None and bucket.paused_until > now:
        return 0.0
    return _filled(bucket, rate, max(now, bucket.filled_at))


def _filled(bucket: Bucket, rate: Rate, now: datetime) -> float:
    grown = (now - bucket.filled_at).total_seconds() * rate.per_second
    return min(bucket.tokens + grown, float(rate.burst))


def _wait(tokens: float, rate: Rate) -> float:
    return max(0.0, (1 - tokens) / rate.per_second)
