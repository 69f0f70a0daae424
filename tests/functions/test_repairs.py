"""Repairs over HTTP and after an ingestion: looked for, listed, shown, undone and made by whom
may; what is unknown or no longer possible is a problem in words.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from bifrost.adapters.ids import RandomIds
from bifrost.adapters.postgres.database import Database
from bifrost.adapters.postgres.market.repairs import PostgresRepairs
from bifrost.adapters.postgres.market.series import PostgresSeries
from bifrost.data.ingest.jobs import Item, ItemState, Scope
from bifrost.data.reference.asking import ActionRequest, ActionsAsked
from bifrost.data.repair.service import RepairService
from bifrost.data.series.columns import BarColumns, counted, micros
from bifrost.data.series.ports import SeriesKey
from bifrost.data.series.timeframes import Timeframe
from functions.data import tasks_ingestion, wiring_ingestion, wiring_repairs
from functions.data.tasks_repairs import look
from tests.functions.data_function import Answer, DataFunction, data_function

REPAIRS = "/v1/data/repairs"
FAULTY = "2012-03-01"
REASON = {"reason": "the exchange says otherwise"}


@pytest.fixture
def data(make_database: Callable[[str], Database], monkeypatch: pytest.MonkeyPatch) -> DataFunction:
    """The function, with a quarter of IBM of which one bar is a hundred times too high."""
    function = data_function(make_database("data"), monkeypatch)
    desk = function.desk
    service = RepairService(PostgresRepairs(desk.database), desk.imports, desk.clock, RandomIds())
    monkeypatch.setattr(wiring_repairs, "repairs", lambda: service)
    desk.clock.pass_by(1)
    with desk.database.transaction() as cursor:
        PostgresSeries(cursor).put(
            SeriesKey("IBM", Timeframe.D1, "yahoo"), _bars(function), desk.clock.now()
        )
    desk.clock.pass_by(1)
    return function


def _bars(function: DataFunction) -> BarColumns:
    days = function.desk.rows(
        "SELECT session, opens_at FROM data.sessions WHERE calendar = 'XNYS'"
        " AND session BETWEEN '2012-01-03' AND '2012-03-30' ORDER BY session"
    )
    close = 200 + 2 * np.sin(np.arange(len(days)))
    faulty = np.array([str(day["session"]) == FAULTY for day in days])
    close = np.where(faulty, close * 100, close).round(2)
    return BarColumns(
        starts_at=np.array([micros(day["opens_at"]) for day in days], dtype=np.int64),
        open=counted(close),
        high=counted(close + 0.5),
        low=counted(close - 0.5),
        close=counted(close),
        volume=counted(np.full(len(days), 1_000_000.0) + np.arange(len(days))),
    )


def scanned(data: DataFunction, **given: object) -> Answer:
    return data.post(f"{REPAIRS}/scans", {"instrument": "IBM", **given})


def close_of(data: DataFunction) -> str:
    rows = data.desk.rows(
        "SELECT close FROM data.bars WHERE instrument = 'IBM'"
        f" AND session = '{FAULTY}' ORDER BY recorded_at DESC LIMIT 1"
    )
    return str(rows[0]["close"])


def test_a_scan_makes_what_is_sure_and_says_what_it_did(data: DataFunction) -> None:
    answer = scanned(data)

    assert answer.status == 200
    assert answer.body["sources"] == ["yahoo"]
    (looked,) = answer.body["looked"]
    assert (looked["source"], looked["timeframe"], looked["bars"]) == ("yahoo", "1d", 62)
    assert answer.body["following"] is None
    (found,) = answer.body["repairs"]
    assert (found["kind"], found["state"], found["bars"]) == ("unit_error", "applied", 1)
    assert (found["first_session"], found["known_from"]) == (FAULTY, "2012-03-02")
    assert float(found["score"]) >= 0.7
    assert float(close_of(data)) < 300


def test_a_repair_is_listed_and_shown_with_its_raw_values_and_steps(data: DataFunction) -> None:
    (found,) = scanned(data).body["repairs"]

    page = data.get(REPAIRS, instrument="IBM", kind="unit_error", state="applied")
    shown = data.get(f"{REPAIRS}/{found['repair_id']}")

    assert [one["repair_id"] for one in page.body["items"]] == [found["repair_id"]]
    assert page.body["next_cursor"] is None
    (cell,) = shown.body["cells"]["close"]
    assert float(cell["raw"]) == pytest.approx(100 * float(cell["repaired"]))
    assert [step["state"] for step in shown.body["steps"]] == ["proposed", "applied"]
    assert data.get(REPAIRS, instrument="AAPL").body["items"] == []


def test_a_repair_is_undone_and_made_again_by_somebody_for_a_reason(data: DataFunction) -> None:
    (found,) = scanned(data).body["repairs"]
    address = f"{REPAIRS}/{found['repair_id']}"
    data.desk.clock.pass_by(1)

    undone = data.post(f"{address}/undo", REASON)

    assert (undone.status, undone.body["state"]) == (200, "undone")
    assert undone.body["steps"][-1]["by"] == "owner-1"
    assert undone.body["steps"][-1]["reason"] == REASON["reason"]
    assert float(close_of(data)) > 10_000
    data.desk.clock.pass_by(1)
    assert data.post(f"{address}/apply", REASON).body["state"] == "applied"
    assert float(close_of(data)) < 300


def test_what_is_undone_already_is_a_conflict(data: DataFunction) -> None:
    (found,) = scanned(data).body["repairs"]
    address = f"{REPAIRS}/{found['repair_id']}"
    data.post(f"{address}/undo", REASON)

    again = data.post(f"{address}/undo", REASON)

    assert again.status == 409
    assert "is undone" in again.body["detail"]


def test_what_nobody_knows_is_not_found(data: DataFunction) -> None:
    for answer in (
        data.get(f"{REPAIRS}/repair-0"),
        data.post(f"{REPAIRS}/repair-0/undo", REASON),
        data.post(f"{REPAIRS}/repair-0/apply", REASON),
        data.post(f"{REPAIRS}/scans", {"instrument": "NONE"}),
    ):
        assert answer.status == 404
        assert answer.headers["content-type"] == "application/problem+json"


def test_a_source_that_told_nothing_is_named(data: DataFunction) -> None:
    answer = scanned(data, source="massive")

    assert answer.status == 422
    assert answer.fields == {"source"}
    assert scanned(data, timeframe="1m").fields == {"timeframe"}
    assert scanned(data, after="elsewhere").fields == {"after"}


def test_a_dry_run_shows_what_would_be_done(data: DataFunction) -> None:
    (found,) = scanned(data, dry_run=True).body["repairs"]

    assert found["state"] == "proposed"
    assert data.get(REPAIRS).body["items"] == []


def test_only_an_admin_may_change_bars(data: DataFunction) -> None:
    (found,) = scanned(data).body["repairs"]
    address = f"{REPAIRS}/{found['repair_id']}"
    data.groups = "[]"

    assert scanned(data).status == 403
    assert data.post(f"{address}/undo", REASON).status == 403
    assert data.post(f"{address}/apply", REASON).status == 403
    assert data.get(address).status == 200


QUARTER = Scope(
    "yahoo",
    Timeframe.D1,
    datetime(2012, 1, 1, 5, tzinfo=UTC),
    datetime(2012, 4, 1, 4, tzinfo=UTC),
)


class Ingestion:
    """An ingester whose item has ended, and what it tells of it."""

    def __init__(self, bars_written: int, scope: Scope = QUARTER) -> None:
        ended = Item("job-1", "IBM", "IBM", scope, ItemState.DONE, scope.before, None)
        self.item = replace(ended, rows_written=bars_written)

    def work(self, number: int) -> Item:
        """Leave the item."""
        return self.item

    def send(self, items: list[Item]) -> None:
        """Send nothing more."""

    def remark(self, number: int, said: list[str]) -> None:
        """Have nothing to say of it."""

    def ask(self, vendor: str, asked: ActionRequest, correlation_id: str) -> ActionsAsked:
        """Have no corporate actions."""
        return ActionsAsked()


@pytest.mark.parametrize(("bars_written", "repairs"), [(61, 1), (0, 0)])
def test_daily_bars_that_an_ingestion_brought_are_looked_at(
    data: DataFunction, monkeypatch: pytest.MonkeyPatch, bars_written: int, repairs: int
) -> None:
    ingestion = Ingestion(bars_written)
    for name in ("ingester", "dispatcher", "action_asker"):
        monkeypatch.setattr(wiring_ingestion, name, lambda: ingestion)

    tasks_ingestion.ingest({"detail": {"item": 1}})

    assert len(data.get(REPAIRS, state="applied").body["items"]) == repairs


@pytest.mark.parametrize(("minutes", "repairs"), [(390, 1), (1, 0)])
def test_minutes_are_looked_at_when_a_session_of_them_came_and_not_each(
    data: DataFunction, monkeypatch: pytest.MonkeyPatch, minutes: int, repairs: int
) -> None:
    opens = datetime(2012, 3, 1, 14, 30, tzinfo=UTC)
    key = SeriesKey("IBM", Timeframe.M1, "alpaca")
    with data.desk.database.transaction() as cursor:
        PostgresSeries(cursor).put(key, _minutes(opens), data.desk.clock.now())
    scope = Scope("alpaca", Timeframe.M1, opens, opens + timedelta(minutes=minutes))
    ingestion = Ingestion(minutes, scope)
    for name in ("ingester", "dispatcher"):
        monkeypatch.setattr(wiring_ingestion, name, lambda: ingestion)
    data.desk.clock.pass_by(1)

    tasks_ingestion.ingest({"detail": {"item": 1}})

    assert len(data.get(REPAIRS, state="applied").body["items"]) == repairs


def _minutes(opens: datetime) -> BarColumns:
    """A session of minutes, of which the hundredth is a hundred times too high."""
    places = np.arange(390)
    close = (200 + np.sin(places)) * np.where(places == 100, 100, 1)
    prices = [counted(one.round(2)) for one in (close, close + 0.5, close - 0.5, close)]
    starts = micros(opens) + places.astype(np.int64) * 60_000_000
    return BarColumns(*(starts, *prices, counted((1000.0 + places).tolist())))


def test_what_an_ingestion_brought_is_looked_at_and_counted(data: DataFunction) -> None:
    first, again = look("IBM"), look("IBM")

    assert first == {"proposed": 0, "applied": 1, "undone": 0, "suspicions": 0}
    assert again["applied"] == 0
