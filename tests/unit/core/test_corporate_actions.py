"""A corporate action has exactly one set of terms, sensible numbers, and travels as JSON."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from bifrost.core.codec import from_json, to_json
from bifrost.core.corporate_actions import (
    ActionKind,
    CorporateAction,
    Delisting,
    Merger,
    Rename,
    SpinOff,
    Split,
    StockDividend,
    Terms,
)
from bifrost.events import CorporateActionCorrected, read_event
from tests.action_builders import EX_DATE, action, announced, corrected, dividend, split

TERMS: tuple[tuple[ActionKind, Terms], ...] = (
    (ActionKind.SPLIT, split("4", "1")),
    (ActionKind.SPLIT, split("1", "8", in_lieu="17.04")),
    (ActionKind.STOCK_DIVIDEND, StockDividend(Decimal("0.05"), Decimal(20))),
    (ActionKind.CASH_DIVIDEND, dividend("0.82")),
    (ActionKind.SPIN_OFF, SpinOff("WAB", Decimal("0.005371"), Decimal("0.03"), Decimal(70))),
    (ActionKind.MERGER, Merger(cash_per_share=Decimal(54))),
    (ActionKind.MERGER, Merger(Decimal("11.5"), "TMUS", Decimal("0.102"), Decimal(80))),
    (ActionKind.RENAME, Rename("META")),
    (ActionKind.DELISTING, Delisting(Decimal(0))),
    (ActionKind.DELISTING, Delisting()),
)


@pytest.mark.parametrize(("kind", "terms"), TERMS)
def test_an_action_travels_with_its_terms_and_comes_back_equal(
    kind: ActionKind, terms: Terms
) -> None:
    event = corrected(action(terms, revision=2, pay_date=EX_DATE + timedelta(days=9)))

    back = read_event("CorporateActionCorrected.v1", to_json(event))

    assert back == event
    assert (event.action.kind, event.action.terms) == (kind, terms)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"split": None}, "exactly one of its terms is given, was none"),
        ({"rename": Rename("META")}, "was split, rename"),
        ({"revision": 0}, "revision counts from 1"),
        ({"pay_date": EX_DATE - timedelta(days=1)}, "is before ex_date"),
        ({"vendor": ""}, "vendor must not be empty"),
        ({"split": None, "rename": Rename("AAPL")}, "leads to another instrument"),
    ],
)
def test_what_cannot_be_an_action_is_none(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        action(split("4", "1"), **changes)


@pytest.mark.parametrize(
    ("kind", "fields", "message"),
    [
        (Split, {"new_shares": "2", "old_shares": "2"}, "changes nothing"),
        (Split, {"new_shares": "0", "old_shares": "2"}, "new_shares must be positive"),
        (Split, {"new_shares": "2", "old_shares": "1", "cash_in_lieu": "-1"}, "cash_in_lieu"),
        (StockDividend, {"shares_per_share": "-0.1"}, "shares_per_share must be positive"),
        (
            SpinOff,
            {"new_instrument": "B", "shares_per_share": "1", "basis_share": "1.01"},
            "basis_share is a part of one",
        ),
        (Merger, {}, "cash_per_share, shares_per_share or both"),
        (Merger, {"cash_per_share": "1", "new_instrument": "B"}, "come together"),
        (Rename, {"new_instrument": ""}, "needs new_instrument"),
        (Delisting, {"final_value": "-1"}, "final_value must not be negative"),
    ],
)
def test_terms_that_make_no_sense_are_refused(
    kind: type[Any], fields: dict[str, str], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        from_json(kind, fields)


@pytest.mark.parametrize(
    ("terms", "lacks"),
    [
        ({"spin_off": SpinOff("B", Decimal(1), None)}, "basis_share"),
        ({"merger": Merger(Decimal(1), "B", Decimal(1))}, "share_value"),
    ],
)
def test_an_action_without_a_number_of_the_books_says_so_and_is_announced_to_nobody(
    terms: dict[str, Any], lacks: str
) -> None:
    with pytest.raises(ValueError, match=f"needs {lacks}"):
        action(split("4", "1"), split=None, **terms)

    claim = action(split("4", "1"), split=None, lacks=(lacks,), **terms)

    assert from_json(CorporateAction, to_json(claim)) == claim
    with pytest.raises(ValueError, match=f"lacks {lacks}: it is a claim"):
        announced(claim)


def test_an_action_that_lacks_nothing_does_not_say_that_it_does() -> None:
    with pytest.raises(ValueError, match="needs nothing that it lacks"):
        action(split("4", "1"), lacks=("basis_share",))


def test_a_correction_counts_its_revision_up() -> None:
    with pytest.raises(ValueError, match="revision 2 of a-1 cannot correct revision 2"):
        CorporateActionCorrected(
            event_id="e",
            occurred_at=corrected(action(split("2", "1"), revision=2)).occurred_at,
            recorded_at=corrected(action(split("2", "1"), revision=2)).recorded_at,
            correlation_id="test",
            action=action(split("2", "1"), revision=2),
            corrects=2,
        )


def test_an_action_without_a_day_of_payment_is_paid_on_its_ex_date() -> None:
    assert action(dividend("1")).paid_on == EX_DATE
    later = EX_DATE + timedelta(days=5)
    assert action(dividend("1"), pay_date=later).paid_on == later


def test_a_reverse_split_is_one_that_leaves_fewer_shares() -> None:
    assert split("1", "8").is_reverse
    assert not split("3", "2").is_reverse
