"""Splits and repairs: what nobody told is claimed, what stands is put right as it traded, and what
one source claims is held and repairs nothing.
"""

from collections.abc import Callable
from datetime import date

import numpy as np
import pytest

from bifrost.adapters.calendars import xnys
from bifrost.adapters.postgres.database import Database
from bifrost.adapters.postgres.market.series import PostgresSeriesReader
from bifrost.data.ports import ActionQuery
from bifrost.data.reference.votes import ActionStatus
from bifrost.data.repair.kinds import RepairKind
from bifrost.data.repair.stored import RepairState
from bifrost.data.series.asked import SeriesQuery
from bifrost.data.series.columns import BarColumns, counted, micros
from bifrost.data.series.ports import SeriesKey
from bifrost.data.series.timeframes import Timeframe
from tests.contract.repair_desk import (
    ALL,
    DAYS,
    RepairDesk,
    bars,
    prices,
    split_file,
)
from tests.unit.data.repair.gamestop import gamestop


@pytest.fixture
def desk(make_database: Callable[[str], Database]) -> RepairDesk:
    """Data where AAPL and IBM are listed."""
    return RepairDesk(make_database("data"))


def test_a_split_that_nobody_told_is_claimed_and_changes_nothing(desk: RepairDesk) -> None:
    at = 150
    factor = np.ones(len(DAYS))
    factor[at:] = 0.5
    desk.put(bars(factor))

    (record,) = desk.scan()

    assert (record.repair.kind, record.state) == (RepairKind.MISSING_SPLIT, RepairState.PROPOSED)
    assert record.repair.first == DAYS[at].session
    assert desk.closes()[0] == prices()[0]


@pytest.mark.parametrize("vendor", ["alpaca", "me"])
def test_the_fall_of_a_spin_off_that_somebody_tells_is_no_split(
    desk: RepairDesk, vendor: str
) -> None:
    at = 150
    factor = np.ones(len(DAYS))
    factor[at:] = 0.5
    desk.put(bars(factor))
    desk.data.imports.announce(spin_off_file(vendor, DAYS[at].session), "request-1")

    found = desk.look()

    assert (found.records, found.suspicions) == ((), ())


def spin_off_file(vendor: str, on: date) -> bytes:
    """Return a spin-off of IBM, a share for each, as a person or a vendor tells it."""
    header = "action_id,vendor,revision,kind,instrument,currency,ex_date,new_instrument"
    row = f"spin-1,{vendor},1,spin_off,AAPL,USD,{on},IBM,1,0.5"
    return f"{header},shares_per_share,basis_share\n{row}\n".encode()


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


def test_a_split_that_one_vendor_claims_is_held_and_repairs_nothing(desk: RepairDesk) -> None:
    desk.put(bars())
    desk.data.imports.announce(split_file("yahoo"), "request-1")

    found = desk.look()

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

    found = desk.look("GME")

    assert found.records == ()
    assert [one.kind for one in found.suspicions] == [RepairKind.PHANTOM_SPLIT]
    assert "it is held, and no price is changed" in found.suspicions[0].reason
    (state,) = desk.data.service.states(
        [one.action for one in desk.data.service.actions(ActionQuery("GME"), after=0, limit=5)]
    )
    assert state.status is ActionStatus.CLAIMED
    asked = SeriesQuery("GME", Timeframe.D1, *ALL)
    assert PostgresSeriesReader(desk.database).read(asked).equals(told)
