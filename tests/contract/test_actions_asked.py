"""Vendors asked for corporate actions: a whole answer is their claim, any other changes nothing."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from bifrost.adapters.postgres.database import Database
from bifrost.adapters.postgres.market.actions import PostgresStandingActions
from bifrost.core.corporate_actions import CorporateAction, Split
from bifrost.data.providers.answers import Absent, Answer, Failed, Found, RateLimited
from bifrost.data.providers.told_actions import ActionsTold, LeftOut
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
