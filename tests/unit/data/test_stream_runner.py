"""Who ingests: one that has the lease works; one that has not stands by; and whoever loses it, or
its database, begins anew from what is written.
"""

from dataclasses import dataclass, field
from typing import Any, cast

from bifrost.core.errors import ConflictError, UnavailableError
from bifrost.data.ingest.leases import Lease
from bifrost.data.streaming.ingester import StreamIngester
from bifrost.data.streaming.running import Health, StreamRunner


@dataclass
class HandLeases:
    """Gives what a test lined up, then the last of it."""

    answers: list[Lease | Exception | None]
    given_back: list[Lease] = field(default_factory=list)

    def take(self, name: str, holder: str, seconds: int) -> Lease | None:
        """Give the next answer."""
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    def give_back(self, lease: Lease) -> None:
        """Remember it."""
        self.given_back.append(lease)


@dataclass
class HandWatch:
    """Time that passes a second with each look, and ends after some."""

    looks: int
    now: float = 0.0

    def monotonic(self) -> float:
        """Let a second pass."""
        self.now += 1
        return self.now

    def wait(self, seconds: float) -> bool:
        """Say whether the looks are used up."""
        self.looks -= 1
        return self.looks < 0


@dataclass
class HandIngester:
    """Counts its steps; fails at one where a test says so."""

    failure: Exception | None = None
    steps: int = 0
    closed: bool = False

    def step(self, seconds: float) -> None:
        """Work."""
        self.steps += 1
        if self.failure is not None:
            raise self.failure

    def close(self) -> None:
        """End."""
        self.closed = True


MINE, NEXT = Lease("streams", "me", 1), Lease("streams", "me", 2)


def run(leases: HandLeases, *ingesters: HandIngester, looks: int = 12) -> list[str]:
    """Run for some looks; return what was said, in its order."""
    said: list[Health] = []
    waiting = list(ingesters)

    def begin(_lease: Lease) -> StreamIngester:
        return cast(Any, waiting.pop(0) if len(waiting) > 1 else waiting[0])

    StreamRunner(leases, "me", begin, HandWatch(looks), said.append, tell_seconds=1000).run()
    return [health.said for health in said]


def test_who_has_the_lease_works_until_the_end_and_gives_it_back() -> None:
    leases, ingester = HandLeases([MINE]), HandIngester()

    said = run(leases, ingester)

    assert said == ["working", "ended; the lease is given back"]
    assert ingester.steps > 3
    assert (ingester.closed, leases.given_back) == (True, [MINE])


def test_who_has_it_not_stands_by_and_works_once_it_is_free() -> None:
    ingester = HandIngester()

    said = run(HandLeases([None, None, MINE]), ingester)

    assert said[:2] == ["standing by: another process works", "working"]
    assert ingester.steps > 0


def test_a_lease_that_changed_hands_ends_the_work_at_once() -> None:
    first, second = HandIngester(), HandIngester()

    said = run(HandLeases([MINE, NEXT, NEXT]), first, second, looks=20)

    assert said[:3] == ["working", "the lease ended before it was renewed", "working"]
    assert first.closed


def test_who_is_told_that_another_writes_begins_anew() -> None:
    failing = HandIngester(ConflictError("lost the lease"))

    said = run(HandLeases([MINE]), failing, HandIngester())

    assert said[:3] == ["working", "lost the lease", "working"]
    assert failing.closed


def test_a_database_that_is_away_is_waited_for() -> None:
    failing = HandIngester(UnavailableError("it is away"))

    said = run(HandLeases([UnavailableError("no lease"), MINE]), failing, HandIngester())

    assert said[:4] == ["no lease", "working", "beginning anew: it is away", "working"]
    assert failing.closed
