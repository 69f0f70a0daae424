"""Portfolio's JSON over HTTP. Numbers are decimal strings both ways: a JSON number is a float.

Amounts are exact: shown with two decimals at least, and with every further one that they have.
"""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PlainSerializer

from bifrost.core.money import CENT, EXACT
from bifrost.portfolio.accounts import Account, AccountKind, NewAccount, OwedAs
from bifrost.portfolio.portfolios import Portfolio, PortfolioKind
from bifrost.portfolio.ports import Posted, Withdrawal
from bifrost.portfolio.service import CashRequest
from bifrost.portfolio.valuation import Position, SessionValuation, Valuation, Worth
from bifrost.wire.numbers import WrittenDecimal, example

# One transfer; ten thousand of them still fit the bounds of core.money.
FLOW_MAX = Decimal(10) ** 11


def exact_text(number: Decimal) -> str:
    """Write the number in full, with no zeros behind its second decimal."""
    short = EXACT.normalize(number)
    exponent = short.as_tuple().exponent
    if isinstance(exponent, int) and exponent > -2:
        short = EXACT.quantize(short, Decimal("0.01"))
    return format(short, "f")


def _count_text(number: Decimal) -> str:
    return format(EXACT.normalize(number), "f")


Amount = Annotated[WrittenDecimal, PlainSerializer(exact_text, return_type=str), example("1000.00")]
Count = Annotated[WrittenDecimal, PlainSerializer(_count_text, return_type=str), example("100")]
# To the cent, however many zeros were written: listeners keep it as it comes.
Flow = Annotated[
    Amount,
    Field(gt=0, le=FLOW_MAX, decimal_places=2),
    AfterValidator(lambda amount: EXACT.quantize(amount, CENT)),
]
Name = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f\x7f]+$")]


class _Shape(BaseModel):
    model_config = ConfigDict(extra="forbid")


class AccountBody(_Shape):
    """An account to open. No kind lends yet: a margin account buys with its own cash."""

    name: Name
    kind: AccountKind = AccountKind.CASH
    currency: Literal["USD"] = "USD"
    broker_profile: Literal["paper"] = "paper"

    def to_new_account(self, owner: str) -> NewAccount:
        """Read the body as its owner's wish."""
        return NewAccount(owner=owner, **self.model_dump())


class CashBody(_Shape):
    """Cash to move; without `currency` it is the account's."""

    amount: Flow
    currency: Annotated[str | None, Field(pattern=r"^[A-Z]{3}$")] = None

    def to_request(
        self, *, owner: str, account_id: str, key: str, correlation_id: str
    ) -> CashRequest:
        """Read the body as its caller's wish."""
        return CashRequest(owner, account_id, self.amount, self.currency, key, correlation_id)


class AccountSheet(_Shape):
    """An account; `opened_at` is market time, `recorded_at` wall time.

    version: what `ETag` says and `If-Match` expects, there in quotes.
    """

    account_id: str
    portfolio_id: str
    name: str
    kind: str
    currency: str
    broker_profile: str
    opened_at: datetime
    recorded_at: datetime
    version: int
    archived_at: datetime | None

    @classmethod
    def of(cls, account: Account) -> "AccountSheet":
        """Show an account."""
        return cls(**{name: getattr(account, name) for name in cls.model_fields})


class AccountPage(_Shape):
    """Accounts, oldest first; `next_cursor` is null on the last page."""

    items: list[AccountSheet]
    next_cursor: str | None


class PortfolioItem(_Shape):
    """A portfolio: an account's books, a strategy that divides them, or what gathers several.

    account_id: null where it gathers others.
    parent_id: the portfolio that it stands in.
    version: what `ETag` says and `If-Match` expects, there in quotes.
    """

    portfolio_id: str
    account_id: str | None
    parent_id: str | None
    kind: PortfolioKind
    name: str
    currency: str
    version: int
    archived_at: datetime | None

    @classmethod
    def of(cls, portfolio: Portfolio) -> "PortfolioItem":
        """Show a portfolio without its worth."""
        return cls(**{name: getattr(portfolio, name) for name in cls.model_fields})


class PortfolioPage(_Shape):
    """Portfolios, oldest first; `next_cursor` is null on the last page."""

    items: list[PortfolioItem]
    next_cursor: str | None


class OwedSheet(_Shape):
    """What an account owes because somebody else charged it; no person could book it.

    owed_as: loan (of a margin account), receivable (of a cash account, due at once), prohibited
        (of an IRA, which credit may end; IRC 408(e)(2)).
    """

    currency: str
    amount: Amount
    owed_as: OwedAs


class DepositSheet(_Shape):
    """A deposit in the ledger; others have it once they have heard `event_id`."""

    transaction_id: str
    event_id: str
    account_id: str
    amount: Amount
    currency: str
    status: Literal["posted"] = "posted"
    occurred_at: datetime
    recorded_at: datetime

    @classmethod
    def of(cls, posted: Posted, asked: CashBody, currency: str) -> "DepositSheet":
        """Show a deposit."""
        return cls(
            transaction_id=posted.transaction_id,
            event_id=posted.event_id,
            account_id=posted.account_id,
            amount=asked.amount,
            currency=currency,
            occurred_at=posted.occurred_at,
            recorded_at=posted.recorded_at,
        )


class WithdrawalSheet(_Shape):
    """A withdrawal in the ledger; others have it once they have heard `event_id`."""

    withdrawal_id: str
    transaction_id: str
    event_id: str
    account_id: str
    amount: Amount
    currency: str
    status: Literal["posted"]
    occurred_at: datetime
    recorded_at: datetime

    @classmethod
    def of(cls, withdrawal: Withdrawal) -> "WithdrawalSheet":
        """Show a posted withdrawal."""
        return cls(**{name: getattr(withdrawal, name) for name in cls.model_fields})


class _Worth(_Shape):
    cash: Amount
    due: Amount
    market_value: Amount | None
    equity: Amount | None
    net_deposits: Amount
    realised_pnl: Amount
    unrealised_pnl: Amount | None
    commissions: Amount
    income: Amount
    expenses: Amount
    exchanged: Amount
    unpriced: list[str]


class PortfolioSheet(_Worth, PortfolioItem):
    """What a portfolio is worth: equity = cash + due + sum of quantity x market price.

    realised_pnl is gross of commissions; net of them, equity = net_deposits + realised_pnl
    + income - commissions - expenses + exchanged + unrealised_pnl. market_value, unrealised_pnl
    and equity are null while an instrument in `unpriced` has no market price, and equity while a
    currency in it has no rate: unknown is not zero.
    due: the cash of corporate actions from their ex-date until their day of payment.
    income: dividends and interest. expenses: fees, borrow costs, taxes withheld.
    exchanged: what exchanges of currencies brought in `currency`, less what they took.
    valued_at: market time of the newest price used.
    ledger_imbalance: the sum of all ledger accounts, always zero.

    Of one that gathers others it is the sum of theirs; of a strategy nothing: cash and lots are its
    account's, its own is the profit and loss. `version` does not change with the worth.
    """

    valued_at: datetime | None
    ledger_imbalance: Count

    @classmethod
    def valued(cls, portfolio: Portfolio, valuation: Valuation) -> "PortfolioSheet":
        """Show a portfolio's valuation."""
        return cls(
            **PortfolioItem.of(portfolio).model_dump(),
            **_worth(valuation),
            valued_at=valuation.valued_at,
            ledger_imbalance=valuation.imbalance,
        )


class SessionWorthSheet(_Worth):
    """What a portfolio was worth at a session's close, by the fills of until then known by now."""

    session: date
    occurred_at: datetime

    @classmethod
    def of(cls, one: SessionValuation) -> "SessionWorthSheet":
        """Show a session's valuation."""
        return cls(
            **_worth(one.valuation),
            session=one.session,
            occurred_at=one.occurred_at,
        )


class ValuationPage(_Shape):
    """Valuations, newest session first; `next_cursor` is null on the last page."""

    items: list[SessionWorthSheet]
    next_cursor: str | None


class PositionSheet(_Shape):
    """A position; negative quantity and cost are a short. Commission is not part of its cost.

    average_cost is rounded to 8 decimals, `cost` is exact. What needs a market price is null
    while there is none.
    """

    instrument: str
    quantity: Count
    average_cost: Amount
    cost: Amount
    market_price: Amount | None
    market_value: Amount | None
    unrealised_pnl: Amount | None
    marked_at: datetime | None

    @classmethod
    def of(cls, position: Position) -> "PositionSheet":
        """Show a position."""
        return cls(**{name: getattr(position, name) for name in cls.model_fields})


class PositionList(_Shape):
    """Every position that is not flat, by instrument."""

    items: list[PositionSheet]


class EntrySheet(_Shape):
    """One line of a transaction: debits positive, credits negative, together zero."""

    ledger_account: str
    currency: str
    amount: Amount
    instrument: str | None
    quantity: Count | None


class TransactionSheet(_Shape):
    """A ledger transaction; it never changes.

    reverses: the transaction that it undoes, for the reason that `description` gives.
    strategy_id: the strategy that its order named.
    """

    transaction_id: str
    kind: str
    reference: str
    description: str
    event_id: str
    occurred_at: datetime
    recorded_at: datetime
    reverses: str | None
    strategy_id: str | None
    entries: list[EntrySheet]

    @classmethod
    def of(cls, posted: Posted) -> "TransactionSheet":
        """Show a transaction."""
        lines = [
            EntrySheet(
                ledger_account=line.ledger_account,
                currency=line.currency,
                amount=line.amount,
                instrument=line.instrument or None,
                quantity=line.quantity,
            )
            for line in posted.entries
        ]
        beside = ("strategy_id", "entries")
        plain = {name: getattr(posted, name) for name in cls.model_fields if name not in beside}
        return cls(**plain, strategy_id=posted.strategy_id or None, entries=lines)


class LedgerPage(_Shape):
    """Transactions, newest first; `next_cursor` is null on the last page."""

    items: list[TransactionSheet]
    next_cursor: str | None


def _worth(valuation: Valuation | Worth) -> dict[str, Decimal | list[str] | None]:
    names = [name for name in _Worth.model_fields if name != "unpriced"]
    worth = {name: getattr(valuation, name) for name in names}
    return {**worth, "unpriced": list(valuation.unpriced)}
