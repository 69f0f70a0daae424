"""Faults of every kind, taken in as a vendor's answer is: what is wrong is in quarantine with its
reason and in no series, and nobody who reads, by whichever way, ever sees it.
"""

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import numpy as np
import pytest

from bifrost.adapters.ids import RandomIds
from bifrost.adapters.postgres.database import Database
from bifrost.adapters.postgres.market.halts import note
from bifrost.adapters.postgres.market.quality_reads import PostgresQualityReader
from bifrost.adapters.postgres.market.series import PostgresSeriesReader
from bifrost.adapters.postgres.market.taking import PostgresTakingBooks
from bifrost.data.halts.statuses import Trading, TradingStatus
from bifrost.data.ingest.taking import Occasion, Taken, take
from bifrost.data.quality.context import GateContext, SessionGrid
from bifrost.data.quality.report import QualityQuery
from bifrost.data.series.asked import SeriesQuery
from bifrost.data.series.columns import BarColumns, exactly, instant_of
from bifrost.data.series.ports import SeriesKey
from bifrost.data.series.reading import BarsAsked
from bifrost.data.series.timeframes import Timeframe
from tests import defect_neighbours
from tests.clean_series import clean, received
from tests.data_desk import DataDesk
from tests.defect_injectors import ABSENT, FLAGGED, Injected

INJECTORS = defect_neighbours.INJECTORS
KINDS = tuple(INJECTORS)
# Two years of IBM without a split, and two faults of each kind in them.
YEARS = slice(1000, 1500)
PLACES = [150, 320]
EVER = (datetime(1990, 1, 1, tzinfo=UTC), datetime(2090, 1, 1, tzinfo=UTC))
COLUMNS = ("open", "high", "low", "close", "volume")


@pytest.fixture
def desk(make_database: Callable[[str], Database]) -> DataDesk:
    """A desk with an instrument for each kind of fault."""
    made = DataDesk(make_database("data"))
    rows = [f"{symbol_of(kind)},XNYS,USD,0.01,1,{kind}" for kind in KINDS]
    listed = "\n".join(["symbol,mic,currency,tick_size,lot_size,name", *rows, ""])
    made.put("instruments/faults.csv", listed.encode())
    return made


def symbol_of(kind: str) -> str:
    return f"K{KINDS.index(kind):02d}"


def injected(kind: str) -> Injected:
    """Put two faults of the kind into the clean years."""
    sessions, bars = clean("IBM")
    context = GateContext(Timeframe.D1, SessionGrid.of(sessions[YEARS]), received("IBM"))
    chance = np.random.default_rng([ord(letter) for letter in kind])
    return INJECTORS[kind].inject(bars.take(YEARS), list(PLACES), chance, context)


def taken(desk: DataDesk, kind: str, faulty: Injected) -> Taken:
    """Take the series in, as what a vendor told."""
    symbol = symbol_of(kind)
    occasion = Occasion(desk.clock.now(), "request-1", RandomIds().new())
    with desk.database.transaction() as cursor:
        for halt in faulty.context.halts:
            assert halt.ends_at is not None
            told = ((halt.begins_at, Trading.HALTED), (halt.ends_at, Trading.RESUMED))
            note(cursor, [TradingStatus(symbol, *one) for one in told], "alpaca", occasion.at)
        key = SeriesKey(symbol, Timeframe.D1, "yahoo")
        return take(PostgresTakingBooks(cursor), key, faulty.bars, occasion)


def rows_of(bars: BarColumns) -> list[tuple[Any, ...]]:
    """Return each bar as when it begins and its decimals."""
    columns = [getattr(bars, name).tolist() for name in COLUMNS]
    decimals = ([exactly(value) for value in column] for column in columns)
    return list(zip(map(instant_of, bars.starts_at.tolist()), *decimals, strict=True))


def test_what_is_wrong_is_kept_apart_and_no_reader_sees_it(desk: DataDesk) -> None:
    for kind in KINDS:
        faulty = injected(kind)

        done = taken(desk, kind, faulty)

        symbol = symbol_of(kind)
        apart = desk.rows(f"SELECT * FROM data.quarantine WHERE instrument = '{symbol}'")
        kept = {(one["occurred_at"], *(one[name] for name in COLUMNS)) for one in apart}
        stored = PostgresSeriesReader(desk.database).read(SeriesQuery(symbol, Timeframe.D1, *EVER))
        assert done.read == len(faulty.bars), kind
        assert (len(stored), done.kept_apart) == (done.written, done.read - done.written), kind
        assert stored.equals(desk.reading.read(BarsAsked(name=symbol)).bars), kind
        view = f"SELECT count(*) AS n FROM data.standing_bars WHERE instrument = '{symbol}'"
        assert desk.rows(view)[0]["n"] == len(stored), kind
        assert bool(kept) == (kind not in (*FLAGGED, ABSENT)), kind
        # The first of two that are the same word for word is no fault.
        if kind != "duplicate_bar":
            assert kept.isdisjoint(rows_of(stored)), kind
        assert wrong_ones(kind, faulty).issubset(kept), kind


def wrong_ones(kind: str, faulty: Injected) -> set[tuple[Any, ...]]:
    """Return the bars that must be kept apart: of two out of order, the one that came too soon."""
    if kind in (*FLAGGED, ABSENT):
        return set()
    rows = rows_of(faulty.bars)
    found: set[tuple[Any, ...]] = set()
    for one in faulty.wrong:
        places = one.places[:1] if kind == "out_of_order" else one.places
        if kind == "constant_column":
            if one.is_of_volume(faulty.bars):
                continue
            places = one.places[2:]  # what it repeats was right
        found |= {rows[place] for place in places}
    return found


def test_what_is_odd_and_may_be_true_is_stored_and_flagged(desk: DataDesk) -> None:
    for kind in FLAGGED:
        faulty = injected(kind)

        done = taken(desk, kind, faulty)

        flags = desk.rows(
            "SELECT kind, session FROM data.quality_flags"
            f" WHERE instrument = '{symbol_of(kind)}' ORDER BY session"
        )
        assert (done.written, done.kept_apart) == (len(faulty.bars), 0), kind
        assert {one["kind"] for one in flags} <= {one.value for one in INJECTORS[kind].kinds}
        assert flags, kind


def test_bars_that_are_not_there_are_counted_as_missing_by_the_report(desk: DataDesk) -> None:
    faulty = injected(ABSENT)
    days = [clean("IBM")[0][YEARS][place].session for place in PLACES]

    taken(desk, ABSENT, faulty)

    asked = QualityQuery(date(1990, 1, 1), date(2020, 1, 1), symbol_of(ABSENT))
    worst = PostgresQualityReader(desk.database).worst(asked, desk.clock.now())
    short = [(one.session, one.expected, one.stored) for one in worst]
    assert sorted(short) == [(day, 1, 0) for day in days]
