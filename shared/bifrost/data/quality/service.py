"""Quality's use cases: report it, keep each day's completeness, release a quarantined bar."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from bifrost.core.errors import ConflictError, FieldProblem, InvalidInputError, NotFoundError
from bifrost.data.ports import Clock, Ids
from bifrost.data.quality.defects import DefectKind
from bifrost.data.quality.ports import CompletenessBook, QualityReader, Releases
from bifrost.data.quality.report import Completeness, QualityQuery, QualityReport, QuarantinedBar

# Of all instruments together; of one as many as there are.
_DAYS_MAX = 370
# A session is counted again for so long: gaps are refilled and quarantined bars released.
_COUNTED_AGAIN = timedelta(days=7)

# No store holds them: the values or the time are none that a bar can have.
_NEVER = frozenset(
    {
        DefectKind.PRICE_NOT_POSITIVE,
        DefectKind.PRICE_ORDER,
        DefectKind.VOLUME_NEGATIVE,
        DefectKind.MISALIGNED,
        DefectKind.OUTSIDE_SESSION,
        DefectKind.SHIFTED_TIME,
        DefectKind.FUTURE,
    }
)


@dataclass(frozen=True, slots=True)
class QualityService:
    """What the desk may ask of its data's quality, and decide."""

    reader: QualityReader
    completeness: CompletenessBook
    releases: Releases
    clock: Clock
    ids: Ids

    def report(
        self, *, first: date | None, last: date | None, instrument: str = "", limit: int = 100
    ) -> QualityReport:
        """Report on the sessions of [first, last]; on the newest one where neither is given.

        Raises InvalidInputError for a range that ends before it begins, or is longer than a year
        for all instruments.
        """
        now = self.clock.now()
        end = last or first or self.reader.newest_session(now) or now.date()
        start = first or end
        if end < start:
            message = f"the range ends on {end}, before it begins on {start}"
            raise InvalidInputError(FieldProblem("to", message, "give a later last session"))
        if not instrument and (end - start).days > _DAYS_MAX:
            message = f"{(end - start).days} days of all instruments are too many"
            raise InvalidInputError(FieldProblem("from", message, "ask for a year, or instrument="))
        asked = QualityQuery(start, end, instrument, limit)
        return QualityReport(
            first=start,
            last=end,
            days=list(self.reader.days(asked, now)),
            worst=list(self.reader.worst(asked, now)),
            quarantined=list(self.reader.quarantined(asked)),
            flagged=list(self.reader.flagged(asked)),
            quarantined_ticks=list(self.reader.quarantined_ticks(asked)),
        )

    def record(self) -> Sequence[Completeness]:
        """Keep how complete the newest sessions are; return what was found, oldest first."""
        now = self.clock.now()
        newest = self.reader.newest_session(now)
        if newest is None:
            return []
        return self.completeness.record(newest - _COUNTED_AGAIN, newest, now)

    def release(
        self, quarantine_id: int, *, by: str, reason: str, correlation_id: str
    ) -> QuarantinedBar:
        """Let a quarantined bar in: it is appended under its source, and who, when, why are kept.

        Raises NotFoundError; ConflictError for one that was released, that no store can hold, or
        that its source has corrected since.
        """
        with self.releases.transaction() as books:
            bar = books.hold(quarantine_id)
            if bar is None:
                raise NotFoundError(f"nothing quarantined has the number {quarantine_id}")
            if bar.released_at is not None:
                raise ConflictError(f"{bar.released_by} released it at {bar.released_at}")
            never = [kind for kind in bar.kinds if kind in _NEVER]
            if never:
                raise ConflictError(
                    f"a bar that is {', '.join(never)} cannot be stored: import a corrected one"
                )
            if since := books.told_since(bar):
                values = ", ".join(f"{name} {value.normalize():f}" for name, value in since.items())
                raise ConflictError(
                    f"{bar.source} has corrected this bar since, and that stands: {values};"
                    " import a file of one row if it is the wrong one"
                )
            released = replace(
                bar, released_at=self.clock.now(), released_by=by, release_reason=reason
            )
            books.release(released, self.ids.new(), correlation_id)
        return released
