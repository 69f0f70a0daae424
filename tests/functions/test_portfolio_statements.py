"""Statements and reconciliations over HTTP: kept, shown, each owner's own; bad ones are named."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from functions.portfolio import wiring_reconciliation
from tests.functions.portfolio_desk import Desk, plugged_desk

BODY = {
    "as_of": "2024-01-31",
    "rows": [
        {"kind": "cash", "subject": "USD", "amount": "1234.56"},
        {"kind": "position", "subject": "AAPL", "amount": "-10"},
    ],
}


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch, database_url: Callable[[str], str]) -> Iterator[Desk]:
    yield from plugged_desk(monkeypatch, database_url)


def keep(desk: Desk, key: str | None = "s-1", **changes: Any) -> Any:
    """Send a statement."""
    return desk.post(f"{desk.cash}/statements", {**BODY, **changes}, key)


def a_break(desk: Desk, **changes: str) -> dict[str, str]:
    """A break of risk's, as the workflow hands it on."""
    at = "2026-11-20T15:00:00+00:00"
    said = {
        "account_id": desk.account["account_id"], "book": "risk", "kind": "cash",
        "subject": "USD", "ours": "1", "theirs": "2", "first_seen": at, "last_seen": at,
        "cause": "unexplained", "owner": "risk",
    }  # fmt: skip
    return said | changes


def record(desk: Desk, *breaks: dict[str, str]) -> Any:
    """Record a comparison."""
    given = {"account_id": desk.account["account_id"], "breaks": list(breaks)}
    return desk.function.task("record_reconciliation", **given)


def test_a_statement_is_kept_and_the_same_key_is_the_same_statement(desk: Desk) -> None:
    first, second = keep(desk), keep(desk)

    assert (first.status, second.status) == (201, 201)
    assert first.body == second.body
    assert first.body["as_of"] == "2024-01-31"
    assert first.body["rows"] == BODY["rows"]
    assert keep(desk, "s-1", as_of="2024-01-30").status == 422


def test_before_the_first_comparison_nothing_is_shown(desk: Desk) -> None:
    shown = desk.get(f"{desk.cash}/reconciliation").body

    assert shown == {
        "account_id": desk.account["account_id"],
        "compared_at": None,
        "statement": None,
        "breaks": [],
        "refused_actions": [],
    }


def test_the_last_comparison_is_shown_with_ages_and_the_statement_it_used(desk: Desk) -> None:
    kept = keep(desk).body
    record(desk, a_break(desk), a_break(desk, book="execution", kind="fill", subject="x-1"))
    assert record(desk, a_break(desk)) == {"told": 0}

    shown = desk.get(f"{desk.cash}/reconciliation").body

    (found,) = shown["breaks"]
    assert shown["statement"] == kept
    assert (found["book"], found["ours"], found["theirs"], found["cause"], found["owner"]) == (
        "risk", "1", "2", "unexplained", "risk",
    )  # fmt: skip
    assert found["age_seconds"] > 0
    assert shown["compared_at"] is not None


def test_a_break_of_any_book_is_told_of_once_and_what_is_under_way_is_none(desk: Desk) -> None:
    now = wiring_reconciliation.clock().now().isoformat()
    pending = a_break(desk, kind="pending", cause="fills_under_way", first_seen=now, last_seen=now)

    assert record(desk, a_break(desk), pending) == {"told": 1}
    assert record(desk, a_break(desk), pending) == {"told": 0}
    assert [kind for _, kind, _ in desk.bus.entries].count("ReconciliationBroken.v1") == 1


def test_anothers_account_has_no_statement_and_no_reconciliation(desk: Desk) -> None:
    keep(desk)
    path = f"{desk.cash}/reconciliation"

    assert desk.get(path, "owner-2").status == 404
    assert desk.post(f"{desk.cash}/statements", BODY, "s-9", "owner-2").status == 404


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"as_of": "yesterday"}, "as_of"),
        ({"as_of": "9999-01-01"}, "as_of"),
        ({"as_of": 0}, "as_of"),
        ({"as_of": 86400}, "as_of"),
        ({"as_of": "2024-01-31T00:00:00"}, "as_of"),
        ({"rows": []}, "rows"),
        ({"rows": [{"kind": "bond", "subject": "USD", "amount": "1"}]}, "rows.0.kind"),
        ({"rows": [{"kind": "cash", "subject": "US", "amount": "1"}]}, "rows.0.subject"),
        ({"rows": [{"kind": "cash", "subject": "usd", "amount": "1"}]}, "rows.0.subject"),
        ({"rows": [{"kind": "cash", "subject": "USD", "amount": 1}]}, "rows.0.amount"),
        ({"rows": [{"kind": "cash", "subject": "USD", "amount": "NaN"}]}, "rows.0.amount"),
        ({"rows": [BODY["rows"][0], BODY["rows"][0]]}, "rows.1.subject"),  # type: ignore[index]
    ],
)
def test_what_is_wrong_with_a_statement_is_named(
    desk: Desk, changes: dict[str, Any], field: str
) -> None:
    refused = keep(desk, **changes)

    assert refused.status == 422
    assert [one["field"] for one in refused.body["errors"]] == [field]


def test_a_statement_needs_a_key(desk: Desk) -> None:
    assert keep(desk, None).status == 422
