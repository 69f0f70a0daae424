"""What is told of an account's books, and why it is not where it cannot be."""

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

from bifrost.core.corporate_actions import CorporateAction
from bifrost.portfolio.tax.desk_rows import AccountRow, CapitalRow, LotRow, MetRow, TradeRow
from bifrost.portfolio.tax.identity import security_of

# Its place among all: by day what issuers did, then what was traded, then what counts at its end.
When = tuple[date, int, tuple[object, ...]]


class Reason(StrEnum):
    """Why an account's books cannot be told as tax."""

    OTHER_CURRENCY = "other_currency"
    SOLD_SHORT = "sold_short"
    CAPITAL_WITHOUT_LOTS = "capital_without_lots"
    ACTION_OUTDATED = "action_outdated"
    NOT_FOLLOWED = "not_followed"
    LOTS_APART = "lots_apart"
    LOTS_CHANGED = "lots_changed"


@dataclass(frozen=True, slots=True)
class Unfit:
    """Why, of what, and by which action if it was one."""

    reason: Reason
    instrument: str
    action: CorporateAction | None = None


@dataclass(frozen=True, slots=True)
class Origin:
    """A lot by the trade that opened it, named as its lot, and the spin-offs since, in order."""

    lot_id: str
    via: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Taken:
    """So much of a lot. rounded: as the books say it, where a ratio left more digits."""

    origin: Origin
    quantity: Fraction
    rounded: Fraction


@dataclass(frozen=True, slots=True)
class Told:
    """A trade, or what an issuer closed for cash; signed.

    amount: of the cash. lot_id: what it opened, if it did. taken: in what its shares are counted
    in. scale: how many shares one of them is: 1, but for digits that the books round away.
    averaged: the lots whose basis it made one.
    """

    when: When
    on: date
    account: AccountRow
    instrument: str
    quantity: Decimal
    amount: Decimal
    lot_id: str
    taken: tuple[Taken, ...]
    scale: Fraction
    averaged: frozenset[Origin] = frozenset()


@dataclass(frozen=True, slots=True)
class Repaid:
    """Capital that came back on one lot."""

    when: When
    on: date
    origin: Origin
    amount: Fraction


@dataclass(frozen=True, slots=True)
class OpenLot:
    """What is left of a lot. shares: behind one of its, as `Told.scale`."""

    origin: Origin
    shares: Fraction


@dataclass(slots=True)
class Book:
    """One account's rows of one family of instruments."""

    account: AccountRow
    trades: list[TradeRow] = field(default_factory=list)
    lots: list[LotRow] = field(default_factory=list)
    capitals: list[CapitalRow] = field(default_factory=list)
    met: list[MetRow] = field(default_factory=list)

    def stocks(self) -> set[str]:
        """Name what it traded, an option by its stock."""
        return {security_of(one.instrument).underlying for one in self.trades}


@dataclass(slots=True)
class Fitted:
    """What to tell of a book.

    held: open lots, by name. missed: actions that its lots have not followed, though there were
    some. unfit: why nothing of it can be told; None where it can.
    """

    trades: list[Told] = field(default_factory=list)
    repaid: list[Repaid] = field(default_factory=list)
    held: dict[str, OpenLot] = field(default_factory=dict)
    missed: set[str] = field(default_factory=set)
    unfit: Unfit | None = None
