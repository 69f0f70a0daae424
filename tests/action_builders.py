"""Corporate actions and the lots they meet, for tests: ordinary ones, on the third session."""

from datetime import date
from decimal import Decimal
from typing import Any

from bifrost.core.corporate_actions import (
    CashDividend,
    CorporateAction,
    Delisting,
    DividendKind,
    Merger,
    Rename,
    SpinOff,
    Split,
    StockDividend,
    Terms,
)
from bifrost.events import CorporateActionAnnounced, CorporateActionCorrected
from bifrost.portfolio.lots import Lot
from tests.builders import FIRST_CLOSE, session, stamp

EX_DATE = session(3)
_FIELDS: dict[type, str] = {
    Split: "split",
    StockDividend: "stock_dividend",
    CashDividend: "cash_dividend",
    SpinOff: "spin_off",
    Merger: "merger",
    Rename: "rename",
    Delisting: "delisting",
}


def action(terms: Terms, action_id: str = "a-1", **changes: Any) -> CorporateAction:
    """An action on AAPL with these terms."""
    fields: dict[str, Any] = {
        "action_id": action_id,
        "vendor": "vendor",
        "revision": 1,
        "instrument": "AAPL",
        "currency": "USD",
        "ex_date": EX_DATE,
        _FIELDS[type(terms)]: terms,
    }
    return CorporateAction(**fields | changes)


def split(new: str, old: str, in_lieu: str | None = None) -> Split:
    """New shares for old ones."""
    return Split(Decimal(new), Decimal(old), None if in_lieu is None else Decimal(in_lieu))


def dividend(amount: str, kind: DividendKind = DividendKind.QUALIFIED) -> CashDividend:
    """Cash for each share."""
    return CashDividend(kind, Decimal(amount))


def lot(number: int, quantity: str | Decimal, cost: str | Decimal, **changes: Any) -> Lot:
    """The number-th lot of AAPL."""
    fields: dict[str, Any] = {
        "lot_id": f"lot-{number}",
        "instrument": "AAPL",
        "currency": "USD",
        "opened_at": FIRST_CLOSE,
        "sequence": number,
        "quantity": Decimal(quantity),
        "cost": Decimal(cost),
    }
    return Lot(**fields | changes)


def announced(one: CorporateAction) -> CorporateActionAnnounced:
    """The vendor says so."""
    return CorporateActionAnnounced(
        **stamp(f"announced-{one.action_id}-{one.revision}"), action=one
    )


def corrected(one: CorporateAction) -> CorporateActionCorrected:
    """The vendor says otherwise."""
    return CorporateActionCorrected(
        **stamp(f"corrected-{one.action_id}-{one.revision}"),
        action=one,
        corrects=one.revision - 1,
    )


def day(text: str) -> date:
    """A date."""
    return date.fromisoformat(text)


# All kinds, with and without fractions and cash; of AAPL into what a history may hold already.
EVERY_KIND: tuple[Terms, ...] = (
    split("2", "1"),
    split("3", "2", "55.55"),
    split("1", "3"),
    split("1", "7", "123.4567"),
    StockDividend(Decimal("0.05"), Decimal(10)),
    dividend("0.37"),
    dividend("1.11", DividendKind.RETURN_OF_CAPITAL),
    SpinOff("SPUN", Decimal("0.3"), Decimal("0.21"), None, Decimal("7.77")),
    SpinOff("SPUN", Decimal("0.5"), Decimal("0.1")),
    Merger(new_instrument="BIG", shares_per_share=Decimal("0.75")),
    Merger(
        cash_per_share=Decimal(3),
        new_instrument="BIG",
        shares_per_share=Decimal("0.6"),
        share_value=Decimal(40),
        cash_in_lieu=Decimal(41),
    ),
    Merger(cash_per_share=Decimal("33.3")),
    Rename("BIG"),
    Delisting(Decimal(0)),
)
