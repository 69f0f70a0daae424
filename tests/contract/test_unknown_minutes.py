"""Minutes that are not there are not known, until somebody who knows says that nobody traded: a
part of a session is no daily bar, closes no gap and goes out as no feed, and what a stream missed
counts until it is filled, for what was known at an instant as it counted then."""

import json
import threading
import time
from collections.abc import Callable
from datetime import timedelta

import numpy as np
import pytest

from bifrost.adapters.ids import RandomIds
from bifrost.adapters.postgres.database import Database
from bifrost.adapters.postgres.market.items import PostgresItemBooks
from bifrost.adapters.postgres.market.missed_minutes import missed_minutes
from bifrost.adapters.postgres.market.quality import keep_apart
from bifrost.adapters.postgres.market.rollups import PostgresRollUps
from bifrost.adapters.postgres.market.series import PostgresSeriesReader
from bifrost.adapters.postgres.market.subscriptions import PostgresSubscriptions
from bifrost.adapters.postgres.market.taking import PostgresTakingBooks
from bifrost.core.sessions import Session
from bifrost.data.ingest.jobs import Scope
from bifrost.data.ingest.ports import Absence
from bifrost.data.ingest.subscriptions import Subscription
from bifrost.data.ingest.taking import Occasion, take
from bifrost.data.quality.defects import Defect, DefectKind
from bifrost.data.series.asked import Knowledge, SeriesQuery
from bifrost.data.series.columns import UNITS, BarColumns, micros
from bifrost.data.series.ports import SeriesKey
from bifrost.data.series.reading import BarsAsked
from bifrost.data.series.rolling import RollUps
from bifrost.data.series.rollup import roll_up
from bifrost.data.series.timeframes import Timeframe
from bifrost.data.series.trading_hours import TradingHours
from tests.contract.repair_desk import DAYS
from tests.contract.test_daily_feed import FRIDAY, FeedDesk
from tests.data_desk import DataDesk
from tests.ingestion_desk import bars_at, sessions_between

SESSION = DAYS[10]
KEY = SeriesKey("AAPL", Timeframe.M1, "alpaca")
MINUTE = 60_000_000


def minutes(first: int, count: int, session: Session = SESSION) -> BarColumns:
    """Return minutes of a session, from its `first` on."""
    starts = micros(session.opens_at) + np.arange(first, first + count, dtype=np.int64) * MINUTE
    steps = np.random.default_rng(1)
    moved = np.cumsum(steps.integers(-3, 4, 400))[first : first + count]
    close = (100 * UNITS + moved * 10_000).astype(np.int64)
    volume = steps.integers(900, 1100, 400)[first : first + count].astype(np.int64) * UNITS
    return BarColumns(starts, close - 5_000, close + 10_000, close - 15_000, close, volume)


class MinuteDesk(DataDesk):
    """A desk with AAPL listed and no bar of it."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self.stock()
        self.rollups = RollUps(PostgresRollUps(database), self.clock)

    def take(self, bars: BarColumns, key: SeriesKey = KEY, on: Database | None = None) -> None:
        """Take minutes in by the gate."""
        with (on or self.database).transaction() as cursor:
            occasion = Occasion(self.clock.now(), "r", RandomIds().new())
            take(PostgresTakingBooks(cursor), key, bars, occasion)

    def silence(self, first: int, before: int, vendor: str = "alpaca") -> None:
        """Keep a vendor's word that it has nothing more of these minutes of the session."""
        ends = (SESSION.opens_at + timedelta(minutes=one) for one in (first, before))
        absence = Absence(
            "AAPL", Scope(vendor, Timeframe.M1, *ends), "that is all", self.clock.now()
        )
        with self.database.transaction() as cursor:
            PostgresItemBooks(cursor).remember_absence(absence)

    def hole(self, first: int, before: int | None) -> None:
        """Let a stream that ended with the session have missed these; we know of it since now."""
        opens = micros(SESSION.opens_at)
        ends = None if before is None else opens + before * MINUTE
        holes = json.dumps([[opens + first * MINUTE, ends, "disconnected", []]])
        at = self.clock.now()
        with self.database.transaction() as cursor:
            cursor.execute(
                "INSERT INTO data.market_streams"
                " (instrument, source, state, settled_to, holes, recorded_at)"
                " VALUES ('AAPL', 'stream', 'gap', %s, %s, %s)",
                (SESSION.closes_at, holes, SESSION.closes_at),
            )
            cursor.execute(
                "INSERT INTO data.stream_gaps"
                " (instrument, source, first, before, cause, opened_at)"
                " VALUES ('AAPL', 'stream', %s, %s, 'disconnected', %s)",
                (
                    SESSION.opens_at + timedelta(minutes=first),
                    None if before is None else SESSION.opens_at + timedelta(minutes=before),
                    at,
                ),
            )

    def heal(self) -> None:
        """Let the stream have what it missed."""
        with self.database.transaction() as cursor:
            cursor.execute("UPDATE data.market_streams SET holes = '[]'")
            cursor.execute("UPDATE data.stream_gaps SET closed_at = %s", (self.clock.now(),))

    def missed(self) -> list[tuple[int, int]]:
        """Return what counts as missed now, in minutes of the session."""
        opens = micros(SESSION.opens_at)
        with self.database.transaction() as cursor:
            found = missed_minutes(cursor, "AAPL", self.clock.now())
        return [((one - opens) // MINUTE, (end - opens) // MINUTE) for one, end in found]

    def days(self) -> BarColumns:
        """Roll up what was touched, and return the daily bars that are stored."""
        self.rollups.run()
        asked = SeriesQuery("AAPL", Timeframe.D1, SESSION.opens_at, SESSION.closes_at)
        return PostgresSeriesReader(self.database).read(asked)

    def read(self, timeframe: Timeframe, asked: BarsAsked | None = None) -> BarColumns:
        """Return bars of the session, as a person reads them."""
        day = SESSION.session
        return self.reading.read(
            asked or BarsAsked(name="AAPL", timeframe=timeframe, first=day, last=day)
        ).bars


@pytest.fixture
def desk(make_database: Callable[[str], Database]) -> MinuteDesk:
    return MinuteDesk(make_database("data"))


def test_ten_minutes_of_a_session_are_no_daily_bar(desk: MinuteDesk) -> None:
    desk.take(minutes(0, 10))

    assert len(desk.days()) == 0
    assert len(desk.read(Timeframe.D1)) == 0
    assert len(desk.read(Timeframe.M5)) == 2


def test_a_day_is_made_of_all_its_minutes_or_of_a_vendors_word_for_the_rest(
    desk: MinuteDesk,
) -> None:
    whole = minutes(0, 390)
    desk.take(whole.take(slice(0, 380)))
    early = len(desk.days())

    desk.silence(0, 390)

    assert early == 0
    assert desk.days().volume.tolist() == [int(whole.volume[:380].sum())]


def test_a_vendors_silence_says_nothing_where_it_has_nothing_of_the_session(
    desk: MinuteDesk,
) -> None:
    desk.take(minutes(0, 380))

    desk.silence(0, 390, vendor="yahoo")

    assert len(desk.days()) == 0


def test_a_minute_that_the_gate_kept_apart_is_one_that_traded(desk: MinuteDesk) -> None:
    whole = minutes(0, 390)
    desk.take(BarColumns.concatenated([whole.take(slice(0, 200)), whole.take(slice(201, 390))]))
    with desk.database.transaction() as cursor:
        apart = whole.take(slice(200, 201))
        defect = Defect(DefectKind.JUMP, "a hundredfold", place=0)
        keep_apart(cursor, KEY, apart, [defect], desk.clock.now())

    desk.silence(0, 390)

    assert len(desk.days()) == 0


def test_a_missing_daily_bar_is_a_gap_and_a_day_without_though_its_minutes_came(
    desk: MinuteDesk,
) -> None:
    desk.take(minutes(0, 390))
    rolled = len(desk.days())
    store = PostgresSubscriptions(desk.database)
    daily = Subscription("AAPL", Timeframe.D1, "alpaca", "AAPL", SESSION.session, False, "XNYS")

    present, _ = store.accounted(daily, SESSION.opens_at, SESSION.closes_at)

    assert rolled == 1
    assert present.tolist() == []
    (listed,) = desk.rows("SELECT bars FROM data.instruments WHERE symbol = 'AAPL'")
    assert listed["bars"] == 0


def test_what_was_rolled_up_does_not_go_out_as_the_sessions_bar(
    make_database: Callable[[str], Database],
) -> None:
    database = make_database("data")
    desk = FeedDesk(database)
    desk.subscribe("AAPL", since=FRIDAY, live=True)
    (session,) = sessions_between(FRIDAY, FRIDAY)
    starts = micros(session.opens_at) + np.arange(390, dtype=np.int64) * MINUTE
    with database.transaction() as cursor:
        occasion = Occasion(desk.clock.now(), "r", RandomIds().new())
        take(PostgresTakingBooks(cursor), KEY, bars_at(starts), occasion)
    RollUps(PostgresRollUps(database), desk.clock).run()
    sources = [row["source"] for row in desk.rows("SELECT source FROM data.standing_bars")]

    desk.planner.plan("r")
    desk.clock.pass_by(7 * 3600)
    desk.feed.publish("r")

    assert sources == ["rollup"]
    assert desk.told() == []


def test_rolling_up_and_taking_in_one_session_wait_for_each_other_and_never_in_a_circle(
    desk: MinuteDesk, make_database: Callable[[str], Database]
) -> None:
    other = make_database("data")
    desk.take(minutes(0, 60))
    failed: list[BaseException] = []

    def late() -> None:
        try:
            desk.take(minutes(60, 60), on=other)
        except BaseException as error:
            failed.append(error)

    thread = threading.Thread(target=late)
    with PostgresRollUps(desk.database).transaction() as books:
        touched = books.touched("", 64)
        assert touched is not None
        thread.start()
        time.sleep(0.5)
        asked = SeriesQuery("AAPL", Timeframe.M1, SESSION.opens_at, SESSION.closes_at)
        hours = TradingHours.regular(touched.sessions)
        rolled = roll_up(books.read(asked), Timeframe.D1, hours).bars
        books.put(SeriesKey("AAPL", Timeframe.D1, "rollup"), rolled, desk.clock.now())
        books.settle("AAPL", touched.sessions)
    thread.join()

    assert failed == []
    assert len(desk.rows("SELECT * FROM data.touched_sessions")) == 1  # the late ones touched it


def test_a_hole_of_then_still_counts_for_what_was_known_then(desk: MinuteDesk) -> None:
    all_ten = minutes(0, 10)
    desk.take(BarColumns.concatenated([all_ten.take(slice(0, 3)), all_ten.take(slice(5, 10))]))
    desk.hole(3, 5)
    asked = BarsAsked(
        name="AAPL",
        timeframe=Timeframe.M5,
        first=SESSION.session,
        last=SESSION.session,
        as_of=desk.clock.now() + timedelta(seconds=1),
        knowledge=Knowledge.RECORDED,
    )
    desk.clock.pass_by(2)
    known_then = len(desk.read(Timeframe.M5, asked))

    desk.take(all_ten)
    desk.heal()

    assert (known_then, len(desk.read(Timeframe.M5, asked))) == (1, 1)
    assert len(desk.read(Timeframe.M5)) == 2


def test_a_hole_that_nobody_filled_counts_however_long_ago_it_was_opened(
    desk: MinuteDesk,
) -> None:
    desk.hole(0, 10)

    desk.clock.pass_by(90 * 86_400)

    assert desk.missed() == [(0, 10)]


def test_a_stream_that_was_left_without_a_word_misses_the_rest_of_its_session(
    desk: MinuteDesk,
) -> None:
    desk.hole(380, None)
    with desk.database.transaction() as cursor:
        cursor.execute(
            "UPDATE data.market_streams SET recorded_at = %s",
            (SESSION.opens_at + timedelta(minutes=381),),
        )

    assert desk.missed() == [(380, 390)]


def test_a_hole_ends_where_a_vendors_minutes_or_its_word_stand_in_its_place(
    desk: MinuteDesk,
) -> None:
    desk.hole(2, 8)
    desk.take(minutes(0, 8), SeriesKey("AAPL", Timeframe.M1, "stream"))
    desk.clock.pass_by(1)
    own = desk.missed()

    desk.take(minutes(0, 7))
    partly = desk.missed()
    desk.silence(0, 390)

    assert own == partly == [(2, 8)]
    assert desk.missed() == []
