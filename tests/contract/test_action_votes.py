"""Corporate actions stand with two votes: a vendor alone changes nothing, however sure it is.

GME: in January 2021 Yahoo alone had it split; the real 4:1 of 2022-07-22 came from everybody.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest

from bifrost.adapters.postgres.database import Database
from bifrost.adapters.postgres.market.actions import PostgresStandingActions
from bifrost.core.corporate_actions import (
    CashDividend,
    CorporateAction,
    DividendKind,
    Split,
)
from bifrost.core.errors import InvalidInputError
from bifrost.data.ports import ActionQuery
from bifrost.data.reference.claiming import VendorAnswer
from bifrost.events import CorporateActionAnnounced, CorporateActionCorrected
from tests.data_desk import DataDesk

GME = b"symbol,mic,currency,tick_size,lot_size,name\nGME,XNYS,USD,0.01,1,GameStop Corp.\n"
PHANTOM, REAL = date(2021, 1, 25), date(2022, 7, 22)
YEARS = (date(2020, 1, 1), date(2023, 12, 31))


@pytest.fixture
def desk(make_database: Callable[[str], Database]) -> DataDesk:
    """Data with GME listed."""
    desk = DataDesk(make_database("data"))
    desk.put("instruments/gme.csv", GME)
    return desk


def split(vendor: str, day: date, new: str = "4", old: str = "1") -> CorporateAction:
    """What a vendor says."""
    return CorporateAction(
        action_id=f"{vendor}:GME:{day}:split",
        vendor=vendor,
        revision=1,
        instrument="GME",
        currency="USD",
        ex_date=day,
        split=Split(Decimal(new), Decimal(old)),
    )


def dividend(vendor: str, amount: str, kind: DividendKind) -> CorporateAction:
    """A vendor's dividend of 2019-03-14."""
    day = date(2021, 3, 14)
    return CorporateAction(
        action_id=f"{vendor}:GME:{day}:{amount}",
        vendor=vendor,
        revision=1,
        instrument="GME",
        currency="USD",
        ex_date=day,
        cash_dividend=CashDividend(kind, Decimal(amount)),
    )


def claim(desk: DataDesk, vendor: str, *actions: CorporateAction) -> None:
    """Take in all that a vendor says of these years."""
    desk.clock.pass_by(1)
    desk.imports.claim(VendorAnswer(vendor, "GME", *YEARS, actions), "request-1")


def told(desk: DataDesk) -> list[str]:
    """What others heard, in words."""
    heard = []
    for event in desk.published():
        if isinstance(event, CorporateActionAnnounced | CorporateActionCorrected):
            one = event.action
            word = "withdrawn" if one.withdrawn else "stands"
            heard.append(f"{one.action_id} {one.revision} {word}")
    return heard


def standing(desk: DataDesk) -> Sequence[CorporateAction]:
    """What prices are adjusted by."""
    return PostgresStandingActions(desk.database).standing("GME")


def states(desk: DataDesk) -> dict[str, tuple[str, int, tuple[str, ...]]]:
    """How each vendor's word stands: status, votes, what contradicts it."""
    found = desk.service.actions(ActionQuery("GME"), after=0, limit=100)
    judged = desk.service.states([one.action for one in found])
    return {
        one.action.vendor: (state.status.value, state.votes, state.contradicted_by)
        for one, state in zip(found, judged, strict=True)
    }


def test_a_split_that_one_vendor_alone_claims_is_held_and_the_real_one_stands(
    desk: DataDesk,
) -> None:
    claim(desk, "yahoo", split("yahoo", PHANTOM), split("yahoo", REAL))
    claim(desk, "massive", split("massive", REAL))

    assert [one.ex_date for one in standing(desk)] == [REAL]
    assert told(desk) == [f"massive:GME:{REAL}:split 1 stands"]
    found = desk.service.actions(ActionQuery("GME"), after=0, limit=100)
    phantom, *real = desk.service.states([one.action for one in found])
    assert (phantom.status, phantom.votes) == ("claimed", 1)
    assert [(one.status, one.votes, one.told_by) for one in real] == [
        ("stands", 2, ("massive", "yahoo"))
    ] * 2


def test_an_action_is_announced_once_however_many_confirm_it(desk: DataDesk) -> None:
    claim(desk, "yahoo", split("yahoo", REAL))
    claim(desk, "massive", split("massive", REAL, "8", "2"))
    claim(desk, "alpaca", split("alpaca", REAL))
    claim(desk, "alpaca", split("alpaca", REAL))

    assert told(desk) == [f"massive:GME:{REAL}:split 1 stands"]
    assert states(desk)["alpaca"] == ("stands", 3, ())


def test_a_vendor_that_goes_back_on_its_word_takes_the_second_vote_with_it(
    desk: DataDesk,
) -> None:
    claim(desk, "yahoo", split("yahoo", PHANTOM))
    claim(desk, "massive", split("massive", PHANTOM))
    known = desk.clock.now()
    claim(desk, "yahoo")

    name = f"massive:GME:{PHANTOM}:split"
    assert told(desk) == [f"{name} 1 stands", f"{name} 2 withdrawn"]
    assert standing(desk) == []
    reader = PostgresStandingActions(desk.database)
    assert [one.ex_date for one in reader.standing("GME", known_by=known)] == [PHANTOM]
    assert reader.standing("GME", as_of=PHANTOM - timedelta(days=1), known_by=known) == []

    claim(desk, "yahoo", split("yahoo", PHANTOM))

    assert told(desk)[2:] == [f"{name} 3 stands"]


def test_vendors_that_differ_contradict_each_other_and_neither_stands(desk: DataDesk) -> None:
    claim(desk, "yahoo", split("yahoo", REAL))
    claim(desk, "massive", split("massive", REAL, "5"))

    assert told(desk) == []
    assert states(desk) == {
        "yahoo": ("claimed", 1, (f"massive:GME:{REAL}:split",)),
        "massive": ("claimed", 1, (f"yahoo:GME:{REAL}:split",)),
    }


def test_what_a_person_announced_stands_against_a_vendor(desk: DataDesk) -> None:
    header = "action_id,vendor,revision,kind,instrument,currency,ex_date,new_shares,old_shares"
    desk.imports.announce(f"{header}\nmine,me,1,split,GME,USD,{REAL},4,1".encode(), "request-1")
    claim(desk, "yahoo", split("yahoo", REAL, "5"))
    claim(desk, "massive", split("massive", REAL, "5"))

    assert told(desk) == ["mine 1 stands"]
    assert states(desk)["massive"] == ("claimed", 2, ("mine",))
    assert [one.action_id for one in standing(desk)] == ["mine"]


def test_two_persons_files_that_differ_are_refused(desk: DataDesk) -> None:
    header = "action_id,vendor,revision,kind,instrument,currency,ex_date,new_shares,old_shares"
    desk.imports.announce(f"{header}\nmine,me,1,split,GME,USD,{REAL},4,1".encode(), "request-1")

    with pytest.raises(InvalidInputError, match="it contradicts mine, of the same day"):
        desk.imports.announce(f"{header}\nyours,you,1,split,GME,USD,{REAL},5,1".encode(), "r-2")
    desk.imports.announce(f"{header}\nours,you,1,split,GME,USD,{REAL},4,1".encode(), "r-3")

    assert told(desk) == ["mine 1 stands"]


def test_dividends_agree_within_rounding_however_they_are_taxed(desk: DataDesk) -> None:
    claim(desk, "yahoo", dividend("yahoo", "0.205", DividendKind.ORDINARY))
    claim(desk, "massive", dividend("massive", "0.20499", DividendKind.QUALIFIED))

    assert [one.action_id for one in standing(desk)] == ["massive:GME:2021-03-14:0.20499"]


def test_two_dividends_of_one_day_that_a_vendor_tells_apart_are_two(desk: DataDesk) -> None:
    for vendor in ("yahoo", "massive"):
        claim(
            desk,
            vendor,
            dividend(vendor, "0.20", DividendKind.ORDINARY),
            dividend(vendor, "1.50", DividendKind.RETURN_OF_CAPITAL),
        )

    assert len(standing(desk)) == 2
    assert {state[2] for state in states(desk).values()} == {()}


def test_a_vendor_s_corrected_terms_are_its_next_revision(desk: DataDesk) -> None:
    claim(desk, "yahoo", split("yahoo", REAL))
    claim(desk, "massive", split("massive", REAL, "5"))
    claim(desk, "massive", split("massive", REAL))

    assert told(desk) == [f"massive:GME:{REAL}:split 2 stands"]
    rows = desk.rows("SELECT action_id, revision FROM data.corporate_actions ORDER BY place")
    assert [row["revision"] for row in rows] == [1, 1, 2]


def test_a_vendor_s_last_digit_is_no_correction_and_its_new_pay_date_is(desk: DataDesk) -> None:
    said = dividend("yahoo", "0.205", DividendKind.ORDINARY)
    noisy = replace(said, cash_dividend=CashDividend(DividendKind.ORDINARY, Decimal("0.2050001")))
    for one in (said, noisy, replace(noisy, pay_date=date(2021, 4, 1))):
        claim(desk, "yahoo", one)

    rows = desk.rows("SELECT revision FROM data.corporate_actions ORDER BY place")
    assert [row["revision"] for row in rows] == [1, 2]
