"""Snapshots' use cases: show them as of any instant, keep each session's, take in facts."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from bifrost.data.ports import Clock
from bifrost.data.snapshots.facts import read_facts
from bifrost.data.snapshots.kinds import Snapshot
from bifrost.data.snapshots.ports import FactBook, SnapshotBook, SnapshotMaker

# Sessions made anew each day: late bars and repairs are mostly of these.
_MADE_AGAIN = 5
# Bars this old are of the past, and a screen of today would be empty.
_PRESENT = timedelta(days=10)


@dataclass(frozen=True, slots=True)
class SnapshotService:
    """What the desk may ask of snapshots."""

    maker: SnapshotMaker
    book: SnapshotBook
    facts: FactBook
    clock: Clock

    def newest(self) -> datetime:
        """Return the instant of the newest answer: now, or the last close that bars are stored of.

        A desk that holds the past alone has its present there.
        """
        now = self.clock.now()
        session = self.book.newest_session(now)
        closed_at = None if session is None else self.book.closes_at(session)
        return now if closed_at is None or now - closed_at < _PRESENT else closed_at

    def snapshots(self, as_of: datetime, instrument: str = "") -> Sequence[Snapshot]:
        """Return what could be known at an instant: the same answer whenever it is asked.

        Made of the values that stand today: a bar that was corrected since is the corrected one.
        """
        return self.maker.make(as_of, instrument)

    def recorded(self, as_of: datetime | None, instrument: str = "") -> Sequence[Snapshot]:
        """Return what we had kept by an instant, or by now: no bar that came later is in it."""
        return self.book.recorded(as_of or self.clock.now(), instrument)

    def record(self) -> dict[str, int]:
        """Keep the snapshots of the newest sessions; return how many are new or changed."""
        now = self.clock.now()
        newest = self.book.newest_session(now)
        if newest is None:
            return {"sessions": 0, "snapshots_written": 0}
        sessions = self._newest(newest)
        written = 0
        for closes_at in sessions:
            made = self.maker.make(closes_at)
            of_session = [one for one in made if self.book.closes_at(one.session) == closes_at]
            written += self.book.put(of_session, now)
        return {"sessions": len(sessions), "snapshots_written": written}

    def take_facts(self, text: str) -> tuple[int, int]:
        """Take in a CSV file of fundamentals or earnings: how many rows it has, how many are new.

        Raises InvalidInputError naming each line that is wrong, ConflictError for a row that says
        otherwise than one of the same instant; nothing of the file is taken then.
        """
        facts = read_facts(text)
        read = len(facts.fundamentals) + len(facts.earnings)
        return read, self.facts.put(facts, self.clock.now())

    def _newest(self, last: date) -> list[datetime]:
        found: list[datetime] = []
        day = last
        while len(found) < _MADE_AGAIN and (last - day).days < 3 * _MADE_AGAIN:
            closes_at = self.book.closes_at(day)
            if closes_at is not None:
                found.insert(0, closes_at)
            day -= timedelta(days=1)
        return found
