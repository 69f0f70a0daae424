"""What was found once may be news under way; what was found before, and is not pending, is not."""

from datetime import UTC, datetime
from decimal import Decimal

from bifrost.core.breaks import Break, is_settled

AT = datetime(2026, 11, 20, 15, tzinfo=UTC)
KNOWN = Break("a-1", "risk", "cash", "USD", Decimal(1), Decimal(2), AT, AT, "unexplained", "risk")


def test_books_that_agree_are_settled() -> None:
    assert is_settled([], [])
    assert is_settled([], [KNOWN])


def test_what_is_new_is_not_settled_and_what_is_known_is() -> None:
    assert not is_settled([("cash", "USD")], [])
    assert is_settled([("cash", "USD")], [KNOWN])
    assert not is_settled([("cash", "USD"), ("position", "AAPL")], [KNOWN])


def test_pending_is_never_settled_however_old_it_is() -> None:
    assert not is_settled([("pending", "fills:a-1")], [KNOWN])
