"""A backfill asks for each day by the symbol of that day, and keeps nobody else's bars."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date

import pytest

from bifrost.adapters.postgres.database import Database
from bifrost.adapters.postgres.market.instruments import PostgresReference
from bifrost.data.ingest.backfilling import Asking, BackfillRequest
from bifrost.data.ingest.jobs import Item, ItemState
from bifrost.data.series.timeframes import Timeframe
from tests.ingestion_desk import IngestionDesk

FB = {
    "fb.1.csv": b"19980102,fb\n20030328,fb\n",
    "meta.csv": b"20120518,fb,Q\n20220608,fb,Q\n20501231,meta,Q\n",
}


@pytest.fixture
def desk(make_database: Callable[[str], Database]) -> IngestionDesk:
    """Ingestion that knows who was called FB, and when."""
    desk = IngestionDesk(make_database("data"))
    desk.data.reference.take_map_files(FB, "request-1")
    desk.ingester = replace(desk.ingester, names=PostgresReference(desk.database))
    return desk


def backfill(
    desk: IngestionDesk,
    instrument: str,
    days: tuple[str, str],
    *,
    provider: str = "alpaca",
    timeframe: Timeframe = Timeframe.D1,
) -> Item:
    """Fetch an instrument's bars; return its item as it is then."""
    desk.vendor.name = provider
    backfills = replace(desk.backfills, providers=(provider,))
    first, last = (date.fromisoformat(day) for day in days)
    request = BackfillRequest((instrument,), timeframe, first, last, provider)
    job = backfills.start(request, Asking("owner-1", "key-1", "request-1")).job.job_id
    (item,) = desk.work(job)
    return item


def asked(desk: IngestionDesk) -> list[tuple[str, str]]:
    """Under which symbols, and from which day on."""
    return [(one.symbol, one.first.date().isoformat()) for one in desk.vendor.asked]


def test_a_listing_that_is_gone_is_asked_for_by_its_old_symbol(desk: IngestionDesk) -> None:
    item = backfill(desk, "FB.1", ("2003-03-24", "2003-03-28"))

    assert asked(desk) == [("FB", "2003-03-24")]
    assert (item.state, item.rows_written, item.reason) == (ItemState.DONE, 5, "")
    assert len(desk.starts("FB.1")) == 5


@pytest.mark.parametrize("timeframe", [Timeframe.D1, Timeframe.M1])
def test_a_range_over_a_rename_is_asked_for_in_two_parts(
    desk: IngestionDesk, timeframe: Timeframe
) -> None:
    item = backfill(desk, "META", ("2022-06-07", "2022-06-10"), timeframe=timeframe)

    assert asked(desk) == [("FB", "2022-06-07"), ("META", "2022-06-09")]
    assert item.state is ItemState.DONE
    assert len(set(desk.starts("META", timeframe))) == item.rows_written


def test_days_on_which_the_symbol_was_another_s_are_not_asked_for_and_it_is_said(
    desk: IngestionDesk,
) -> None:
    item = backfill(desk, "META", ("2003-03-24", "2012-05-18"))

    assert asked(desk) == [("FB", "2012-05-18")]
    assert (item.state, item.rows_written) == (ItemState.DONE, 1)
    assert item.reason == "FB was FB.1 before it was META, from 2012-05-18 on"
    # Nobody was asked, so it is no vendor's word that there are none.
    assert desk.rows("SELECT * FROM data.absences") == []


def test_a_vendor_that_knows_today_s_symbols_alone_is_not_asked_for_what_is_gone(
    desk: IngestionDesk,
) -> None:
    item = backfill(desk, "FB.1", ("2003-03-24", "2003-03-28"), provider="yahoo")

    assert desk.vendor.asked == []
    assert item.state is ItemState.FAILED
    assert item.has_ended
    assert "yahoo finds instruments by the symbols of today, and FB.1 has none" in item.reason


def test_such_a_vendor_is_asked_by_today_s_symbol_for_what_was_called_otherwise(
    desk: IngestionDesk,
) -> None:
    item = backfill(desk, "META", ("2022-06-07", "2022-06-10"), provider="yahoo")

    assert asked(desk) == [("META", "2022-06-07")]
    assert (item.state, item.rows_written) == (ItemState.DONE, 4)


def test_what_a_vendor_told_besides_is_added_to_what_an_ended_item_says(
    desk: IngestionDesk,
) -> None:
    item = backfill(desk, "FB.1", ("2003-03-24", "2003-03-28"))

    for _ in range(2):
        desk.ingester.remark(item.number, ["not taken: a redemption", "not taken: rights"])

    reason = desk.item(item.job_id).reason
    assert reason == "not taken: a redemption; not taken: rights"
