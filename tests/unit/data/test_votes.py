"""Whatever vendors say in whatever order, others know what has two votes, and nothing else."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bifrost.core.corporate_actions import (
    CashDividend,
    CorporateAction,
    DividendKind,
    Rename,
    SpinOff,
    Split,
)
from bifrost.data.reference.announcing import announcements
from bifrost.data.reference.sources import Source
from bifrost.data.reference.votes import (
    ActionStatus,
    ClaimsKnown,
    agree,
    claims_among,
    standing_among,
    state_of,
)

SOURCES = {
    "yahoo": Source("yahoo", 30, 1),
    "massive": Source("massive", 20, 1),
    "alpaca": Source("alpaca", 10, 1),
    "rollup": Source("rollup", 40, 0),
}
DAY = date(2022, 7, 22)


def claimed(
    vendor: str, new: str = "4", day: date = DAY, revision: int = 1, *, withdrawn: bool = False
) -> CorporateAction:
    """What a vendor says."""
    return CorporateAction(
        action_id=f"{vendor}:1",
        vendor=vendor,
        revision=revision,
        instrument="GME",
        currency="USD",
        ex_date=day,
        withdrawn=withdrawn,
        split=Split(Decimal(new), Decimal(1)),
    )


def paid(amount: str) -> CorporateAction:
    """A dividend of that day."""
    cash = CashDividend(DividendKind.ORDINARY, Decimal(amount))
    return replace(claimed("yahoo"), split=None, cash_dividend=cash)


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        (claimed("yahoo"), claimed("massive"), True),
        (claimed("yahoo"), claimed("massive", "4.0004"), True),
        (claimed("yahoo"), claimed("massive", "4.0005"), False),
        (claimed("yahoo"), claimed("massive", day=date(2022, 7, 25)), False),
        (paid("0.205"), paid("0.2055"), True),
        (paid("0.205"), paid("0.2056"), False),
        (paid("0.002"), paid("0.0021"), False),
        (paid("0.205"), claimed("yahoo"), False),
        (
            replace(claimed("yahoo"), split=None, rename=Rename("A")),
            replace(claimed("yahoo"), split=None, rename=Rename("B")),
            False,
        ),
    ],
)
def test_claims_agree_within_rounding(
    one: CorporateAction, other: CorporateAction, is_same: bool
) -> None:
    assert agree(one, other) is agree(other, one) is is_same


def test_a_source_without_votes_confirms_nothing() -> None:
    (claim,) = claims_among([claimed("rollup"), claimed("yahoo")], SOURCES)

    assert (claim.votes, claim.has_votes, claim.told_by) == (1, False, ("yahoo", "rollup"))


def test_an_older_revision_and_a_withdrawn_one_say_what_they_are() -> None:
    newest = claimed("yahoo", revision=2, withdrawn=True)
    known = ClaimsKnown((newest,), frozenset(), SOURCES)

    assert state_of(claimed("yahoo"), known).status is ActionStatus.SUPERSEDED
    assert state_of(newest, known).status is ActionStatus.WITHDRAWN


def spun_off(vendor: str, basis: str | None, ratio: str = "0.2") -> CorporateAction:
    """A spin-off as a vendor tells it; without a basis share it is one that a person completes."""
    terms = SpinOff("KID", Decimal(ratio), None if basis is None else Decimal(basis))
    return replace(claimed(vendor), split=None, spin_off=terms, lacks=terms.lacks)


def test_however_many_claim_it_an_action_that_lacks_a_number_does_not_stand() -> None:
    told = [spun_off(vendor, None) for vendor in ("alpaca", "massive", "yahoo")]

    (claim,) = claims_among(told, SOURCES)

    assert (claim.votes, claim.has_votes, claim.may_stand) == (3, True, False)
    assert standing_among([claim], ()) == []
    assert announcements(told, (), (), SOURCES) == []
    known = ClaimsKnown(tuple(told), frozenset(), SOURCES)
    assert state_of(told[0], known).status is ActionStatus.CLAIMED


@pytest.mark.parametrize("who", ["person", "massive"])
def test_who_tells_the_number_completes_it_and_it_stands_in_that_one_s_words(who: str) -> None:
    open_claim, whole = spun_off("alpaca", None), spun_off(who, "0.13")

    for news in ([open_claim, whole], [whole, open_claim]):
        told = announcements(news, (), (), SOURCES)
        assert {one.action.action_id for one in told} == {whole.action_id}
        assert told[-1].action == whole
    known = ClaimsKnown((open_claim, whole), frozenset({whole.action_id}), SOURCES)
    state = state_of(open_claim, known)
    assert (state.status, state.told_by) == (ActionStatus.STANDS, (who, "alpaca"))


def test_another_ratio_completes_nothing() -> None:
    told = [spun_off("alpaca", None), spun_off("massive", "0.13", "0.25")]

    assert announcements(told, (), (), SOURCES) == []


def test_who_forgets_a_number_again_takes_the_action_back() -> None:
    told = [spun_off("alpaca", None), spun_off("massive", "0.13")]
    heard = [one.action for one in announcements(told, (), (), SOURCES)]

    forgot = replace(spun_off("massive", None), revision=2)
    (back,) = announcements([forgot], told, heard, SOURCES)

    assert (back.action.withdrawn, back.action.lacks, back.corrects) == (True, (), 1)


SAID = st.lists(
    st.tuples(
        st.sampled_from(["yahoo", "massive", "alpaca", "person", "rollup"]),
        st.sampled_from(["4", "5"]),
        st.sampled_from([DAY, date(2022, 7, 25)]),
        st.booleans(),
    ),
    max_size=12,
)


@given(SAID, st.integers(0, 12))
def test_others_know_what_has_two_votes_however_the_news_came(
    said: list[tuple[str, str, date, bool]], first: int
) -> None:
    counts: dict[str, int] = {}
    news = []
    for vendor, new, day, withdrawn in said:
        counts[vendor] = counts.get(vendor, 0) + 1
        news.append(claimed(vendor, new, day, counts[vendor], withdrawn=withdrawn))
    heard: dict[str, CorporateAction] = {}

    # As two imports: what the first one told is what the second one finds published.
    stored: list[CorporateAction] = []
    for part in (news[:first], news[first:]):
        for one in announcements(part, stored, list(heard.values()), SOURCES):
            last = heard.get(one.action.action_id)
            assert one.corrects == (None if last is None else last.revision)
            assert last is None or one.action.revision > last.revision
            heard[one.action.action_id] = one.action
        stored += part

    newest = {one.action_id: one for one in news}
    live = {name: one for name, one in heard.items() if not one.withdrawn}
    stands = standing_among(claims_among(newest.values(), SOURCES), set(live))
    assert all(claim.votes >= 2 for claim in stands)
    assert len(live) == len(stands)
    for claim in stands:
        (name,) = set(claim.ids) & set(live)
        assert replace(live[name], revision=newest[name].revision) == newest[name]


def test_the_same_news_again_tells_nobody_anything() -> None:
    both = [claimed("yahoo"), claimed("massive")]
    (told,) = announcements(both, [], [], SOURCES)

    assert announcements([], both, [told.action], SOURCES) == []
    assert announcements([claimed("alpaca")], both, [told.action], SOURCES) == []
