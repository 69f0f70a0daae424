"""What files, roll-ups and reading bars are plugged into. numpy is loaded by who works on bars."""

from functools import lru_cache
from typing import TYPE_CHECKING

from bifrost.adapters.clock import SystemClock
from bifrost.adapters.ids import RandomIds
from bifrost.adapters.postgres.uploads import PostgresUploads
from bifrost.data.files.service import UploadService
from bifrost.runtime.plugs import database, objects
from functions.data.wiring import reference

if TYPE_CHECKING:
    from bifrost.data.series.paging import Months
    from bifrost.data.series.reading import BarReading
    from bifrost.data.series.rolling import RollUps


@lru_cache
def uploads() -> UploadService:
    """The way in for declared files."""
    return UploadService(
        uploads=PostgresUploads(database()),
        links=objects(),
        objects=objects(),
        reference=reference(),
        clock=SystemClock(),
        ids=RandomIds(),
    )


@lru_cache
def bars() -> "BarReading":
    """Who answers what an instrument's bars are, or were."""
    from bifrost.adapters.postgres.market.actions import PostgresStandingActions
    from bifrost.adapters.postgres.market.instruments import PostgresReference
    from bifrost.adapters.postgres.market.series import PostgresSeriesReader
    from bifrost.adapters.postgres.market.streams import PostgresStreams
    from bifrost.adapters.postgres.market_data import PostgresMarketData
    from bifrost.data.series.reading import BarReading

    return BarReading(
        reader=PostgresSeriesReader(database()),
        reference=PostgresReference(database()),
        actions=PostgresStandingActions(database()),
        calendars=PostgresMarketData(database()),
        clock=SystemClock(),
        gaps=PostgresStreams(database()),
    )


@lru_cache
def months() -> "Months":
    """Of which months bars are stored."""
    from bifrost.adapters.postgres.market.series import PostgresSeriesReader

    return PostgresSeriesReader(database())


@lru_cache
def roll_ups() -> "RollUps":
    """Who keeps longer bars beside the minutes."""
    from bifrost.adapters.postgres.market.rollups import PostgresRollUps
    from bifrost.data.series.rolling import RollUps

    return RollUps(PostgresRollUps(database()), SystemClock())
