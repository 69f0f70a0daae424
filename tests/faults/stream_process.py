"""The runner as a process of its own, on a market's clock, that kills itself where it is told to.

Forked by `tests.faults.forking` with: <clock> <failpoint>:<times> <arguments of batch.runner>.

clock: `<wall seconds>,<market seconds>,<speed>`. Every call of a port is a failpoint, before and
after it; `none:0` kills nothing.
"""

import functools
import os
import signal
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from batch.runner import __main__ as runner
from batch.runner import wiring
from bifrost.adapters.clock import SystemClock
from bifrost.adapters.postgres.market import streams
from bifrost.adapters.postgres.market.leases import PostgresLeases
from bifrost.adapters.postgres.market.taking import PostgresTakingBooks
from bifrost.adapters.postgres.market.taking_ticks import PostgresTickBooks
from bifrost.adapters.vendors.alpaca import AlpacaData
from bifrost.adapters.vendors.alpaca_stream import AlpacaLine
from bifrost.data.streaming import ingester, running
from bifrost.data.streaming.machine import Pace

SECOND = 1_000_000
PACE = Pace(late_by=20 * SECOND, silence=600 * SECOND, settle=5 * SECOND, retry=30 * SECOND)
LEASE_SECONDS = 3
LATE = (
    *("psycopg", "alpaca.data.live", "alpaca.data.historical", "alpaca.common.rest", "stamina"),
    *("bifrost.adapters.vendors.alpaca", "bifrost.adapters.postgres.market.taking"),
)

# Where a process may die: (failpoint, whose call, its name).
FAILPOINTS: tuple[tuple[str, type, str], ...] = (
    ("hear", AlpacaLine, "take"),
    ("lease", PostgresLeases, "take"),
    ("stored", streams.PostgresStreams, "stored"),
    ("lose", streams.PostgresStreamBooks, "lose_halts"),
    ("note", streams.PostgresStreamBooks, "note"),
    ("waiting", PostgresTakingBooks, "waiting"),
    ("put", PostgresTakingBooks, "put"),
    ("tell", PostgresTakingBooks, "tell"),
    ("ticks", streams.PostgresStreamBooks, "add_ticks"),
    ("apart", PostgresTickBooks, "keep_ticks_apart"),
    ("keep", streams.PostgresStreamBooks, "keep"),
    ("batch", ingester.StreamIngester, "_keep"),
    ("ask", ingester.StreamIngester, "_ask"),
    ("history", AlpacaData, "bars"),
)
NAMES = tuple(f"{when}-{name}" for name, _, _ in FAILPOINTS for when in ("before", "after"))


def arm(failpoint: str, times: int) -> None:
    """Die with kill -9 at the failpoint, when it is reached so many times."""
    when, _, name = failpoint.partition("-")
    left = [times]

    def reached() -> None:
        left[0] -= 1
        if left[0] == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    for known, owner, method in FAILPOINTS:
        if known == name:
            setattr(owner, method, _around(getattr(owner, method), reached, when))


def _around(call: Callable[..., Any], reached: Callable[[], None], when: str) -> Any:
    @functools.wraps(call)
    def around(*arguments: Any, **more: Any) -> Any:
        if when == "before":
            reached()
        answer = call(*arguments, **more)
        if when == "after":
            reached()
        return answer

    return around


def main(arguments: list[str]) -> int:
    """Set the clock, arm, and run."""
    wall, market, speed = (float(part) for part in arguments[0].split(","))
    wall_now = SystemClock.now

    def now(clock: SystemClock) -> datetime:
        passed = wall_now(clock).timestamp() - wall
        return datetime.fromtimestamp(market + passed * speed, UTC)

    SystemClock.now = now  # type: ignore[method-assign]  # the market's clock, in this process
    wiring.Plugs = functools.partial(ingester.Plugs, pace=PACE)  # type: ignore[assignment,misc]
    running.LEASE_SECONDS = LEASE_SECONDS
    running.RENEW_SECONDS = 0.5
    running.STAND_BY_SECONDS = 0.2
    running.BATCH_SECONDS = 0.1
    failpoint, _, times = arguments[1].partition(":")
    arm(failpoint, int(times))
    return runner.main(arguments[2:])
