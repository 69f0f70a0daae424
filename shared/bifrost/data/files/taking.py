"""What a declared file brought: its rows through the gate, and what is kept of the reading."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from bifrost.core.errors import FieldProblem, InvalidInputError
from bifrost.data.files.bar_file import RejectedRow
from bifrost.data.files.contradictions import range_of
from bifrost.data.files.imports import ImportRecord, summary_of
from bifrost.data.files.ports import UploadTransaction
from bifrost.data.files.uploads import FileOutcome
from bifrost.data.ingest import taking
from bifrost.data.ports import Ids
from bifrost.data.providers.file_rows import FileBars
from bifrost.data.series.columns import BarColumns
from bifrost.data.series.ports import SeriesKey
from bifrost.events import Event

# So many corrections at once that move a price by half look like another company's file.
_MANY = 20


@dataclass(frozen=True, slots=True)
class FileOccasion:
    """When, at whose request, and where new ids come from."""

    at: datetime
    correlation_id: str
    ids: Ids


@dataclass(slots=True)
class Done:
    """What a file brought, as it grows; told: the bars that stand in it, by series."""

    read: int = 0
    written: int = 0
    quarantined: int = 0
    instruments: set[str] = field(default_factory=set)
    rejected: Sequence[RejectedRow] = ()
    notes: list[str] = field(default_factory=list)
    told: list[tuple[SeriesKey, BarColumns]] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)

    @property
    def outcome(self) -> FileOutcome:
        """As it is kept."""
        return FileOutcome(
            read=self.read,
            written=self.written,
            instruments=tuple(sorted(self.instruments)),
            quarantined=self.quarantined,
            note="; ".join(one for one in self.notes if one),
            told=range_of(self.told),
        )

    def to_record(self, record: ImportRecord) -> ImportRecord:
        """Return the import's record with this in it."""
        return replace(
            record,
            rows_read=self.read,
            rows_written=self.written,
            rows_quarantined=self.quarantined,
            rejected=tuple(self.rejected),
            problem=summary_of(list(self.rejected)),
        )


def take_bars(
    books: UploadTransaction, key: SeriesKey, bars: BarColumns, occasion: FileOccasion, done: Done
) -> None:
    """Take bars in by the way that all take, and count them."""
    taken = taking.take(
        books.taking(),
        key,
        bars,
        taking.Occasion(occasion.at, occasion.correlation_id, occasion.ids.new()),
    )
    done.written += taken.written
    done.quarantined += taken.kept_apart
    done.instruments.add(key.instrument)
    if taken.overturned >= _MANY and taken.overturned * 2 > taken.written:
        done.notes.append(
            f"{taken.overturned} of {taken.written} new bars are far from those that stood there:"
            f" if they are not {key.instrument}'s, import the right file again"
        )


def count(done: Done, told: FileBars) -> None:
    """Keep how much was read; raise InvalidInputError where nothing of it can be believed."""
    refuse_all_rejected(len(told.bars), told.rejected)
    done.read = told.rows_read
    done.rejected = told.rejected
    done.notes.append(told.note)


def refuse_all_rejected(good: int, rejected: Sequence[RejectedRow]) -> None:
    """Raise InvalidInputError where every row was rejected, with the first of them."""
    if good == 0 and rejected:
        first = rejected[0]
        problem = f"none of its {len(rejected)} rows can be believed"
        fix = "correct the file and import it again"
        raise InvalidInputError(
            FieldProblem(f"line {first.line}", f"{first.reason} ({problem})", fix)
        )
