"""Whose bar stands where several told one: what was heard live gives way to every history."""

from collections.abc import Callable

import numpy as np
import pytest

from bifrost.adapters.ids import RandomIds
from bifrost.adapters.postgres.database import Database
from bifrost.adapters.postgres.market.series import PostgresSeriesReader
from bifrost.adapters.postgres.market.taking import PostgresTakingBooks
from bifrost.adapters.vendors.registry import VENDORS
from bifrost.data.ingest.taking import Occasion, take
from bifrost.data.series.asked import SeriesQuery
from bifrost.data.series.columns import UNITS, micros
from bifrost.data.series.ports import SeriesKey
from bifrost.data.series.timeframes import Timeframe
from tests.data_desk import DataDesk
from tests.ingestion_desk import SESSIONS, bars_at

SESSION = SESSIONS[8000]


@pytest.mark.parametrize("vendor", VENDORS)
def test_minutes_heard_live_give_way_to_a_vendors_history_and_do_not_take_its_place(
    make_database: Callable[[str], Database], vendor: str
) -> None:
    database = make_database("data")
    desk = DataDesk(database)
    desk.stock()
    history = bars_at(micros(SESSION.opens_at) + np.arange(10) * 60_000_000)
    heard = bars_at(history.starts_at)
    heard.volume[:] = 3 * UNITS  # one exchange of many

    for source, bars in (("stream", heard), (vendor, history), ("stream", heard)):
        with database.transaction() as cursor:
            key = SeriesKey("AAPL", Timeframe.M1, source)
            occasion = Occasion(desk.clock.now(), "request-1", RandomIds().new())
            take(PostgresTakingBooks(cursor), key, bars, occasion)
            desk.clock.pass_by(60)

    asked = SeriesQuery("AAPL", Timeframe.M1, SESSION.opens_at, SESSION.closes_at)
    found = PostgresSeriesReader(database).read(asked)
    assert found.volume.tolist() == history.volume.tolist()
