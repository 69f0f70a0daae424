"""Spin-offs, mergers and the rest as Alpaca tells them: what it does not say is not made up.

By the real client; the twin's rows are read by the library's own models, too.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
import stamina

from bifrost.adapters.vendors.quietly import deprecations_aside
from bifrost.core.corporate_actions import CorporateAction, Merger, SpinOff
from bifrost.data.providers.answers import Absent, Answer, Failed, Found
from bifrost.data.providers.told_actions import ActionsTold
from tests.contract.vendor_desk import VendorDesk, vendor_desk
from tests.twins.alpaca import AlpacaTwin, merger, name_change, other_act, spin_off

DAY = date(2024, 6, 11)
JUNE = (date(2024, 6, 1), date(2024, 6, 30))
Acts = Mapping[str, Sequence[Mapping[str, Any]]]
ACTS: Acts = {
    "spin_offs": [spin_off(DAY, "OLD", "KID", 1, 5)],
    "cash_mergers": [merger(DAY, "OLD", rate=38.25)],
    "stock_mergers": [
        merger(DAY, "OLD", acquirer_symbol="BIG", acquirer_rate=0.3156, acquiree_rate=1)
    ],
    "stock_and_cash_mergers": [
        merger(
            DAY, "OLD", acquirer_symbol="BIG", acquirer_rate=0.5, acquiree_rate=1, cash_rate=12.5
        )
    ],
    "name_changes": [name_change(DAY, "OLD", "NEW")],
    "redemptions": [other_act(DAY, "OLD", rate=10.15, payable_date=DAY.isoformat())],
    "worthless_removals": [other_act(DAY, "OLD")],
    "unit_splits": [
        {
            "id": "6f3a0d51-57a9-5c63-9a86-0d3b9c1f8e27",
            "old_symbol": "OLD",
            "old_cusip": "1",
            "old_rate": 1,
            "new_symbol": "A",
            "new_cusip": "2",
            "new_rate": 1,
            "alternate_symbol": "B",
            "alternate_cusip": "3",
            "alternate_rate": 0.5,
            "process_date": DAY.isoformat(),
            "effective_date": DAY.isoformat(),
        }
    ],
    "rights_distributions": [
        {
            "id": "7f3a0d51-57a9-5c63-9a86-0d3b9c1f8e28",
            "source_symbol": "OLD",
            "source_cusip": "1",
            "new_symbol": "R",
            "new_cusip": "2",
            "rate": 1,
            "process_date": DAY.isoformat(),
            "ex_date": DAY.isoformat(),
            "payable_date": DAY.isoformat(),
        }
    ],
}


@pytest.fixture
def alpaca() -> Iterator[VendorDesk]:
    stamina.set_testing(True, attempts=1)
    with vendor_desk("alpaca") as desk:
        yield desk
    stamina.set_testing(False)


def ask(desk: VendorDesk, acts: Acts, symbol: str = "OLD") -> Answer[ActionsTold]:
    """Let Alpaca tell of these alone."""
    assert isinstance(desk.twin, AlpacaTwin)
    setattr(desk.twin, "acts", acts)  # noqa: B010  # the twin's own, not its class's
    return desk.data.actions(symbol, symbol, *JUNE)


def told(desk: VendorDesk, key: str) -> ActionsTold:
    """What it says of one kind."""
    answer = ask(desk, {key: ACTS[key]})
    assert isinstance(answer, Found)
    return answer.data


def only(found: ActionsTold) -> CorporateAction:
    """The one act that there is."""
    (one,) = found.actions
    assert found.left_out == ()
    return one


def test_the_twin_s_rows_are_those_that_the_library_reads() -> None:
    with deprecations_aside():
        from alpaca.data.models.corporate_actions import CorporateActionsSet

    read = CorporateActionsSet({key: [dict(row) for row in rows] for key, rows in ACTS.items()})

    assert {key: len(rows) for key, rows in read.data.items()} == dict.fromkeys(ACTS, 1)


def test_a_spin_off_says_how_many_shares_and_not_which_part_of_the_basis(
    alpaca: VendorDesk,
) -> None:
    one = only(told(alpaca, "spin_offs"))

    assert one.spin_off == SpinOff("KID", Decimal("0.2"), None)
    assert (one.ex_date, one.vendor, one.lacks) == (DAY, "alpaca", ("basis_share",))


def test_mergers_for_cash_or_for_shares_lack_nothing(alpaca: VendorDesk) -> None:
    cash, shares = only(told(alpaca, "cash_mergers")), only(told(alpaca, "stock_mergers"))

    assert cash.merger == Merger(cash_per_share=Decimal("38.25"))
    assert shares.merger == Merger(new_instrument="BIG", shares_per_share=Decimal("0.3156"))
    assert (cash.lacks, shares.lacks, cash.ex_date) == ((), (), DAY)


def test_a_merger_for_both_lacks_what_a_share_received_was_worth(alpaca: VendorDesk) -> None:
    one = only(told(alpaca, "stock_and_cash_mergers"))

    assert one.merger == Merger(Decimal("12.5"), "BIG", Decimal("0.5"))
    assert one.lacks == ("share_value",)


def test_cash_beside_shares_for_several_is_not_guessed_to_be_for_one(alpaca: VendorDesk) -> None:
    (row,) = ACTS["stock_and_cash_mergers"]

    answer = ask(alpaca, {"stock_and_cash_mergers": [{**row, "acquiree_rate": 2}]})

    assert isinstance(answer, Found)
    assert answer.data.actions == ()
    assert "for 2 shares, or for one" in str(answer.data.left_out[0])


@pytest.mark.parametrize(
    ("key", "why"),
    [
        ("name_changes", "OLD became NEW, and the day"),
        ("redemptions", "whether all shares were redeemed"),
        ("worthless_removals", "the day on which they became worthless"),
        ("unit_splits", "two instruments"),
        ("rights_distributions", "no kind that the books know"),
    ],
)
def test_what_no_kind_of_ours_says_is_named_with_its_reason(
    alpaca: VendorDesk, key: str, why: str
) -> None:
    found = told(alpaca, key)

    assert found.actions == ()
    assert str(found.left_out[0]).startswith(f"{key} of {DAY}: ")
    assert why in found.left_out[0].why


def test_a_kind_that_alpaca_invents_tomorrow_is_named_too(alpaca: VendorDesk) -> None:
    def invent(reply: Any, _: Any) -> Any:
        return type(reply)(
            {
                "corporate_actions": {"tenders": [other_act(DAY, "OLD")]},
                "next_page_token": None,
            }
        )

    alpaca.twin.always = invent

    answer = ask(alpaca, {})

    assert isinstance(answer, Found)
    assert "tenders of 2024-06-11" in str(answer.data.left_out[0])


@pytest.mark.parametrize("symbol", ["KID", "BIG"])
def test_an_act_of_another_that_leads_here_is_not_of_this_symbol(
    alpaca: VendorDesk, symbol: str
) -> None:
    acts = {key: ACTS[key] for key in ("spin_offs", "stock_mergers", "stock_and_cash_mergers")}

    assert isinstance(ask(alpaca, acts, symbol), Absent)


def test_a_rate_that_is_a_text_is_another_shape(alpaca: VendorDesk) -> None:
    (row,) = ACTS["spin_offs"]

    answer = ask(alpaca, {"spin_offs": [{**row, "new_rate": "1"}]})

    assert isinstance(answer, Failed)
    assert not answer.retryable


def test_a_payment_before_its_ex_date_is_another_shape_and_ends_no_process(
    alpaca: VendorDesk,
) -> None:
    (row,) = ACTS["cash_mergers"]

    answer = ask(alpaca, {"cash_mergers": [{**row, "payable_date": "2024-06-10"}]})

    assert isinstance(answer, Failed)
    assert "before ex_date" in answer.reason


def test_every_kind_that_alpaca_knows_is_asked_for(alpaca: VendorDesk) -> None:
    with deprecations_aside():
        from alpaca.data.enums import CorporateActionsType

    ask(alpaca, {})

    types = alpaca.twin.asked[-1].query["types"].split(",")
    assert sorted(types) == sorted(one.value for one in CorporateActionsType)
