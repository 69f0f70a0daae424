"""Who ingests: one process holds the lease and works, every other stands by until it ends.

A process that falls ill throws away what it has in memory and begins anew from the books, as one
that was killed would.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from bifrost.core.errors import ConflictError, UnavailableError
from bifrost.data.ingest.leases import Lease, Leases
from bifrost.data.streaming.ingester import StreamIngester

LEASE = "streams"
# A standby takes over so long after its holder was killed, at the most.
LEASE_SECONDS = 10
RENEW_SECONDS = 2.0
STAND_BY_SECONDS = 1.0
# A bar is written at most so long after it was whole.
BATCH_SECONDS = 0.5


class Watch(Protocol):
    """How long something took, and the end of waiting."""

    def monotonic(self) -> float:
        """Return seconds that only grow."""

    def wait(self, seconds: float) -> bool:
        """Wait, unless the process is to end; say whether it is."""


@dataclass(frozen=True, slots=True)
class Health:
    """How a process does: whether it works, under which token, and how far each stream is."""

    working: bool
    holder: str
    token: int | None
    said: str
    ingester: StreamIngester | None = None


class StreamRunner:
    """Runs until it is told to end. tell: hears how it does, every `tell_seconds` or on news."""

    def __init__(
        self,
        leases: Leases,
        holder: str,
        begin: Callable[[Lease], StreamIngester],
        watch: Watch,
        tell: Callable[[Health], None],
        tell_seconds: float = 10.0,
    ) -> None:
        self._leases = leases
        self._holder = holder
        self._begin = begin
        self._watch = watch
        self._tell = tell
        self._tell_seconds = tell_seconds
        self._said = ""

    def run(self) -> None:
        """Work, or stand by, until the end; raise InvalidInputError where a vendor refuses us."""
        while not self._watch.wait(0):
            try:
                lease = self._leases.take(LEASE, self._holder, LEASE_SECONDS)
            except UnavailableError as error:
                self._stand_by(str(error))
                continue
            if lease is None:
                self._stand_by("standing by: another process works")
            else:
                self._work(lease)

    def _stand_by(self, why: str) -> None:
        self._say(Health(False, self._holder, None, why))
        self._watch.wait(STAND_BY_SECONDS)

    def _work(self, lease: Lease) -> None:
        try:
            ingester = self._begin(lease)
        except UnavailableError as error:
            self._say(Health(False, self._holder, lease.token, str(error)))
            self._watch.wait(STAND_BY_SECONDS)
            return
        try:
            self._ingest(ingester, lease)
        except ConflictError as error:
            self._say(Health(False, self._holder, None, str(error)))
        except UnavailableError as error:
            self._say(Health(False, self._holder, lease.token, f"beginning anew: {error}"))
            self._watch.wait(STAND_BY_SECONDS)
        finally:
            ingester.close()

    def _ingest(self, ingester: StreamIngester, lease: Lease) -> None:
        renewed = told = self._watch.monotonic()
        self._say(Health(True, self._holder, lease.token, "working", ingester))
        while not self._watch.wait(0):
            ingester.step(BATCH_SECONDS)
            now = self._watch.monotonic()
            if now - renewed >= RENEW_SECONDS:
                renewed = now
                if self._leases.take(LEASE, self._holder, LEASE_SECONDS) != lease:
                    raise ConflictError("the lease ended before it was renewed")
            if now - told >= self._tell_seconds:
                told = now
                self._tell(Health(True, self._holder, lease.token, "working", ingester))
        self._leases.give_back(lease)
        self._say(Health(False, self._holder, None, "ended; the lease is given back"))

    def _say(self, health: Health) -> None:
        """Tell of news, and of the same thing not again."""
        if health.said != self._said:
            self._tell(health)
        self._said = health.said
