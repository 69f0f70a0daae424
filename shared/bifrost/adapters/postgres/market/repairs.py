"""Repairs in Postgres: a source's daily bars, what is found in them, and what becomes of it."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction

import numpy as np

from bifrost.adapters.postgres.database import Cursor, Database, Row
from bifrost.adapters.postgres.instruments import locked_listing
from bifrost.adapters.postgres.market import repair_rows
from bifrost.adapters.postgres.market.released_bars import append_past_gate
from bifrost.adapters.postgres.market.sources import sources
from bifrost.core.codec import from_json
from bifrost.core.corporate_actions import CashDividend, CorporateAction, Split, StockDividend
from bifrost.core.errors import NotFoundError
from bifrost.data.ingest.taking import Occasion
from bifrost.data.ports import Listing
from bifrost.data.quality.defects import DefectKind
from bifrost.data.reference.votes import claims_among
from bifrost.data.repair.stored import (
    HeldClaim,
    RepairQuery,
    RepairRecord,
    RepairStep,
    StoredRepair,
)
from bifrost.data.repair.told_bars import ToldBars
from bifrost.data.series.columns import BarColumns, micros
from bifrost.data.series.ports import SeriesKey
from bifrost.data.series.timeframes import Timeframe

# A bar that is kept apart for when it says that it was is not mended by another price.
_OF_TIMES = [
    kind.value
    for kind in (
        DefectKind.DUPLICATE_TIME,
        DefectKind.OUT_OF_ORDER,
        DefectKind.MISALIGNED,
        DefectKind.OUTSIDE_SESSION,
        DefectKind.SHIFTED_TIME,
        DefectKind.FUTURE,
        DefectKind.TRADED_IN_HALT,
    )
]

_RANKS = """
SELECT name, rank FROM data.sources WHERE name <> 'rollup' AND (
    name IN (SELECT DISTINCT source FROM data.bars WHERE instrument = %(instrument)s)
    OR name IN (SELECT DISTINCT source FROM data.quarantine
        WHERE instrument = %(instrument)s AND timeframe = '1d' AND released_at IS NULL))
"""

_BARS = """
SELECT session, occurred_at, open, high, low, close, volume FROM (
    SELECT DISTINCT ON (session) session, occurred_at, open, high, low,
        close, volume
    FROM data.bars WHERE instrument = %(instrument)s AND source = %(source)s
    ORDER BY session, recorded_at DESC
) standing
UNION ALL
SELECT session, opens_at, open, high, low, close, volume FROM (
    SELECT DISTINCT ON (q.session) q.session, s.opens_at, q.open, q.high,
        q.low, q.close, q.volume
    FROM data.quarantine q
    JOIN data.sessions s ON s.calendar = %(calendar)s AND s.session = q.session
    WHERE q.instrument = %(instrument)s AND q.source = %(source)s AND q.timeframe = '1d'
        AND q.released_at IS NULL AND NOT q.kinds && %(of_times)s
        AND NOT EXISTS (SELECT FROM data.bars b WHERE b.instrument = q.instrument
            AND b.session = q.session AND b.source = q.source)
    ORDER BY q.session, q.quarantine_id DESC
) apart
ORDER BY session
"""

_PUBLISHED = """
SELECT action_id, action FROM (
    SELECT DISTINCT ON (action_id) * FROM data.published_actions
    WHERE instrument = %s ORDER BY action_id, revision DESC
) newest WHERE NOT withdrawn
"""

_CLAIMED = """
SELECT DISTINCT ON (action_id) action FROM data.corporate_actions
WHERE instrument = %s ORDER BY action_id, revision DESC
"""


# What its source said of the session was never a bar of the series: a repair alone made it one.
_APART = """
SELECT max(quarantine_id) AS quarantine_id FROM data.quarantine q
WHERE instrument = %s AND timeframe = %s AND source = %s AND session = ANY(%s)
    AND released_at IS NULL
    AND NOT EXISTS (SELECT FROM data.bars b WHERE b.instrument = q.instrument
        AND b.session = q.session AND b.source = q.source AND b.repair_id IS NULL)
GROUP BY session ORDER BY session
"""


@dataclass(frozen=True, slots=True)
class PostgresRepairs:
    """Repairs, one transaction for each look or change."""

    database: Database

    @contextmanager
    def transaction(self, instrument: str) -> Iterator["PostgresRepairBooks"]:
        """Begin work on an instrument; raise NotFoundError where it is not listed."""
        with self.database.transaction() as cursor:
            listing = locked_listing(cursor, instrument)
            if listing is None:
                raise NotFoundError(f"no instrument is called {instrument}; list it first")
            yield PostgresRepairBooks(cursor, listing)

    def find(self, repair_id: str) -> RepairRecord:
        """Return a repair; raise NotFoundError."""
        return repair_rows.find_repair(self.database, repair_id)

    def listing(self, asked: RepairQuery, *, after: int, limit: int) -> Sequence[RepairRecord]:
        """Return repairs whose place is past `after`, in the order they were found."""
        return repair_rows.list_repairs(self.database, asked, after=after, limit=limit)


@dataclass(frozen=True, slots=True)
class PostgresRepairBooks:
    """Repairs of one instrument, whose bars nobody else changes until the end."""

    cursor: Cursor
    listed: Listing

    @property
    def _instrument(self) -> str:
        return self.listed.instrument.symbol

    def ranks(self) -> Mapping[str, int]:
        """Return the rank of each source that has told daily bars; roll-ups are nobody's word."""
        found = self.cursor.execute(_RANKS, {"instrument": self._instrument}).fetchall()
        return {row["name"]: row["rank"] for row in found}

    def bars(self, source: str) -> ToldBars:
        """Return a source's daily bars as they stand, and those of it that are kept apart."""
        values = {
            "instrument": self._instrument,
            "calendar": self.listed.calendar,
            "source": source,
            "of_times": _OF_TIMES,
        }
        return _told(self.cursor.execute(_BARS, values).fetchall())

    def splits(self) -> Mapping[date, Decimal]:
        """Return the splits that stand; of one day, all of them together."""
        found: dict[date, Decimal] = {}
        for row in self.cursor.execute(_PUBLISHED, (self._instrument,)).fetchall():
            action = from_json(CorporateAction, row["action"])
            ratio = _ratio(action)
            if ratio is not None:
                found[action.ex_date] = found.get(action.ex_date, Decimal(1)) * ratio
        return found

    def dividends(self, source: str) -> Mapping[date, Decimal]:
        """Return the cash dividends that a source tells now; of one day, all of them together."""
        found: dict[date, Decimal] = {}
        for action in self._claimed():
            if action.vendor == source and isinstance(action.terms, CashDividend):
                amount = action.terms.amount_per_share
                found[action.ex_date] = found.get(action.ex_date, Decimal(0)) + amount
        return found

    def _claimed(self) -> list[CorporateAction]:
        told = self.cursor.execute(_CLAIMED, (self._instrument,)).fetchall()
        actions = [from_json(CorporateAction, row["action"]) for row in told]
        return [one for one in actions if not one.withdrawn]

    def held_claims(self) -> Sequence[HeldClaim]:
        """Return the splits that are claimed and do not stand."""
        live = {row["action_id"] for row in self.cursor.execute(_PUBLISHED, (self._instrument,))}
        found: list[HeldClaim] = []
        for claim in claims_among(self._claimed(), sources(self.cursor)):
            ratio = _ratio(claim.actions[0])
            if ratio is not None and not live & set(claim.ids):
                found.append(HeldClaim(claim.actions[0].ex_date, ratio, claim.told_by))
        return found

    def find(self, repair_id: str) -> RepairRecord | None:
        """Return a repair; None where there is none of this id."""
        return repair_rows.find(self.cursor, repair_id)

    def add(self, repair: StoredRepair, step: RepairStep) -> RepairRecord:
        """Keep a new repair and its first step."""
        place = repair_rows.add(self.cursor, repair)
        self.take_step(repair.repair_id, step)
        return RepairRecord(place, repair, (step,))

    def take_step(self, repair_id: str, step: RepairStep) -> None:
        """Keep what was done with a repair."""
        repair_rows.add_step(self.cursor, repair_id, step)

    def put(
        self,
        repair: StoredRepair,
        bars: BarColumns,
        at: datetime,
        event_id: str,
        correlation_id: str,
    ) -> int:
        """Append bars that name the repair, and tell of them; return how many differ."""
        key = SeriesKey(repair.instrument, Timeframe(repair.timeframe), repair.source)
        occasion = Occasion(at, correlation_id, event_id)
        return append_past_gate(self.cursor, key, self.listed, bars, occasion, repair.repair_id)

    def apart(self, repair: StoredRepair) -> Sequence[int]:
        """Return the numbers of the quarantined bars that it was made of and nobody let in."""
        values = (repair.instrument, repair.timeframe, repair.source, repair.sessions)
        rows = self.cursor.execute(_APART, values).fetchall()
        return [row["quarantine_id"] for row in rows]

    def currency(self) -> str:
        """Return the currency that the instrument is traded in."""
        return self.listed.instrument.currency


def _ratio(action: CorporateAction) -> Decimal | None:
    """Return how many shares one becomes by a split or a stock dividend; None for another act."""
    if not isinstance(action.terms, Split | StockDividend):
        return None
    ratio = Fraction(action.terms.ratio)
    return Decimal(ratio.numerator) / Decimal(ratio.denominator)


def _told(rows: Sequence[Row]) -> ToldBars:
    names = ("open", "high", "low", "close", "volume")
    columns = {name: np.array([row[name] for row in rows], dtype=np.float64) for name in names}
    return ToldBars(
        sessions=np.array([row["session"] for row in rows], dtype="datetime64[D]"),
        starts_at=np.array([micros(row["occurred_at"]) for row in rows], dtype=np.int64),
        **columns,
    )
