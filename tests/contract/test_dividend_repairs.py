"""Dividends that one vendor tells wrongly: the right amount is proposed and becomes a person's word
when that person says so; what was never paid is suspected, and its claim held. No bar changes.
"""

from collections.abc import Callable

import pytest

from bifrost.adapters.postgres.database import Database
from bifrost.data.repair.kinds import RepairKind
from bifrost.data.repair.stored import RepairState
from tests.contract.repair_desk import DAYS, RepairDesk, bars, prices

PAID = (30, 92, 154, 216)


@pytest.fixture
def desk(make_database: Callable[[str], Database]) -> RepairDesk:
    """Data where AAPL and IBM are listed, with a year of bars."""
    made = RepairDesk(make_database("data"))
    made.put(bars())
    return made


def announce(desk: RepairDesk, amounts: dict[int, str]) -> None:
    header = (
        "action_id,vendor,revision,kind,instrument,currency,ex_date,amount_per_share,dividend_kind"
    )
    rows = [
        f"dividend-{at},yahoo,1,cash_dividend,AAPL,USD,{DAYS[at].session},{amount},ordinary"
        for at, amount in amounts.items()
    ]
    desk.data.imports.announce("\n".join([header, *rows, ""]).encode(), "request-1")


def test_a_dividend_a_hundred_times_too_high_is_proposed_in_the_right_units(
    desk: RepairDesk,
) -> None:
    announce(desk, dict.fromkeys(PAID, "0.30") | {PAID[2]: "30.00"})

    (record,) = desk.scan()

    assert record.state is RepairState.PROPOSED
    assert record.repair.kind is RepairKind.DIVIDEND_UNIT_ERROR
    (cell,) = record.repair.cells["dividends"]
    assert (cell.session, str(cell.raw), str(cell.repaired)) == (DAYS[PAID[2]].session, "30", "0.3")
    assert desk.closes() == prices().tolist()


def test_a_person_makes_it_and_takes_it_back(desk: RepairDesk) -> None:
    announce(desk, dict.fromkeys(PAID, "0.30") | {PAID[2]: "30.00"})
    (record,) = desk.scan()

    desk.apply(record)

    published = "SELECT action_id, withdrawn FROM data.published_actions ORDER BY place"
    (stands,) = desk.data.rows(published)
    assert stands == {"action_id": record.repair.repair_id, "withdrawn": False}
    (again,) = desk.scan()
    assert again.state is RepairState.APPLIED
    desk.undo(record)
    assert desk.data.rows(published)[-1]["withdrawn"]


def test_a_dividend_that_is_told_twice_is_suspected_and_its_claim_held(desk: RepairDesk) -> None:
    announce(desk, dict.fromkeys(PAID, "0.30") | {PAID[1] + 2: "0.30"})

    found = desk.look()

    assert found.records == ()
    (one,) = found.suspicions
    assert one.kind is RepairKind.DUPLICATE_DIVIDEND
    assert desk.data.rows("SELECT * FROM data.published_actions") == []


def test_dividends_that_are_right_are_left_alone(desk: RepairDesk) -> None:
    announce(desk, dict.fromkeys(PAID, "0.30"))

    found = desk.look()

    assert (found.records, found.suspicions) == ((), ())
