"""Corporate actions: what an issuer does to its own shares, as one vendor announced it.

An action keeps its id when its vendor corrects it; the higher revision is the truth, and a
`withdrawn` one says that it never was. Exactly one of the terms is given: one noun with eight
forms travels as JSON without a tag that could contradict its fields.
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction


class ActionKind(StrEnum):
    """Which of its terms an action has."""

    SPLIT = "split"
    STOCK_DIVIDEND = "stock_dividend"
    CASH_DIVIDEND = "cash_dividend"
    SPIN_OFF = "spin_off"
    MERGER = "merger"
    RENAME = "rename"
    DELISTING = "delisting"


# Several actions of one day: an amount per share is per share as held before that day.
_ORDER_OF_A_DAY = (
    ActionKind.CASH_DIVIDEND,
    ActionKind.SPIN_OFF,
    ActionKind.STOCK_DIVIDEND,
    ActionKind.SPLIT,
    ActionKind.MERGER,
    ActionKind.RENAME,
    ActionKind.DELISTING,
)


class DividendKind(StrEnum):
    """How a distribution of cash is taxed: IRC §301(c), §1(h)(11)."""

    ORDINARY = "ordinary"
    QUALIFIED = "qualified"
    RETURN_OF_CAPITAL = "return_of_capital"


@dataclass(frozen=True, slots=True)
class Split:
    """`new_shares` for `old_shares`; fewer for more is a reverse split.

    cash_in_lieu: paid for one whole new share where the account's last fraction of one is paid
    out; None where fractions are kept.
    """

    new_shares: Decimal
    old_shares: Decimal
    cash_in_lieu: Decimal | None = None

    def __post_init__(self) -> None:
        _positive(new_shares=self.new_shares, old_shares=self.old_shares)
        _not_negative(cash_in_lieu=self.cash_in_lieu)
        if self.new_shares == self.old_shares:
            raise ValueError(f"a split of {self.new_shares} for as many changes nothing")

    @property
    def ratio(self) -> Fraction:
        """How many shares one becomes."""
        return Fraction(self.new_shares) / Fraction(self.old_shares)

    @property
    def is_reverse(self) -> bool:
        """Fewer shares than before."""
        return self.new_shares < self.old_shares


@dataclass(frozen=True, slots=True)
class StockDividend:
    """`shares_per_share` more of the same shares for each one held."""

    shares_per_share: Decimal
    cash_in_lieu: Decimal | None = None

    def __post_init__(self) -> None:
        _positive(shares_per_share=self.shares_per_share)
        _not_negative(cash_in_lieu=self.cash_in_lieu)

    @property
    def ratio(self) -> Fraction:
        """How many shares one becomes."""
        return 1 + Fraction(self.shares_per_share)


@dataclass(frozen=True, slots=True)
class CashDividend:
    """Cash for each share; what is partly a return of capital comes as two actions."""

    kind: DividendKind
    amount_per_share: Decimal

    def __post_init__(self) -> None:
        _positive(amount_per_share=self.amount_per_share)


@dataclass(frozen=True, slots=True)
class SpinOff:
    """`shares_per_share` of another instrument for each one held.

    basis_share: which part of the basis goes with them, the issuer's Form 8937, IRC §358(b)(2);
        None in a claim that nobody has completed yet.
    share_value: what one of them was worth at the distribution; None where nobody said.
    """

    new_instrument: str
    shares_per_share: Decimal
    basis_share: Decimal | None
    share_value: Decimal | None = None
    cash_in_lieu: Decimal | None = None

    def __post_init__(self) -> None:
        _positive(shares_per_share=self.shares_per_share)
        _not_negative(share_value=self.share_value, cash_in_lieu=self.cash_in_lieu)
        if self.basis_share is not None and not 0 <= self.basis_share <= 1:
            raise ValueError(f"basis_share is a part of one, was {self.basis_share}")

    @property
    def lacks(self) -> tuple[str, ...]:
        """Which numbers the books need, and nobody said."""
        return ("basis_share",) if self.basis_share is None else ()

    @property
    def basis_moved(self) -> Decimal:
        """The part of the basis that goes; ValueError in a claim, which nothing may be moved by."""
        if self.basis_share is None:
            raise ValueError(f"nobody said which part of the basis goes to {self.new_instrument}")
        return self.basis_share


@dataclass(frozen=True, slots=True)
class Merger:
    """Each share becomes cash, shares of `new_instrument`, or both.

    share_value: what one share received was worth; needed where both are paid, because the cash
    is a gain only as far as there is one (IRC §356(a)(1)).
    """

    cash_per_share: Decimal = Decimal(0)
    new_instrument: str = ""
    shares_per_share: Decimal = Decimal(0)
    share_value: Decimal | None = None
    cash_in_lieu: Decimal | None = None

    def __post_init__(self) -> None:
        _not_negative(
            cash_per_share=self.cash_per_share,
            shares_per_share=self.shares_per_share,
            share_value=self.share_value,
            cash_in_lieu=self.cash_in_lieu,
        )
        if bool(self.new_instrument) != (self.shares_per_share > 0):
            raise ValueError("new_instrument and shares_per_share come together")
        if not self.cash_per_share and not self.shares_per_share:
            raise ValueError("a merger pays cash_per_share, shares_per_share or both")

    @property
    def lacks(self) -> tuple[str, ...]:
        """Which numbers the books need, and nobody said."""
        pays_both = self.cash_per_share and self.shares_per_share
        return ("share_value",) if pays_both and self.share_value is None else ()


@dataclass(frozen=True, slots=True)
class Rename:
    """The same shares under another symbol."""

    new_instrument: str

    def __post_init__(self) -> None:
        if not self.new_instrument:
            raise ValueError("a rename needs new_instrument")


@dataclass(frozen=True, slots=True)
class Delisting:
    """It trades no more.

    final_value: paid for each share (0: worthless, IRC §165(g)); None where the shares stay.
    """

    final_value: Decimal | None = None

    def __post_init__(self) -> None:
        _not_negative(final_value=self.final_value)


Terms = Split | StockDividend | CashDividend | SpinOff | Merger | Rename | Delisting


@dataclass(frozen=True, slots=True, kw_only=True)
class CorporateAction:
    """What an issuer did to `instrument`; who holds it as `ex_date` begins is affected.

    lacks: numbers of its terms that the books need and its vendor does not know. Such an action is
    a claim that somebody has to complete; it is announced to nobody.
    """

    action_id: str
    vendor: str
    revision: int
    instrument: str
    currency: str
    ex_date: date
    record_date: date | None = None
    pay_date: date | None = None
    withdrawn: bool = False
    split: Split | None = None
    stock_dividend: StockDividend | None = None
    cash_dividend: CashDividend | None = None
    spin_off: SpinOff | None = None
    merger: Merger | None = None
    rename: Rename | None = None
    delisting: Delisting | None = None
    lacks: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name in ("action_id", "vendor", "instrument", "currency"):
            if not getattr(self, name):
                raise ValueError(f"{name} must not be empty")
        if self.revision < 1:
            raise ValueError(f"revision counts from 1, was {self.revision}")
        if self.pay_date is not None and self.pay_date < self.ex_date:
            raise ValueError(f"pay_date {self.pay_date} is before ex_date {self.ex_date}")
        given = [kind for kind in ActionKind if getattr(self, kind) is not None]
        if len(given) != 1:
            raise ValueError(f"exactly one of its terms is given, was {', '.join(given) or 'none'}")
        if self.instrument == getattr(self.terms, "new_instrument", None):
            raise ValueError(f"a {self.kind} of {self.instrument} leads to another instrument")
        lacks: tuple[str, ...] = getattr(self.terms, "lacks", ())
        if lacks != self.lacks:
            said = " and ".join(lacks or ("nothing that it lacks",))
            raise ValueError(f"a {self.kind} of {self.instrument} needs {said}")

    @property
    def kind(self) -> ActionKind:
        """Which terms it has."""
        return next(kind for kind in ActionKind if getattr(self, kind) is not None)

    @property
    def terms(self) -> Terms:
        """The one that is given."""
        terms: Terms = getattr(self, self.kind)
        return terms

    @property
    def new_instrument(self) -> str:
        """The instrument whose shares it brings; empty where it brings none."""
        return getattr(self.terms, "new_instrument", "")

    @property
    def place(self) -> tuple[date, int, str]:
        """Its place among others, in the order in which they come to apply."""
        return (self.ex_date, _ORDER_OF_A_DAY.index(self.kind), self.action_id)

    @property
    def paid_on(self) -> date:
        """When its cash comes; on the ex-date where the vendor names no day."""
        return self.pay_date or self.ex_date


def _positive(**numbers: Decimal) -> None:
    for name, number in numbers.items():
        if not number.is_finite() or number <= 0:
            raise ValueError(f"{name} must be positive, was {number}")


def _not_negative(**numbers: Decimal | None) -> None:
    for name, number in numbers.items():
        if number is not None and (not number.is_finite() or number < 0):
            raise ValueError(f"{name} must not be negative, was {number}")
