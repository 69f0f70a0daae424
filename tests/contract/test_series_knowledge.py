"""What was known when: the store agrees with a naive model, whatever was put, corrected, repaired
and packed in whatever order, by whatever sources.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import count

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bifrost.adapters.calendars import xnys
from bifrost.adapters.postgres.database import Database
from bifrost.adapters.postgres.market.chunks import PostgresChunks
from bifrost.adapters.postgres.market.last_bars import PostgresLastBars
from bifrost.adapters.postgres.market.series import PostgresSeries, PostgresSeriesReader
from bifrost.data.series.asked import Knowledge, SeriesQuery
from bifrost.data.series.columns import BarColumns, micros
from bifrost.data.series.ports import SeriesKey
from bifrost.data.series.timeframes import Timeframe

RANKS = {"csv": 1, "alpaca": 10, "yahoo": 30}
CLOSES_OF = {one.opens_at: one.closes_at for one in xnys.sessions(date(2024, 1, 1))}
# The last sessions of a month and the first of the next one.
DAYS = (date(2024, 1, 30), date(2024, 1, 31), date(2024, 2, 1), date(2024, 2, 2))
OPENS = [one for one in CLOSES_OF if one.date() in DAYS]
HALF_HOURS = [OPENS[1] + timedelta(minutes=30 * place) for place in (0, 1, 12)] + OPENS[2:]
TIMES = {Timeframe.D1: OPENS, Timeframe.H1: HALF_HOURS}
BEGAN = datetime(2024, 1, 30, tzinfo=UTC)
PACKED_AT = datetime(2024, 4, 1, tzinfo=UTC)
NUMBERS = count()


@dataclass(frozen=True)
class Put:
    """Bars given at once: which of the times, and what each closed at."""

    source: str
    hours: int
    closes: dict[int, int]
    is_repair: bool
    packs: bool


@dataclass
class Model:
    """Every revision in a list, and nothing clever."""

    timeframe: Timeframe
    rows: list[tuple[datetime, str, datetime, int, bool]] = field(default_factory=list)

    def put(self, one: Put, at: datetime) -> int:
        """Add what is news."""
        return sum(self._add(one, TIMES[self.timeframe][place], at) for place in one.closes)

    def _add(self, one: Put, time: datetime, at: datetime) -> bool:
        close = one.closes[TIMES[self.timeframe].index(time)]
        of_source = [row for row in self.rows if row[:2] == (time, one.source)]
        against = [row for row in of_source if one.is_repair or not row[4]]
        if against and max(against, key=lambda row: row[2])[3] == close:
            return False
        newest = max((row[2] for row in of_source), default=datetime.min.replace(tzinfo=UTC))
        recorded = max(at, newest + timedelta(microseconds=1))
        self.rows.append((time, one.source, recorded, close, one.is_repair))
        return True

    def read(self, as_of: datetime | None, knowledge: Knowledge) -> list[tuple[datetime, int]]:
        """Return what stands or stood: each bar's beginning and close."""
        found = []
        for time in TIMES[self.timeframe]:
            rows = [row for row in self.rows if row[0] == time]
            if as_of is not None and knowledge is Knowledge.RECORDED:
                rows = [row for row in rows if row[2] <= as_of]
            elif as_of is not None and self._ends(time) > as_of:
                rows = []
            if rows:
                best = min(RANKS[row[1]] for row in rows)
                told = [row for row in rows if RANKS[row[1]] == best]
                found.append((time, max(told, key=lambda row: row[2])[3]))
        return found

    def _ends(self, time: datetime) -> datetime:
        opened = max(one for one in CLOSES_OF if one <= time)
        if self.timeframe.is_daily:
            return CLOSES_OF[opened]
        return min(time + timedelta(hours=1), CLOSES_OF[opened])


PUTS = st.builds(
    Put,
    source=st.sampled_from(sorted(RANKS)),
    hours=st.integers(0, 40),
    closes=st.dictionaries(st.integers(0, 3), st.integers(1, 3), min_size=1),
    is_repair=st.booleans(),
    packs=st.booleans(),
)
HOURS = st.integers(-5, 24 * 12)


@pytest.fixture
def database(make_database: Callable[[str], Database]) -> Database:
    """Data's database; each example lists an instrument of its own there."""
    return make_database("data")


def listed(database: Database) -> str:
    """List an instrument that no other example has."""
    symbol = f"I{next(NUMBERS)}"
    with database.transaction() as cursor:
        cursor.execute(
            "INSERT INTO data.instruments (symbol, mic, calendar, currency, tick_size, lot_size,"
            " name, recorded_at) VALUES (%s, 'XNYS', 'XNYS', 'USD', 0.01, 1, %s, %s)",
            (symbol, symbol, BEGAN),
        )
    return symbol


def columns(one: Put, timeframe: Timeframe) -> BarColumns:
    """Make the bars of a put."""
    places = sorted(one.closes)
    starts = np.array([micros(TIMES[timeframe][place]) for place in places], dtype=np.int64)
    closes = np.array([one.closes[place] * 1_000_000 for place in places], dtype=np.int64)
    return BarColumns(starts, closes, closes, closes, closes, closes)


@pytest.mark.parametrize("timeframe", [Timeframe.D1, Timeframe.H1])
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(puts=st.lists(PUTS, min_size=1, max_size=8), asked=st.lists(HOURS, min_size=4, max_size=4))
def test_store_agrees_with_a_naive_model(
    database: Database, timeframe: Timeframe, puts: list[Put], asked: list[int]
) -> None:
    instrument, model, at = listed(database), Model(timeframe), BEGAN
    reader, chunks = PostgresSeriesReader(database), PostgresChunks(database)
    for number, one in enumerate(puts):
        at += timedelta(hours=one.hours)
        key = SeriesKey(instrument, timeframe, one.source)
        repair_id = f"repair-{number}" if one.is_repair else None
        with database.transaction() as cursor:
            written = PostgresSeries(cursor).put(key, columns(one, timeframe), at, repair_id)
        assert len(written) == model.put(one, at)
        if one.packs:
            chunks.pack_closed(PACKED_AT, 100)

    instants = [None, *(BEGAN + timedelta(hours=hours) for hours in asked)]
    for as_of in instants:
        for knowledge in Knowledge:
            span = (BEGAN, PACKED_AT, as_of, knowledge)
            found = reader.read(SeriesQuery(instrument, timeframe, *span))
            shown = list(zip(found.starts_at.tolist(), (found.close // 1_000_000).tolist(),
                             strict=True))  # fmt: skip
            expected = model.read(as_of, knowledge)
            assert shown == [(micros(time), close) for time, close in expected]

    standing = model.read(None, Knowledge.EFFECTIVE)
    if timeframe.is_daily:  # what replays play is chosen by SQL, and the same
        query = "SELECT occurred_at, close FROM data.standing_bars WHERE instrument = %s ORDER BY 1"
        rows = database.fetch_all(query, (instrument,))
        assert [(row["occurred_at"], row["close"]) for row in rows] == standing
    last = PostgresLastBars(database).read([instrument], timeframe)[instrument]
    assert (last.occurred_at, last.close) == standing[-1]
