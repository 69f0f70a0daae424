"""The desk's books as the tax reports read them: one owner's, as of one instant."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from bifrost.core.corporate_actions import CorporateAction
from bifrost.portfolio.accounts import AccountKind


@dataclass(frozen=True, slots=True)
class PartClosed:
    """What a transaction closed of a lot; signed like the lot.

    rule: the law by which a corporate action closed it; empty where a fill did.
    """

    lot_id: str
    quantity: Decimal
    cost: Decimal
    proceeds: Decimal
    rule: str = ""


@dataclass(frozen=True, slots=True)
class TradeRow:
    """A transaction that opened or closed lots, and stands.

    place: in the ledger. day: the trade date. quantity: signed. amount: what it changed the cash
    by: less the commission, which is part of the basis of what is bought and lowers what a sale
    brings (IRS Pub. 550, "Basis of Investment Property"; Reg. 1.6045-1(d)(6)(ii)(A)).
    lot_id: the lot that it opened, if it did. is_fill: false where a corporate action paid out.
    """

    place: int
    occurred_at: datetime
    day: date
    account_id: str
    account_kind: AccountKind
    instrument: str
    currency: str
    quantity: Decimal
    amount: Decimal
    lot_id: str
    is_fill: bool
    closures: tuple[PartClosed, ...]

    @property
    def when(self) -> tuple[date, datetime, int]:
        """Its place among all."""
        return self.day, self.occurred_at, self.place


@dataclass(frozen=True, slots=True)
class LotRow:
    """A lot as it was opened and as it is; cost without commission, as the books have it."""

    lot_id: str
    account_id: str
    instrument: str
    opened_at: datetime
    sequence: int
    opened_cost: Decimal
    quantity: Decimal
    cost: Decimal


@dataclass(frozen=True, slots=True)
class CostRow:
    """A change of a lot's cost without a trade: a return of capital.

    is_beyond: some of it was more than the basis, and is a gain.
    """

    place: int
    occurred_at: datetime
    day: date
    account_id: str
    lot_id: str
    amount: Decimal
    is_beyond: bool

    @property
    def when(self) -> tuple[date, datetime, int]:
        """Its place among all."""
        return self.day, self.occurred_at, self.place


@dataclass(frozen=True, slots=True)
class DeskRows:
    """Everything; `actions` are the corporate actions of what was traded, up to `today`."""

    today: date
    trades: tuple[TradeRow, ...] = ()
    lots: tuple[LotRow, ...] = ()
    costs: tuple[CostRow, ...] = ()
    actions: tuple[CorporateAction, ...] = ()
