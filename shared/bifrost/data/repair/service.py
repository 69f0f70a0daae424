"""Repairs' use cases: look for them, make them, take them back.

What a scan is sure of it makes; the rest is proposed, and a person makes it. What a person
imported is never touched unless that person asks. Nothing is overwritten: a repair is a revision
of each bar that names it, and so is its undoing.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING

from bifrost.core.errors import ConflictError
from bifrost.data.ports import Clock, Ids
from bifrost.data.repair.kinds import SURE
from bifrost.data.repair.parts import Part, ToldSeries, parts_of
from bifrost.data.repair.ports import Announcer, RepairBooks, Repairs
from bifrost.data.repair.stored import (
    RepairQuery,
    RepairRecord,
    RepairState,
    RepairStep,
    Scan,
    ScanAsked,
    StoredRepair,
)
from bifrost.data.series.timeframes import Timeframe

if TYPE_CHECKING:
    from bifrost.data.repair.told_bars import ToldBars
    from bifrost.data.repair.whole_series import WholeSeries

# What one invocation takes up, before it says where to go on.
_RUN_MAX = timedelta(seconds=8)
_DAY = timedelta(days=1)
_SCANNER = "scan"
_FOUND = "found by a scan"
# A file of one action, as people send them.
_COLUMNS = (
    *("action_id", "vendor", "revision", "kind", "instrument", "currency", "ex_date"),
    *("withdrawn", "new_shares", "old_shares", "amount_per_share", "dividend_kind"),
)
_KINDS = {"splits": "split", "dividends": "cash_dividend"}


@dataclass(frozen=True, slots=True)
class RepairService:
    """What may be done about faults of stored bars."""

    repairs: Repairs
    announcer: Announcer
    clock: Clock
    ids: Ids

    def listing(self, asked: RepairQuery, *, after: int, limit: int) -> Sequence[RepairRecord]:
        """Return repairs whose place is past `after`, in the order they were found."""
        return self.repairs.listing(asked, after=after, limit=limit)

    def find(self, repair_id: str) -> RepairRecord:
        """Return a repair and what was done with it; raise NotFoundError."""
        return self.repairs.find(repair_id)

    def scan(self, asked: ScanAsked, correlation_id: str = "") -> Scan:
        """Look at an instrument's stored bars, keep what is found, and make what is sure.

        Of a person's own file repairs are made where the file's source is named, else proposed.
        Where there is more than fits into one invocation, `following` says where to go on.
        Repeating it finds the same repairs, and makes none that was undone.
        Raises NotFoundError for an unknown instrument, InvalidInputError for a source or a
        timeframe without bars of it.
        """
        correlation_id = correlation_id or self.ids.new()
        # Looking needs numpy; a list of repairs does not wait for it.
        from bifrost.data.repair.whole_series import WholeSeries

        began = self.clock.now()
        with self.repairs.transaction(asked.instrument) as books:
            told = books.told()
        left, whole = parts_of(told, asked), WholeSeries()
        done = Scan(asked.instrument)
        for place, part in enumerate(left, start=1):
            done = self._looked_at(part, told, whole, asked, done, correlation_id)
            if place < len(left) and self.clock.now() - began > _RUN_MAX:
                return replace(done, following=part.place)
        return done

    def _looked_at(
        self,
        part: Part,
        told: Sequence[ToldSeries],
        whole: "WholeSeries",
        asked: ScanAsked,
        done: Scan,
        correlation_id: str,
    ) -> Scan:
        from bifrost.data.repair.scanning import look

        is_made = not asked.dry_run and (not part.series.is_own or bool(asked.source))
        with self.repairs.transaction(asked.instrument) as books:
            seen = look(books, told, part, asked.instrument, self.clock.now(), whole)
            kept = [self._kept(books, one, dry_run=asked.dry_run) for one in seen.repairs]
            if is_made:
                pairs = zip(seen.repairs, kept, strict=True)
                kept = [self._made_if_sure(books, *pair, correlation_id) for pair in pairs]
        return replace(
            done,
            looked=(*done.looked, seen.looked),
            records=(*done.records, *kept),
            suspicions=(*done.suspicions, *seen.suspicions),
        )

    def apply(self, repair_id: str, *, by: str, reason: str, correlation_id: str) -> RepairRecord:
        """Make a repair that was proposed or undone.

        Raises NotFoundError, or ConflictError where it is made already or the bars are no longer
        what it was found in.
        """
        repair = self.repairs.find(repair_id).repair
        with self.repairs.transaction(repair.instrument) as books:
            record = _held(books, repair_id)
            if record.state is RepairState.APPLIED:
                raise ConflictError(f"repair {repair_id} is applied already")
            if repair.is_claim:
                self._announce(books, record, correlation_id, withdrawn=False)
            elif not self._made(books, repair, correlation_id):
                raise ConflictError(
                    f"the bars of {repair.instrument} are no longer what repair {repair_id} was"
                    f" found in; look again: `bifrost data repairs scan {repair.instrument}`"
                )
            books.take_step(repair_id, self._step(RepairState.APPLIED, by, reason))
        return self.repairs.find(repair_id)

    def undo(self, repair_id: str, *, by: str, reason: str, correlation_id: str) -> RepairRecord:
        """Take a repair back: append the raw values again, where they do not stand already.

        Raises NotFoundError, or ConflictError where it is not made, where something was made of
        its bars since that has to be taken back first, or where the gate keeps what it was made of.
        """
        repair = self.repairs.find(repair_id).repair
        with self.repairs.transaction(repair.instrument) as books:
            record = _held(books, repair_id)
            if record.state is not RepairState.APPLIED:
                raise ConflictError(
                    f"repair {repair_id} is {record.state}: nothing is to be undone"
                )
            if repair.is_claim:
                self._announce(books, record, correlation_id, withdrawn=True)
            else:
                self._unmake(books, repair, correlation_id)
            books.take_step(repair_id, self._step(RepairState.UNDONE, by, reason))
        return self.repairs.find(repair_id)

    def _kept(self, books: RepairBooks, repair: StoredRepair, *, dry_run: bool) -> RepairRecord:
        record = books.find(repair.repair_id)
        if record is not None:
            return record
        proposed = self._step(RepairState.PROPOSED, _SCANNER, _FOUND)
        return RepairRecord(0, repair, (proposed,)) if dry_run else books.add(repair, proposed)

    def _made_if_sure(
        self, books: RepairBooks, repair: StoredRepair, record: RepairRecord, correlation_id: str
    ) -> RepairRecord:
        # What was unsure of the newest bar may be sure by the bar that came after it.
        is_due = record.state is RepairState.PROPOSED and repair.score >= SURE
        if not is_due or repair.is_claim or not self._made(books, repair, correlation_id):
            return record
        applied = self._step(RepairState.APPLIED, _SCANNER, f"score {repair.score:.2f}")
        books.take_step(repair.repair_id, applied)
        return replace(record, steps=(*record.steps, applied))

    def _made(self, books: RepairBooks, repair: StoredRepair, correlation_id: str) -> bool:
        """Append the repaired bars; say whether the bars are what it was found in, and bars."""
        bars = _bars_of(books, repair)
        if not bars.holds(repair.cells, repaired=False):
            return False
        repaired = bars.with_cells(repair.cells, repaired=True)
        if repaired is None:
            return False
        books.put(repair, repaired, self.clock.now(), self.ids.new(), correlation_id)
        return True

    def _unmake(self, books: RepairBooks, repair: StoredRepair, correlation_id: str) -> None:
        apart = books.apart(repair)
        if apart:
            first = f"bifrost data quality release {apart[0]} --reason ..."
            raise ConflictError(
                f"what repair {repair.repair_id} repaired is quarantined"
                f" ({', '.join(map(str, apart))}) and never was a bar of the series: release it"
                f" first if it is right (`{first}`), or import what is right"
            )
        bars = _bars_of(books, repair)
        if bars.holds(repair.cells, repaired=False):
            return  # told again, or released: it stands without our doing
        if not bars.holds_either(repair.cells):  # some were told again, or released
            raise ConflictError(
                f"bars of repair {repair.repair_id} were changed since; undo what changed them"
                f" first: `bifrost data repairs list --instrument {repair.instrument}`"
            )
        raw = bars.with_cells(repair.cells, repaired=False)
        if raw is None:
            raise ConflictError(
                f"what repair {repair.repair_id} repaired was no bar (a price of zero, or none):"
                " it cannot be stored again; import what is right instead"
            )
        books.put(repair, raw, self.clock.now(), self.ids.new(), correlation_id)

    def _announce(
        self, books: RepairBooks, record: RepairRecord, correlation_id: str, *, withdrawn: bool
    ) -> None:
        """Say as a person what the price alone had claimed, or take it back."""
        made = [step for step in record.steps if step.state is not RepairState.PROPOSED]
        content = _file_of(record.repair, books.currency(), len(made) + 1, withdrawn=withdrawn)
        self.announcer.announce(content, correlation_id)

    def _step(self, state: RepairState, by: str, reason: str) -> RepairStep:
        return RepairStep(state, by, reason, self.clock.now())


def _bars_of(books: RepairBooks, repair: StoredRepair) -> "ToldBars":
    """Return the bars that a repair changes, and more of their source around them."""
    first, last = (
        datetime(one.year, one.month, one.day, tzinfo=UTC) for one in (repair.first, repair.last)
    )
    return books.bars(repair.source, Timeframe(repair.timeframe), first - _DAY, last + 2 * _DAY)


def _held(books: RepairBooks, repair_id: str) -> RepairRecord:
    record = books.find(repair_id)
    if record is None:
        raise AssertionError("it was found before, and repairs are never deleted")
    return record


def _file_of(repair: StoredRepair, currency: str, revision: int, *, withdrawn: bool) -> bytes:
    rows = [",".join(_COLUMNS)]
    for name, cells in repair.cells.items():
        for cell in cells:
            if cell.repaired:  # of a dividend that never was there is nothing to announce
                always = (repair.repair_id, "repair", str(revision), _KINDS[name])
                about = (repair.instrument, currency, str(cell.session), str(withdrawn).lower())
                rows.append(",".join((*always, *about, *_terms_of(name, cell.repaired))))
    return "\n".join([*rows, ""]).encode()


def _terms_of(name: str, value: Decimal) -> tuple[str, ...]:
    if name == "dividends":
        return ("", "", f"{value:f}", "ordinary")
    ratio = Fraction(value).limit_denominator(1000)
    return (str(ratio.numerator), str(ratio.denominator), "", "")
