"""Exposures and limits for the tests of risk; every number that a test names is its own."""

from datetime import date
from decimal import Decimal

from bifrost.risk.limits import Exposure, Limits


def exposure(marked_on: str | None = "2012-01-03", **numbers: str | None) -> Exposure:
    """A million in cash, that day's mark of 100, and nothing held, unless told otherwise."""
    given = {
        "cash": "1000000",
        "reserved": "0",
        "position": "0",
        "open_buys": "0",
        "open_sales": "0",
        "mark": "100",
        **numbers,
    }
    day = None if marked_on is None else date.fromisoformat(marked_on)
    return Exposure(**{key: _number(value) for key, value in given.items()}, marked_on=day)  # type: ignore[arg-type]


def limits(mark_age_days_max: int = 7, **numbers: str) -> Limits:
    """Limits wide enough for anything but what a test narrows; a collar of a tenth."""
    given = {
        "order_notional_max": "1000000000",
        "order_quantity_max": "1000000",
        "position_notional_max": "1000000000",
        "price_collar": "0.10",
        "commission_per_share": "0",
        **numbers,
    }
    return Limits(
        account_id=None,
        version=1,
        effective_from=date(1900, 1, 1),
        effective_until=None,
        source="test",
        mark_age_days_max=mark_age_days_max,
        **{key: Decimal(value) for key, value in given.items()},
    )


def _number(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)
