"""The desk's books as the tax reports read them: one owner's or a couple's, as of one instant."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from bifrost.core.corporate_actions import CorporateAction
from bifrost.portfolio.accounts import AccountKind
from bifrost.portfolio.tax.elections import Couple


class TooManyTradesError(Exception):
    """There are more than were asked for; `args` has how many."""


@dataclass(frozen=True, slots=True)
class AccountRow:
    """Whose an account is, and what it may."""

    account_id: str
    owner: str
    kind: AccountKind


@dataclass(frozen=True, slots=True)
class PartClosed:
    """What a transaction closed of a lot; signed like the lot.

    rule: the law by which a corporate action closed it, or a fill at another basis than the lot's
    own; empty otherwise. quantity: 0 where cash came and all shares stayed.
    """

    lot_id: str
    quantity: Decimal
    cost: Decimal
    proceeds: Decimal
    rule: str = ""


@dataclass(frozen=True, slots=True)
class TradeRow:
    """A fill that stands.

    place: in the ledger, of the first transaction that told of it. day: the trade date. instrument,
    quantity: as it was traded; signed. cost: what it changed the cost of the position by.
    amount: what it changed the cash by: less the commission, which is part of the basis of what is
    bought and lowers what a sale brings (IRS Pub. 550, "Basis of Investment Property"; Reg.
    1.6045-1(d)(6)(ii)(A)). lot_id: the lot that it opened, if it did.
    """

    place: int
    occurred_at: datetime
    day: date
    account_id: str
    instrument: str
    currency: str
    quantity: Decimal
    cost: Decimal
    amount: Decimal
    lot_id: str
    closures: tuple[PartClosed, ...]


@dataclass(frozen=True, slots=True)
class LotRow:
    """A lot as it is; cost without commission, as the books have it. sequence: < 0 if imported."""

    lot_id: str
    account_id: str
    instrument: str
    currency: str
    opened_at: datetime
    sequence: int
    quantity: Decimal
    cost: Decimal


@dataclass(frozen=True, slots=True)
class CapitalRow:
    """A return of capital that was booked by hand or came with an import, and stands.

    lots: those that it named; none where a correction wrote it anew.
    """

    place: int
    occurred_at: datetime
    day: date
    account_id: str
    instrument: str
    currency: str
    amount: Decimal
    lots: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MetRow:
    """A revision of an action that an account's own lots follow, or its imported ones.

    instrument: whose action it was. closures: what it realised, of whichever lots.
    """

    account_id: str
    instrument: str
    is_imported: bool
    action_id: str
    revision: int
    closures: tuple[PartClosed, ...]


@dataclass(frozen=True, slots=True)
class DeskRows:
    """Everything.

    couple: whose they are, who asks first; None where they are one owner's. Of the other there are
        trades, capital and actions followed up to the marriage's last day, and the lots of these
        trades as they are now.
    actions: those that stand, with an ex-date up to `today`, of what was traded and of what that
    became; dividends only where they return capital.
    """

    today: date
    accounts: tuple[AccountRow, ...] = ()
    trades: tuple[TradeRow, ...] = ()
    lots: tuple[LotRow, ...] = ()
    capitals: tuple[CapitalRow, ...] = ()
    met: tuple[MetRow, ...] = ()
    actions: tuple[CorporateAction, ...] = ()
    couple: Couple | None = None
