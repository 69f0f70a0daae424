"""The caller's spouse over HTTP: what each says is shown to that caller alone, whether it stands
depends on both, and bad input names its field.
"""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.functions.owner import Owner
from tests.functions.portfolio_desk import Desk, plugged_desk

PATH = "/v1/tax/spouse"
NOTHING = {"spouse": None, "stands": False, "version": 1, "recorded_at": None}


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch, database_url: Callable[[str], str]) -> Iterator[Desk]:
    yield from plugged_desk(monkeypatch, database_url)


@pytest.fixture
def ann(desk: Desk) -> Owner:
    return Owner(desk._handler, "ann")


@pytest.fixture
def bob(desk: Desk) -> Owner:
    return Owner(desk._handler, "bob")


def said(owner: Owner, spouse: str, **days: str) -> Any:
    done = owner.change("PUT", PATH, {"owner": spouse, **days})
    assert done.status == 200, done.body
    return done.body


def test_before_anything_is_said_the_caller_reads_what_to_tell_a_spouse(ann: Owner) -> None:
    shown = ann.get(PATH)

    assert (shown.status, shown.tag, shown.body) == (200, '"1"', {"you": "ann", **NOTHING})


def test_what_both_say_of_each_other_stands_and_each_sees_its_own_words(
    ann: Owner, bob: Owner
) -> None:
    alone = said(ann, "bob", since="2020-05-01")
    said(bob, "ann", until="2025-01-31")

    spouse = {"owner": "bob", "since": "2020-05-01", "until": None}
    assert (alone["spouse"], alone["stands"]) == (spouse, False)
    shown = ann.get(PATH)
    assert (shown.body["spouse"], shown.body["stands"], shown.tag) == (spouse, True, '"2"')
    assert bob.get(PATH).body["spouse"]["until"] == "2025-01-31"


def test_who_is_named_is_shown_nothing_of_it(ann: Owner, bob: Owner) -> None:
    said(ann, "bob")

    assert bob.get(PATH).body == {"you": "bob", **NOTHING}


def test_an_owner_that_there_is_and_one_that_there_is_not_are_answered_alike(ann: Owner) -> None:
    # The desk's own account is owner-1's; nobody has the other name.
    answers = [said(ann, one) for one in ("owner-1", "nobody", "owner-1")]

    same = [{k: v for k, v in one.items() if k in ("you", "stands")} for one in answers]
    assert same == [{"you": "ann", "stands": False}] * 3
    assert [one["version"] for one in answers] == [2, 3, 4]
    assert [one["spouse"]["owner"] for one in answers] == ["owner-1", "nobody", "owner-1"]


def test_either_takes_it_back_and_may_do_so_twice(ann: Owner, bob: Owner) -> None:
    said(ann, "bob")
    said(bob, "ann")

    gone = bob.change("DELETE", PATH, tag='"2"')
    again = bob.change("DELETE", PATH, tag='"2"')

    assert (gone.status, gone.body["spouse"], gone.tag) == (200, None, '"3"')
    assert again == gone
    assert (ann.get(PATH).body["spouse"]["owner"], ann.get(PATH).body["stands"]) == ("bob", False)


def test_a_change_needs_the_tag_that_was_read_and_a_repeated_one_is_answered_again(
    ann: Owner,
) -> None:
    without = ann.change("PUT", PATH, {"owner": "bob"}, tag=None)
    first = ann.change("PUT", PATH, {"owner": "bob"}, tag='"1"')
    again = ann.change("PUT", PATH, {"owner": "bob"}, tag='"1"')
    stale = ann.change("PUT", PATH, {"owner": "carol"}, tag='"1"')
    late = ann.change("DELETE", PATH, tag='"1"')
    bare = ann.change("DELETE", PATH, tag=None)

    assert [one.status for one in (without, first, again, stale, late, bare)] == [
        428, 200, 200, 412, 412, 428,
    ]  # fmt: skip
    assert again == first
    assert ann.get(PATH).body["spouse"]["owner"] == "bob"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "owner"),
        ({"owner": None}, "owner"),
        ({"owner": ""}, "owner"),
        ({"owner": "a b"}, "owner"),
        ({"owner": "x" * 129}, "owner"),
        ({"owner": "ann"}, "owner"),
        ({"owner": "bob", "since": 0}, "since"),
        ({"owner": "bob", "since": "2020-02-30"}, "since"),
        ({"owner": "bob", "since": "1899-12-31"}, "since"),
        ({"owner": "bob", "until": "2200-01-01"}, "until"),
        ({"owner": "bob", "since": "2020-01-02", "until": "2020-01-01"}, "until"),
        ({"owner": "bob", "stands": True}, "stands"),
    ],
)
def test_words_that_cannot_be_name_their_field_and_change_nothing(
    ann: Owner, body: dict[str, Any], field: str
) -> None:
    refused = ann.change("PUT", PATH, body)

    assert (refused.status, [one["field"] for one in refused.body["errors"]]) == (422, [field])
    assert ann.get(PATH).body == {"you": "ann", **NOTHING}
