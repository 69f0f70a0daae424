"""Repairs in Postgres: what is found in a source's bars, and what becomes of it."""

from collections.abc import Iterator, Mapping, Sequence, Set
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction

from bifrost.adapters.postgres.database import Cursor, Database
from bifrost.adapters.postgres.instruments import locked_listing
from bifrost.adapters.postgres.market import repair_rows
from bifrost.adapters.postgres.market.released_bars import append_past_gate
from bifrost.adapters.postgres.market.repair_bars import RepairBars
from bifrost.adapters.postgres.market.sources import sources
from bifrost.core.codec import from_json
from bifrost.core.corporate_actions import (
    CashDividend,
    CorporateAction,
    SpinOff,
    Split,
    StockDividend,
)
from bifrost.core.errors import NotFoundError
from bifrost.data.ingest.taking import Occasion
from bifrost.data.ports import Listing
from bifrost.data.reference.votes import claims_among
from bifrost.data.repair.parts import ToldSeries
from bifrost.data.repair.stored import (
    HeldClaim,
    RepairQuery,
    RepairRecord,
    RepairStep,
    StoredRepair,
)
from bifrost.data.repair.told_bars import ToldBars
from bifrost.data.series.columns import BarColumns
from bifrost.data.series.ports import SeriesKey
from bifrost.data.series.timeframes import Timeframe

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

_APART_WITHIN = """
SELECT max(quarantine_id) AS quarantine_id FROM data.quarantine q
WHERE instrument = %s AND timeframe = %s AND source = %s AND occurred_at = ANY(%s)
    AND released_at IS NULL
    AND NOT EXISTS (SELECT FROM data.intraday_bars b JOIN data.sources n ON n.number = b.source
        WHERE b.instrument = q.instrument AND b.timeframe = %s AND n.name = q.source
            AND b.occurred_at = q.occurred_at AND b.repair_id IS NULL)
GROUP BY occurred_at ORDER BY occurred_at
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

    def told(self) -> Sequence[ToldSeries]:
        """Return each source's series that has bars, kept apart ones too."""
        return self._bars.told()

    def bars(
        self, source: str, timeframe: Timeframe, first: datetime, before: datetime
    ) -> ToldBars:
        """Return a source's bars of [first, before) as they stand, and those kept apart."""
        return self._bars.bars(source, timeframe, first, before)

    def sampled(
        self, source: str, timeframe: Timeframe, first: datetime, before: datetime
    ) -> ToldBars:
        """Return five bars of each session of a source, their close as all prices."""
        return self._bars.sampled(source, timeframe, first, before)

    def spun_off(self) -> Set[date]:
        """Return the days on which somebody tells of a spin-off, whether or not it stands."""
        return {one.ex_date for one in self._claimed() if isinstance(one.terms, SpinOff)}

    @property
    def _bars(self) -> RepairBars:
        return RepairBars(self.cursor, self._instrument, self.listed.calendar)

    def splits(self) -> Mapping[date, Decimal]:
        """Return the splits that stand; of one day, all of them together."""
        found: dict[date, Decimal] = {}
        for row in self.cursor.execute(_PUBLISHED, (self._instrument,)).fetchall():
            action = from_json(CorporateAction, row["action"])
            ratio = _ratio(action)
            if ratio is not None:
                found[action.ex_date] = found.get(action.ex_date, Decimal(1)) * ratio
        return found

    def dividends(self) -> Mapping[str, Mapping[date, Decimal]]:
        """Return the cash dividends that each vendor tells now; of one day, all together."""
        ranked = sources(self.cursor)
        found: dict[str, dict[date, Decimal]] = {}
        for action in self._claimed():
            if action.vendor in ranked and isinstance(action.terms, CashDividend):
                paid = found.setdefault(action.vendor, {})
                amount = action.terms.amount_per_share
                paid[action.ex_date] = paid.get(action.ex_date, Decimal(0)) + amount
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
        timeframe = Timeframe(repair.timeframe)
        named = (repair.instrument, repair.timeframe, repair.source)
        if timeframe.is_daily:
            found = self.cursor.execute(_APART, (*named, repair.sessions))
        else:
            values = (*named, repair.begins_at, timeframe.minutes)
            found = self.cursor.execute(_APART_WITHIN, values)
        rows = found.fetchall()
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
