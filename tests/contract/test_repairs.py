"""Repairs of stored bars: what is sure is made as a revision that names its repair, the rest is
proposed; what was made is undone and made again; nothing is overwritten, and what was known before
a repair stays what was known.
"""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import numpy as np
import psycopg
import pytest

from bifrost.adapters.calendars import xnys
from bifrost.adapters.ids import RandomIds
from bifrost.adapters.postgres.database import Database
from bifrost.adapters.postgres.market.repairs import PostgresRepairs
from bifrost.adapters.postgres.market.series import PostgresSeries, PostgresSeriesReader
from bifrost.adapters.postgres.market.taking import PostgresTakingBooks
from bifrost.core.errors import ConflictError, InvalidInputError, NotFoundError
from bifrost.data.ingest.taking import Occasion, take
from bifrost.data.ports import ActionQuery
from bifrost.data.reference.votes import ActionStatus
from bifrost.data.repair.kinds import RepairKind
from bifrost.data.repair.service import RepairService
from bifrost.data.repair.stored import RepairQuery, RepairRecord, RepairState
from bifrost.data.series.asked import Knowledge, SeriesQuery
from bifrost.data.series.columns import BarColumns, counted, micros
from bifrost.data.series.ports import SeriesKey
from bifrost.data.series.timeframes import Timeframe
from tests.data_desk import DataDesk
from tests.unit.data.repair.gamestop import gamestop

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
        self.service = RepairService(PostgresRepairs(database), self.data.imports, self.clock)

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

    def scan(self, **given: object) -> tuple[RepairRecord, ...]:
        """Look at AAPL."""
        self.clock.pass_by(1)
        return self.service.scan("AAPL", **given).records  # type: ignore[arg-type]  # as given

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


@pytest.fixture
def desk(make_database: Callable[[str], Database]) -> RepairDesk:
    """Data where AAPL and IBM are listed."""
    return RepairDesk(make_database("data"))


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


def test_a_sure_repair_is_made_as_a_revision_that_names_it(desk: RepairDesk) -> None:
    desk.put(with_hundred())

    (record,) = desk.scan()

    assert record.state is RepairState.APPLIED
    assert record.repair.kind is RepairKind.UNIT_ERROR
    assert record.repair.sessions == [DAYS[FAULTY].session]
    assert desk.closes() == prices().tolist()
    rows = desk.data.rows(
        "SELECT close, repair_id FROM data.bars WHERE instrument = 'AAPL'"
        f" AND session = '{DAYS[FAULTY].session}' ORDER BY recorded_at"
    )
    assert [row["repair_id"] for row in rows] == [None, record.repair.repair_id]
    assert float(rows[0]["close"]) == pytest.approx(100 * prices()[FAULTY])


def test_what_was_recorded_before_the_repair_stays_what_was_known(desk: RepairDesk) -> None:
    desk.put(with_hundred())
    before = desk.clock.now()
    desk.clock.pass_by(60)

    desk.scan()

    assert desk.closes(before)[FAULTY] == pytest.approx(100 * prices()[FAULTY])
    assert desk.closes()[FAULTY] == pytest.approx(prices()[FAULTY])


def test_scanning_again_finds_nothing_new(desk: RepairDesk) -> None:
    desk.put(with_hundred())
    desk.scan()

    assert desk.scan() == ()
    assert len(desk.service.listing(RepairQuery(), after=0, limit=10)) == 1


def test_what_the_vendor_sends_again_leaves_the_repair_standing(desk: RepairDesk) -> None:
    desk.put(with_hundred())
    desk.scan()

    desk.put(with_hundred())

    assert desk.closes() == prices().tolist()


def test_a_repair_is_undone_by_the_raw_values_and_made_again(desk: RepairDesk) -> None:
    desk.put(with_hundred())
    (record,) = desk.scan()

    undone = desk.undo(record)

    assert [step.state.value for step in undone.steps] == ["proposed", "applied", "undone"]
    assert (undone.steps[-1].by, undone.steps[-1].reason) == ("owner-1", "a test")
    assert desk.closes()[FAULTY] == pytest.approx(100 * prices()[FAULTY])
    assert desk.apply(record).state is RepairState.APPLIED
    assert desk.closes() == prices().tolist()


def test_a_scan_makes_no_repair_that_somebody_undid(desk: RepairDesk) -> None:
    desk.put(with_hundred())
    (record,) = desk.scan()
    desk.undo(record)

    (again,) = desk.scan()

    assert again.repair.repair_id == record.repair.repair_id
    assert again.state is RepairState.UNDONE
    assert desk.closes()[FAULTY] == pytest.approx(100 * prices()[FAULTY])


def test_a_repair_is_undone_once_and_made_once(desk: RepairDesk) -> None:
    desk.put(with_hundred())
    (record,) = desk.scan()

    with pytest.raises(ConflictError, match="applied already"):
        desk.apply(record)
    desk.undo(record)
    with pytest.raises(ConflictError, match="is undone"):
        desk.undo(record)


def test_a_repair_of_bars_that_changed_since_is_refused(desk: RepairDesk) -> None:
    desk.put(with_hundred())
    (record,) = desk.scan()
    desk.undo(record)
    desk.put(bars())

    with pytest.raises(ConflictError, match="no longer what"):
        desk.apply(record)


def test_an_undoing_beneath_a_later_correction_is_refused(desk: RepairDesk) -> None:
    desk.put(with_hundred())
    (record,) = desk.scan()
    desk.put(bars(1.01))

    with pytest.raises(ConflictError, match="changed since"):
        desk.undo(record)


def test_a_dry_run_keeps_nothing(desk: RepairDesk) -> None:
    desk.put(with_hundred())

    (record,) = desk.scan(dry_run=True)

    assert record.state is RepairState.PROPOSED
    assert desk.service.listing(RepairQuery(), after=0, limit=10) == []
    assert desk.closes()[FAULTY] == pytest.approx(100 * prices()[FAULTY])


def test_a_person_s_own_file_is_repaired_only_when_that_person_asks(desk: RepairDesk) -> None:
    desk.put(with_hundred(), SeriesKey("AAPL", Timeframe.D1, "csv"))

    assert desk.scan() == ()
    (record,) = desk.scan(source="csv")

    assert record.state is RepairState.APPLIED
    assert desk.closes() == prices().tolist()


def test_a_doubtful_repair_is_proposed_and_a_person_makes_it(desk: RepairDesk) -> None:
    factor = np.ones(len(DAYS))
    factor[: len(DAYS) // 2] = 100.0
    desk.put(bars(factor))

    (record,) = desk.scan()

    assert record.state is RepairState.PROPOSED
    assert record.repair.score < 0.7
    assert desk.closes()[0] == pytest.approx(100 * prices()[0])
    assert desk.apply(record).state is RepairState.APPLIED


def test_a_bar_that_the_gate_kept_apart_is_repaired_and_stands(desk: RepairDesk) -> None:
    desk.take(with_hundred())
    assert len(desk.closes()) == len(DAYS) - 1

    (record,) = desk.scan()

    assert record.state is RepairState.APPLIED
    assert desk.closes() == prices().tolist()


def test_a_split_that_nobody_told_is_claimed_and_changes_nothing(desk: RepairDesk) -> None:
    at = 150
    factor = np.ones(len(DAYS))
    factor[at:] = 0.5
    desk.put(bars(factor))

    (record,) = desk.scan()

    assert (record.repair.kind, record.state) == (RepairKind.MISSING_SPLIT, RepairState.PROPOSED)
    assert record.repair.first == DAYS[at].session
    assert desk.closes()[0] == prices()[0]


def test_a_claim_that_a_person_makes_is_that_person_s_word(desk: RepairDesk) -> None:
    factor = np.ones(len(DAYS))
    factor[150:] = 0.5
    desk.put(bars(factor))
    (record,) = desk.scan()

    desk.apply(record)

    (split,) = desk.data.rows("SELECT * FROM data.published_actions")
    assert (split["instrument"], split["ex_date"]) == ("AAPL", DAYS[150].session)
    assert desk.scan() == ()
    desk.undo(record)
    assert desk.data.rows(
        "SELECT withdrawn FROM data.published_actions ORDER BY revision DESC LIMIT 1"
    ) == [{"withdrawn": True}]


def test_bars_of_a_split_that_stands_are_put_back_as_traded(desk: RepairDesk) -> None:
    at = 150
    factor = np.ones(len(DAYS))
    factor[at:] = 0.25
    true = bars(factor)
    # The vendor had adjusted eight bars before the split already, and volume with them.
    factor[at - 8 : at] = 0.25
    volume = true.volume.copy()
    volume[at - 8 : at] *= 4
    wrong = bars(factor)
    desk.put(BarColumns(wrong.starts_at, wrong.open, wrong.high, wrong.low, wrong.close, volume))
    desk.data.imports.announce(split_file("acme"), "request-1")

    (record,) = desk.scan()

    assert record.state is RepairState.APPLIED
    assert record.repair.kind is RepairKind.SPLIT_APPLIED_TWICE
    assert desk.closes() == pytest.approx(true.prices("close").tolist())
    asked = SeriesQuery("AAPL", Timeframe.D1, *ALL)
    assert PostgresSeriesReader(desk.database).read(asked).equals(true)


def split_file(vendor: str, on: date = DAYS[150].session) -> bytes:
    header = "action_id,vendor,revision,kind,instrument,currency,ex_date,new_shares,old_shares"
    return f"{header}\nsplit-1,{vendor},1,split,AAPL,USD,{on},4,1\n".encode()


def test_a_split_that_one_vendor_claims_is_held_and_repairs_nothing(desk: RepairDesk) -> None:
    desk.put(bars())
    desk.data.imports.announce(split_file("yahoo"), "request-1")

    found = desk.service.scan("AAPL")

    assert found.records == ()
    (held,) = found.suspicions
    assert held.kind is RepairKind.PHANTOM_SPLIT
    assert "claimed by yahoo alone" in held.reason
    assert desk.closes() == prices().tolist()


def test_gamestop_s_split_of_january_2021_is_refused_when_one_source_claims_it(
    desk: RepairDesk,
) -> None:
    series = gamestop()
    listed = "symbol,mic,currency,tick_size,lot_size,name\nGME,XNYS,USD,0.01,1,GameStop\n"
    desk.data.put("instruments/gme.csv", listed.encode())
    opens = {
        day.session: day.opens_at for day in xnys.sessions(date(2020, 12, 1), DAYS[60].session)
    }
    gme = SeriesKey("GME", Timeframe.D1, "yahoo")
    told = BarColumns(
        starts_at=np.array([micros(opens[day.item()]) for day in series.sessions]),
        open=counted(series.open),
        high=counted(series.high),
        low=counted(series.low),
        close=counted(series.close),
        volume=counted(series.volume),
    )
    desk.put(told, gme)
    claim = split_file("yahoo", date(2021, 1, 27)).replace(b"AAPL", b"GME")
    desk.data.imports.announce(claim, "request-1")

    found = desk.service.scan("GME")

    assert found.records == ()
    assert [one.kind for one in found.suspicions] == [RepairKind.PHANTOM_SPLIT]
    assert "it is held, and no price is changed" in found.suspicions[0].reason
    (state,) = desk.data.service.states(
        [one.action for one in desk.data.service.actions(ActionQuery("GME"), after=0, limit=5)]
    )
    assert state.status is ActionStatus.CLAIMED
    asked = SeriesQuery("GME", Timeframe.D1, *ALL)
    assert PostgresSeriesReader(desk.database).read(asked).equals(told)


def test_repairs_are_listed_by_instrument_kind_and_state(desk: RepairDesk) -> None:
    desk.put(with_hundred())
    (record,) = desk.scan()

    listing = desk.service.listing

    assert [one.place for one in listing(RepairQuery("AAPL"), after=0, limit=5)] == [record.place]
    assert listing(RepairQuery("IBM"), after=0, limit=5) == []
    assert len(listing(RepairQuery(kind=RepairKind.UNIT_ERROR), after=0, limit=5)) == 1
    assert listing(RepairQuery(state=RepairState.UNDONE), after=0, limit=5) == []
    assert listing(RepairQuery(), after=record.place, limit=5) == []
    assert desk.service.find(record.repair.repair_id).repair == record.repair


def test_what_is_unknown_is_said_so(desk: RepairDesk) -> None:
    with pytest.raises(NotFoundError, match="NONE"):
        desk.service.scan("NONE")
    with pytest.raises(NotFoundError, match="repair-0"):
        desk.service.find("repair-0")
    with pytest.raises(InvalidInputError, match="has told no daily bars"):
        desk.service.scan("IBM", source="yahoo")


@pytest.mark.parametrize("table", ["repairs", "repair_steps"])
def test_repairs_and_their_steps_are_never_rewritten(desk: RepairDesk, table: str) -> None:
    desk.put(with_hundred())
    desk.scan()

    for change in (f"UPDATE data.{table} SET reason = 'other'", f"DELETE FROM data.{table}"):
        with (
            pytest.raises(psycopg.errors.InsufficientPrivilege),
            desk.database.transaction() as cursor,
        ):
            cursor.execute(change)


def test_a_repair_says_when_it_could_first_be_made(desk: RepairDesk) -> None:
    desk.put(with_hundred())

    (record,) = desk.scan()

    assert record.repair.known_from == DAYS[FAULTY + 1].session
    assert record.repair.recorded_at - desk.clock.now() < timedelta(seconds=1)
