"""Vendors asked for corporate actions: a whole answer is their claim, any other changes nothing."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from bifrost.adapters.postgres.database import Database
from bifrost.adapters.postgres.market.actions import PostgresStandingActions
from bifrost.adapters.postgres.market.instruments import PostgresReference
from bifrost.core.corporate_actions import CorporateAction, Merger, SpinOff, Split
from bifrost.core.errors import InvalidInputError
from bifrost.data.ports import ActionQuery
from bifrost.data.providers.answers import Absent, Answer, Failed, Found, RateLimited
from bifrost.data.providers.told_actions import ActionsTold, LeftOut
from bifrost.data.reference.action_schemas import StoredActionSheet
from bifrost.data.reference.asking import ActionAsker, ActionRequest, around
from tests.data_desk import DataDesk

GME = b"symbol,mic,currency,tick_size,lot_size,name\nGME,XNYS,USD,0.01,1,GameStop Corp.\n"
YEAR = ActionRequest("GME", "GME", date(2022, 1, 1), date(2022, 12, 31))
REAL = date(2022, 7, 22)


@dataclass(slots=True)
class Vendors:
    """Vendors that say what they are told to."""

    says: dict[str, Answer[ActionsTold]]
    asked: list[tuple[str, date, date]] = field(default_factory=list)
    name: str = ""

    def named(self, name: str) -> "Vendors":
        """One of them."""
        return Vendors(self.says, self.asked, name)

    def actions(self, instrument: str, symbol: str, first: date, last: date) -> Answer[ActionsTold]:
        """Say it."""
        self.asked.append((symbol, first, last))
        return self.says[self.name]


@pytest.fixture
def desk(make_database: Callable[[str], Database]) -> DataDesk:
    """Data with GME listed."""
    desk = DataDesk(make_database("data"))
    desk.put("instruments/gme.csv", GME)
    return desk


def split(vendor: str, day: date = REAL) -> CorporateAction:
    """Four for one."""
    return CorporateAction(
        action_id=f"{vendor}:GME:{day}",
        vendor=vendor,
        revision=1,
        instrument="GME",
        currency="USD",
        ex_date=day,
        split=Split(Decimal(4), Decimal(1)),
    )


def told(*actions: CorporateAction, left_out: tuple[LeftOut, ...] = ()) -> Found[ActionsTold]:
    """A whole answer."""
    return Found(ActionsTold(actions, left_out))


def standing(desk: DataDesk) -> list[date]:
    """The ex-dates of what stands."""
    return [one.ex_date for one in PostgresStandingActions(desk.database).standing("GME")]


def test_what_two_vendors_answer_stands(desk: DataDesk) -> None:
    vendors = Vendors({"yahoo": told(split("yahoo")), "massive": told(split("massive"))})
    asker = ActionAsker(vendors, desk.imports)

    first = asker.ask("yahoo", YEAR, "request-1")
    assert (len(first.news), standing(desk)) == (1, [])
    second = asker.ask("massive", YEAR, "request-1")

    assert (len(second.news), standing(desk)) == (1, [REAL])
    assert asker.ask("massive", YEAR, "request-1").news == ()


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (Absent("it knows no GME"), "absent: it knows no GME"),
        (RateLimited(60, "429"), "429"),
        (Failed("503", retryable=True), "503"),
    ],
)
def test_no_answer_takes_nothing_back_that_is_not_a_whole_one(
    desk: DataDesk, answer: Answer[ActionsTold], problem: str
) -> None:
    vendors = Vendors({"yahoo": told(split("yahoo")), "massive": told(split("massive"))})
    asker = ActionAsker(vendors, desk.imports)
    for vendor in ("yahoo", "massive"):
        asker.ask(vendor, YEAR, "request-1")
    vendors.says["yahoo"] = answer

    asked = asker.ask("yahoo", YEAR, "request-1")

    assert (asked.news, asked.problem) == ((), problem)
    assert standing(desk) == [REAL]


def test_what_lies_near_the_ends_is_asked_for_and_not_judged(desk: DataDesk) -> None:
    early = date(2021, 12, 28)
    vendors = Vendors({"yahoo": told(split("yahoo", early), split("yahoo"))})

    asked = ActionAsker(vendors, desk.imports).ask("yahoo", YEAR, "request-1")

    assert vendors.asked == [("GME", date(2021, 12, 22), date(2023, 1, 10))]
    assert [one.ex_date for one in asked.news] == [REAL]


def test_an_item_s_days_are_asked_for_with_a_month_around_them() -> None:
    open_, close = datetime(2022, 7, 21, 13, 30, tzinfo=UTC), datetime(2022, 7, 22, 20, tzinfo=UTC)

    asked = around("GME", "GME", open_, close)

    assert (asked.first, asked.last) == (date(2022, 6, 20), date(2022, 8, 22))


def spin_off(vendor: str, child: str, basis: str | None) -> CorporateAction:
    """A fifth of a share of another."""
    terms = SpinOff(child, Decimal("0.2"), None if basis is None else Decimal(basis))
    return replace(split(vendor), split=None, spin_off=terms, lacks=terms.lacks)


def test_a_spin_off_without_its_basis_share_is_shown_and_a_person_s_file_completes_it(
    desk: DataDesk,
) -> None:
    vendors = Vendors({"alpaca": told(spin_off("alpaca", "KID", None))})
    asker = ActionAsker(vendors, desk.imports)
    asker.ask("alpaca", YEAR, "request-1")
    (stored,) = desk.service.actions(ActionQuery("GME"), after=0, limit=10)
    shown = StoredActionSheet.stored(stored, *desk.service.states([stored.action]))
    assert (shown.status, shown.lacks, standing(desk)) == ("claimed", ["basis_share"], [])

    desk.put("instruments/kid.csv", GME.replace(b"GME,", b"KID,"))
    columns = "action_id,vendor,revision,kind,instrument,currency,ex_date,new_instrument"
    row = f"mine,me,1,spin_off,GME,USD,{REAL},KID,0.2,0.13"
    file = f"{columns},shares_per_share,basis_share\n{row}"
    desk.imports.announce(file.encode(), "request-2")

    assert standing(desk) == [REAL]
    (state,) = desk.service.states([stored.action])
    assert (state.status, state.told_by) == ("stands", ("me", "alpaca"))
    assert asker.ask("alpaca", YEAR, "request-3").news == ()


def test_what_a_vendor_says_anew_of_a_number_that_votes_leave_out_is_news(desk: DataDesk) -> None:
    desk.put("instruments/kid.csv", GME.replace(b"GME,", b"KID,"))
    vendors = Vendors({name: told(spin_off(name, "KID", "0.1")) for name in ("alpaca", "massive")})
    asker = ActionAsker(vendors, desk.imports)
    for vendor in vendors.says:
        asker.ask(vendor, YEAR, "request-1")
    assert standing(desk) == [REAL]
    assert asker.ask("alpaca", YEAR, "request-2").news == ()

    for vendor in ("alpaca", "massive"):
        vendors.says[vendor] = told(spin_off(vendor, "KID", None))
        (news,) = asker.ask(vendor, YEAR, "request-3").news
        assert (news.revision, news.lacks) == (2, ("basis_share",))

    assert standing(desk) == []


def test_a_person_s_file_may_not_lack_what_the_books_need(desk: DataDesk) -> None:
    columns = "action_id,vendor,revision,kind,instrument,currency,ex_date,new_instrument"
    file = f"{columns},shares_per_share\nmine,me,1,spin_off,GME,USD,{REAL},KID,0.2"

    with pytest.raises(InvalidInputError, match="basis_share"):
        desk.imports.announce(file.encode(), "request-1")


def test_a_merger_into_what_is_not_listed_waits_until_it_is(desk: DataDesk) -> None:
    terms = Merger(new_instrument="BIG", shares_per_share=Decimal(2))
    merger = replace(split("alpaca"), split=None, merger=terms)
    asker = ActionAsker(Vendors({"alpaca": told(merger)}), desk.imports)

    first = asker.ask("alpaca", YEAR, "request-1")
    desk.put("instruments/big.csv", GME.replace(b"GME,", b"BIG,"))
    second = asker.ask("alpaca", YEAR, "request-2")

    assert (first.news, [str(one) for one in first.left_out]) == (
        (),
        [f"merger of {REAL}: BIG is not listed: list it"],
    )
    assert ([one.new_instrument for one in second.news], second.left_out) == (["BIG"], ())


def test_what_was_left_out_is_told_with_what_was_taken(desk: DataDesk) -> None:
    left = LeftOut("redemptions", REAL, "whether all shares were redeemed is not told")
    far = replace(left, on=date(2021, 12, 28))
    vendors = Vendors({"alpaca": told(split("alpaca"), left_out=(left, far))})

    asked = ActionAsker(vendors, desk.imports).ask("alpaca", YEAR, "request-1")

    assert (len(asked.news), asked.left_out) == (1, (left,))


def test_actions_before_a_change_of_name_are_asked_for_by_the_symbol_of_then(
    desk: DataDesk,
) -> None:
    text = b"20120518,fb,Q\n20220608,fb,Q\n20501231,meta,Q\n"
    desk.reference.take_map_files({"meta.csv": text}, "request-1")
    vendors = Vendors({"alpaca": Absent("none"), "yahoo": Absent("none")})
    names = PostgresReference(desk.database)
    asker = ActionAsker(vendors, desk.imports, names)
    days = ActionRequest("META", "META", date(2022, 5, 1), date(2022, 7, 31))

    asker.ask("alpaca", days, "request-1")
    asker.ask("yahoo", days, "request-1")

    assert vendors.asked == [
        ("FB", date(2022, 4, 21), date(2022, 6, 18)),
        ("META", date(2022, 5, 30), date(2022, 8, 10)),
        ("META", date(2022, 4, 21), date(2022, 8, 10)),
    ]


def test_a_change_of_name_that_is_known_is_no_news(desk: DataDesk) -> None:
    text = b"20120518,fb,Q\n20220608,fb,Q\n20501231,meta,Q\n"
    desk.reference.take_map_files({"meta.csv": text}, "request-1")
    known = LeftOut("name_changes", date(2022, 6, 9), "FB became META", "FB")
    new = replace(known, other_symbol="NEW")
    vendors = Vendors({"alpaca": told(left_out=(known, new))})

    days = ActionRequest("META", "META", date(2022, 6, 9), date(2022, 7, 31))
    asked = ActionAsker(vendors, desk.imports).ask("alpaca", days, "request-1")

    assert asked.left_out == (new,)


def merger(day: date) -> CorporateAction:
    """Taken over for cash."""
    return replace(split("alpaca", day), split=None, merger=Merger(Decimal(25)))


def test_the_merger_that_ended_an_instrument_is_taken_on_the_first_day_it_is_not_listed(
    desk: DataDesk,
) -> None:
    desk.reference.take_map_files({"gme.csv": b"20020213,gme,N\n20220721,gme,N\n"}, "request-1")
    vendors = Vendors({"alpaca": told(merger(REAL))})
    asker = ActionAsker(vendors, desk.imports, PostgresReference(desk.database))

    asked = asker.ask("alpaca", YEAR, "request-1")
    late = asker.ask("alpaca", replace(YEAR, first=REAL), "request-2")

    assert ([one.ex_date for one in asked.news], asked.problem) == ([REAL], "")
    assert (late.news, late.problem) == ((), "")
    assert vendors.asked == [
        ("GME", date(2021, 12, 22), date(2022, 8, 10)),
        ("GME", date(2022, 7, 12), date(2022, 8, 10)),
    ]
