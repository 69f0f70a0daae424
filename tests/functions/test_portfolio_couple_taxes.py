"""Tax reports of two owners who say that they are married: a loss of one goes into what the other
bought, each account and whose it is are told, and nothing is where only one of them says it.
"""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.functions.owner import Owner
from tests.functions.portfolio_desk import Desk, plugged_desk

PATH = "/v1/tax/spouse"
HEADER = "date,kind,instrument,quantity,price,amount,commission\n"
CASH = "2024-01-02,deposit,,,,50000,"
BOUGHT = "2024-01-03,buy,XYZ,100,10,,0"
LOSS = "2024-03-01,sell,XYZ,100,7.5,,0"
AGAIN = "2024-03-10,buy,XYZ,100,8,,0"
TOTALS = ("economic_pnl", "allowed_pnl", "deferred", "forfeited")


class Person:
    """An owner with an account that has a history."""

    def __init__(self, desk: Desk, name: str) -> None:
        self.name = name
        self._desk = desk
        self.api = Owner(desk._handler, name)

    def booked(self, *rows: str, kind: str = "cash") -> str:
        """Import a history into a new account; return its id."""
        made = self._desk.post("/v1/accounts", {"name": kind, "kind": kind}, f"a-{kind}", self.name)
        account_id = str(made.body["account_id"])
        body = {"format": "own", "text": HEADER + "".join(f"{row}\n" for row in (CASH, *rows))}
        path = f"/v1/accounts/{account_id}/imports"
        done = self._desk.post(path, body, f"i-{kind}", self.name)
        assert done.status == 201, done.body
        return account_id

    def marries(self, other: str, **days: str) -> None:
        assert self.api.change("PUT", PATH, {"owner": other, **days}).status == 200

    def told(self, report: str = "wash-sales", **query: str) -> Any:
        answer = self.api.get(f"/v1/tax/{report}", **query)
        assert answer.status == 200, answer.body
        return answer.body


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch, database_url: Callable[[str], str]) -> Iterator[Desk]:
    yield from plugged_desk(monkeypatch, database_url)


@pytest.fixture
def ann(desk: Desk) -> Person:
    return Person(desk, "ann")


@pytest.fixture
def bob(desk: Desk) -> Person:
    return Person(desk, "bob")


def married(ann: Person, bob: Person, **days: str) -> None:
    ann.marries("bob", **days)
    bob.marries("ann", **days)


def losses(answer: Any) -> list[tuple[str, str, str, str]]:
    names = ("whose", "allowed_loss", "disallowed_loss", "forfeited_loss")
    return [tuple(one[name] for name in names) for one in answer["sales"]]  # type: ignore[misc]


def bases(answer: Any) -> list[tuple[str, str]]:
    return [(one["whose"], one["basis"]) for one in answer["lots"]]


def totals(answer: Any) -> list[str]:
    return [answer[name] for name in TOTALS]


def test_a_loss_goes_into_what_the_spouse_bought_and_back_when_one_takes_it_back(
    ann: Person, bob: Person
) -> None:
    ann.booked(BOUGHT, LOSS)
    bob.booked(AGAIN)
    alone = ann.told()

    married(ann, bob)
    both, spouses = ann.told(), bob.told()
    bob.api.change("DELETE", PATH)

    assert losses(alone) == [("mine", "250.00", "0.00", "0.00")]
    assert losses(both) == [("mine", "0.00", "250.00", "0.00")]
    assert bases(both) == [("spouse", "1050.00")]
    assert totals(both) == totals(spouses) == ["-250.00", "0.00", "-250.00", "0.00"]
    assert (losses(spouses)[0][0], bases(spouses)) == ("spouse", [("mine", "1050.00")])
    assert ann.told() == alone
    assert bases(bob.told()) == [("mine", "800.00")]


def test_each_account_and_the_days_that_both_have_said_are_told(ann: Person, bob: Person) -> None:
    anns, bobs = ann.booked(BOUGHT, LOSS), bob.booked(AGAIN)
    ann.marries("bob", since="2020-01-01")
    bob.marries("ann", since="2021-06-01", until="2025-01-31")

    answer = ann.told()

    assert [one["account_id"] for one in answer["sales"]] == [anns]
    assert [one["account_id"] for one in answer["lots"]] == [bobs]
    assert answer["spouse"] == {"owner": "bob", "since": "2021-06-01", "until": "2025-01-31"}
    assert bob.told()["spouse"]["owner"] == "ann"


@pytest.mark.parametrize("says", ["ann", "bob"])
def test_on_the_word_of_one_nothing_of_the_other_is_told(
    ann: Person, bob: Person, says: str
) -> None:
    ann.booked(BOUGHT, LOSS)
    bob.booked(AGAIN)
    before = {one.name: one.told() for one in (ann, bob)}

    one, other = (ann, bob) if says == "ann" else (bob, ann)
    one.marries(other.name)

    assert {one.name: one.told() for one in (ann, bob)} == before
    assert before["ann"]["spouse"] is None


def test_a_third_who_names_one_of_a_couple_sees_neither(
    desk: Desk, ann: Person, bob: Person
) -> None:
    ann.booked(BOUGHT, LOSS)
    bob.booked(AGAIN)
    eve = Person(desk, "eve")
    eve.booked(AGAIN)
    married(ann, bob)

    for one in ("ann", "bob"):
        eve.marries(one)
        assert bases(eve.told()) == [("mine", "800.00")]
    assert losses(ann.told()) == [("mine", "0.00", "250.00", "0.00")]


@pytest.mark.parametrize(
    ("days", "washed"),
    [
        ({"since": "2024-03-01", "until": "2024-03-10"}, "250.00"),
        ({"since": "2024-03-02"}, "0.00"),
        ({"until": "2024-03-09"}, "0.00"),
    ],
)
def test_only_days_of_the_marriage_count(
    ann: Person, bob: Person, days: dict[str, str], washed: str
) -> None:
    ann.booked(BOUGHT, LOSS)
    bob.booked(AGAIN)
    married(ann, bob, **days)

    assert losses(ann.told())[0][2] == washed


def test_what_the_spouse_traded_after_the_marriage_is_not_told(ann: Person, bob: Person) -> None:
    ann.booked(BOUGHT, LOSS, "2025-05-01,buy,XYZ,1,9,,0")
    bob.booked(
        AGAIN, "2025-05-02,sell,XYZ,60,9,,0", "2025-05-03,buy,XYZ,5,9,,0",
        "2025-05-04,return_of_capital,XYZ,,,45,", "2025-05-05,sell,XYZ,2,9,,0",
    )  # fmt: skip
    married(ann, bob, until="2024-12-31")

    anns, bobs = ann.told(), bob.told()

    assert losses(anns) == [("mine", "0.00", "250.00", "0.00")]
    assert bases(anns) == [("spouse", "1050.00"), ("mine", "9.00")]
    assert [one["whose"] for one in bobs["sales"]] == ["spouse", "mine", "mine"]
    assert "mine" not in [one["whose"] for one in anns["lots"] if one["acquired"] == "2024-03-10"]
    for answer in (anns, bobs):
        economic, *rest = (float(one) for one in totals(answer))
        assert economic == pytest.approx(sum(rest))


def test_in_the_spouses_ira_the_loss_is_gone(ann: Person, bob: Person) -> None:
    ann.booked(BOUGHT, LOSS)
    bob.booked(AGAIN, kind="ira")
    married(ann, bob)

    answer = ann.told()

    assert losses(answer) == [("mine", "0.00", "0.00", "250.00")]
    assert bases(answer) == [("spouse", "800.00")]
    assert totals(answer) == ["-250.00", "0.00", "0.00", "-250.00"]


def test_form_8949_has_the_askers_rows_and_jointly_those_of_both(ann: Person, bob: Person) -> None:
    ann.booked(BOUGHT, LOSS)
    bob.booked(AGAIN, "2024-06-03,sell,XYZ,100,12,,0")
    married(ann, bob)

    own = ann.told("form-8949", year="2024")["rows"]
    bobs = bob.told("form-8949", year="2024")["rows"]
    joint = ann.told("form-8949", year="2024", joint="true")["rows"]

    assert [(one["owner"], one["code"], one["adjustment"]) for one in own] == [
        ("ann", "W", "250.00")
    ]
    assert [(one["owner"], one["cost_basis"], one["gain"]) for one in bobs] == [
        ("bob", "1050.00", "150.00")
    ]
    assert sorted(one["owner"] for one in joint) == ["ann", "bob"]


def test_a_preview_sees_what_the_spouse_bought(ann: Person, bob: Person) -> None:
    account_id = ann.booked(BOUGHT)
    bob.booked(AGAIN)
    wish = {"account_id": account_id, "instrument": "XYZ", "quantity": "100", "price": "7.5"}

    alone = ann.told("preview", **wish, on="2024-03-20")
    married(ann, bob)
    both = ann.told("preview", **wish, on="2024-03-20")

    assert (alone["sale"]["allowed_loss"], both["sale"]["disallowed_loss"]) == ("250.00", "250.00")
    assert (alone["first_clean_day"], both["first_clean_day"]) == ("2024-03-20", "2024-04-10")


def test_a_spouse_who_never_traded_changes_nothing(ann: Person, bob: Person) -> None:
    account_id = ann.booked(BOUGHT, LOSS, AGAIN)
    before = ann.told()
    wish = {"account_id": account_id, "instrument": "XYZ", "quantity": "1", "price": "9"}
    married(ann, bob)

    after = ann.told()

    assert {**after, "spouse": None} == before
    assert ann.told("preview", **wish, on="2024-05-01")["sale"]["quantity"] == "1"
    assert losses(bob.told()) == [("spouse", "0.00", "250.00", "0.00")]


def test_a_1099b_is_compared_with_the_askers_sales_alone(ann: Person, bob: Person) -> None:
    account_id = ann.booked(BOUGHT, LOSS)
    bob.booked(AGAIN, "2024-06-03,sell,XYZ,100,12,,0")
    married(ann, bob)
    header = "account,instrument,date_sold,quantity,proceeds,cost_basis,wash_sale_disallowed\n"
    text = f"{header}{account_id},XYZ,2024-03-01,100,750,1000,0\n"

    answer = ann.api.make("/v1/tax/1099b-reconciliations", {"year": 2024, "text": text})

    assert (answer.status, answer.body["compared"]) == (200, 1)
    (difference,) = answer.body["differences"]
    assert (difference["ours"], difference["cause"]) == ("250", "one_account_view")
