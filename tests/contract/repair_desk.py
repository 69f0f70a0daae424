"""Data with repairs on a database of a test's own, and a year of bars with or without faults."""

from datetime import UTC, date, datetime
from typing import Any

import numpy as np

from bifrost.adapters.calendars import xnys
from bifrost.adapters.ids import RandomIds
from bifrost.adapters.postgres.database import Database
from bifrost.adapters.postgres.market.repairs import PostgresRepairs
from bifrost.adapters.postgres.market.series import PostgresSeries, PostgresSeriesReader
from bifrost.adapters.postgres.market.taking import PostgresTakingBooks
from bifrost.data.ingest.taking import Occasion, take
from bifrost.data.repair.service import RepairService
from bifrost.data.repair.stored import RepairRecord, Scan, ScanAsked
from bifrost.data.series.asked import Knowledge, SeriesQuery
from bifrost.data.series.columns import BarColumns, counted, micros
from bifrost.data.series.ports import SeriesKey
from bifrost.data.series.timeframes import Timeframe
from tests.data_desk import DataDesk

DAYS = tuple(xnys.sessions(date(2021, 1, 4), date(2021, 12, 31)))
YAHOO = SeriesKey("AAPL", Timeframe.D1, "yahoo")
ALL = (datetime(2020, 1, 1, tzinfo=UTC), datetime(2022, 1, 1, tzinfo=UTC))
FAULTY = 100


class RepairDesk:
    """Data with repairs, on one database."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.data = DataDesk(database)
        self.data.stock()
        self.clock = self.data.clock
        self.service = RepairService(
            PostgresRepairs(database), self.data.imports, self.clock, RandomIds()
        )

    def put(self, bars: BarColumns, key: SeriesKey = YAHOO) -> None:
        """Store bars past the gate: as it was before it knew this fault."""
        self.clock.pass_by(1)
        with self.database.transaction() as cursor:
            PostgresSeries(cursor).put(key, bars, self.clock.now())

    def take(self, bars: BarColumns, key: SeriesKey = YAHOO) -> None:
        """Take bars in by the gate."""
        self.clock.pass_by(1)
        with self.database.transaction() as cursor:
            occasion = Occasion(self.clock.now(), "request-1", RandomIds().new())
            take(PostgresTakingBooks(cursor), key, bars, occasion)

    def closes(self, as_of: datetime | None = None) -> list[float]:
        """Return what stands of AAPL, or stood."""
        asked = SeriesQuery("AAPL", Timeframe.D1, *ALL, as_of, Knowledge.RECORDED)
        found: list[float] = (
            PostgresSeriesReader(self.database).read(asked).prices("close").tolist()
        )
        return found

    def scan(self, **given: Any) -> tuple[RepairRecord, ...]:
        """Look at AAPL, and return what was found to repair."""
        return self.look(**given).records

    def look(self, instrument: str = "AAPL", **given: Any) -> Scan:
        """Look at an instrument."""
        self.clock.pass_by(1)
        return self.service.scan(ScanAsked(instrument, **given))

    def undo(self, record: RepairRecord) -> RepairRecord:
        """Take a repair back."""
        self.clock.pass_by(1)
        return self.service.undo(
            record.repair.repair_id, by="owner-1", reason="a test", correlation_id="request-1"
        )

    def apply(self, record: RepairRecord) -> RepairRecord:
        """Make a repair."""
        self.clock.pass_by(1)
        return self.service.apply(
            record.repair.repair_id, by="owner-1", reason="a test", correlation_id="request-1"
        )


def prices() -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
    chance = np.random.default_rng(3)
    walk: np.ndarray[tuple[int], np.dtype[np.float64]] = 100 * np.exp(
        np.cumsum(chance.normal(0, 0.01, len(DAYS)))
    )
    return walk.round(2)


def bars(factor: "np.ndarray[tuple[int], np.dtype[np.float64]] | float" = 1.0) -> BarColumns:
    """A year of bars, with prices multiplied."""
    close = prices()
    open_ = np.r_[100.0, close[:-1]]
    high, low = np.maximum(open_, close) + 0.05, np.minimum(open_, close) - 0.05
    volume = np.rint(1e6 * np.exp(np.random.default_rng(4).normal(0, 0.2, len(DAYS))))
    return BarColumns(
        starts_at=np.array([micros(day.opens_at) for day in DAYS], dtype=np.int64),
        open=counted((open_ * factor).round(6)),
        high=counted((high * factor).round(6)),
        low=counted((low * factor).round(6)),
        close=counted((close * factor).round(6)),
        volume=counted(volume),
    )


def with_hundred() -> BarColumns:
    factor = np.ones(len(DAYS))
    factor[FAULTY] = 100.0
    return bars(factor)


def split_file(vendor: str, on: date = DAYS[150].session) -> bytes:
    header = "action_id,vendor,revision,kind,instrument,currency,ex_date,new_shares,old_shares"
    return f"{header}\nsplit-1,{vendor},1,split,AAPL,USD,{on},4,1\n".encode()
