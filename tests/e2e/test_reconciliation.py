"""After a fill the account is compared by itself, and a break made by hand is named by the command,
told of, and gone once it is mended.
"""

from decimal import Decimal
from typing import Any

from tests.live_desk import LiveDesk, an_order, new_key, wait_until

CASH = "UPDATE venue.accounts SET cash = cash + %s WHERE account_id = %s RETURNING cash"


def last(desk: LiveDesk, account: str) -> Any:
    """What the account's last comparison left open."""
    return desk.api.get(f"/v1/accounts/{account}/reconciliation")


def is_compared(desk: LiveDesk, account: str) -> bool:
    """Say whether a comparison that its fill began has ended."""
    (row,) = desk.rows("SELECT * FROM execution.comparisons WHERE account_id = %s", account)
    return bool(row["claimed_fill"]) and row["ended_at"] is not None


def test_a_fill_is_compared_by_itself_and_a_break_by_hand_is_found_and_named(
    desk: LiveDesk,
) -> None:
    desk.price()
    account = desk.account()
    desk.order(desk.api.post("/v1/orders", an_order(account), key=new_key())["order_id"])
    desk.play()
    wait_until("the fill compared", lambda: is_compared(desk, account), lambda: account, 60)
    assert last(desk, account)["breaks"] == []

    desk.rows(CASH, Decimal("0.01"), account)
    named = desk.command_json("reconcile", "--account", account, code=3)["breaks"]
    kept = last(desk, account)["breaks"]
    desk.rows(CASH, Decimal("-0.01"), account)
    mended = desk.command_json("reconcile", "--account", account)

    found = {(one["book"], one["kind"], one["subject"], one["cause"]) for one in named}
    assert found == {
        ("portfolio", "cash", "USD", "unexplained"),
        ("risk", "cash", "USD", "unexplained"),
    }
    assert {one["owner"] for one in kept} == {"portfolio", "risk"}
    assert mended["breaks"] == last(desk, account)["breaks"] == []
    told = desk.rows(
        "SELECT detail FROM portfolio.outbox WHERE detail_type = 'ReconciliationBroken.v1'"
        " AND detail ->> 'account_id' = %s",
        account,
    )
    assert {row["detail"]["book"] for row in told} == {"portfolio", "risk"}
