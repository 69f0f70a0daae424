"""The task that packs months: those that are over, once, and no other."""

from collections.abc import Callable
from datetime import UTC, datetime

import numpy as np
import pytest

from bifrost.adapters.postgres.database import Database
from bifrost.adapters.postgres.market.chunks import PostgresChunks
from bifrost.adapters.postgres.market.series import PostgresSeries
from bifrost.data.series.columns import BarColumns, counted, micros
from bifrost.data.series.ports import SeriesKey
from bifrost.data.series.timeframes import Timeframe
from functions.data import wiring_series
from tests.functions.data_function import data_function

NOW = datetime(2024, 2, 29, 12, tzinfo=UTC)


def test_task_packs_months_that_are_over(
    make_database: Callable[[str], Database], monkeypatch: pytest.MonkeyPatch
) -> None:
    database = make_database("data")
    function = data_function(database, monkeypatch)
    monkeypatch.setattr(wiring_series, "chunks", lambda: PostgresChunks(database))
    monkeypatch.setattr(wiring_series, "now", lambda: NOW)
    price = counted([10.0, 10.0])
    times = np.array([micros(datetime(2024, 1, 31, 15, tzinfo=UTC)), micros(NOW)])
    with database.transaction() as cursor:
        bars = BarColumns(times, price, price, price, price, price)
        PostgresSeries(cursor).put(SeriesKey("AAPL", Timeframe.M1, "alpaca"), bars, NOW)

    assert function.task("pack_months") == {"months_packed": 1, "months_waiting": 0}
    assert function.task("pack_months") == {"months_packed": 0, "months_waiting": 0}
