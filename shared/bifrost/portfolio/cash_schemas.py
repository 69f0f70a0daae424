"""The JSON of cash flows, corrections, the choice of lots, and the ladder of settlement."""

from datetime import date, datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from bifrost.core.errors import FieldProblem, InvalidInputError
from bifrost.core.money import Money
from bifrost.portfolio.bookings import CashFlowRequest, ReversalRequest
from bifrost.portfolio.cash_flows import CashFlowKind
from bifrost.portfolio.cash_ladder import CashStatement
from bifrost.portfolio.cash_violations import ViolationKind
from bifrost.portfolio.choosing import ChoiceRequest
from bifrost.portfolio.lot_selection import LotMethod, Security, Selection
from bifrost.portfolio.lots import Lot, LotPart
from bifrost.portfolio.owned_schemas import Symbol
from bifrost.portfolio.schemas import Amount, Count, Flow, Name, OwedSheet

LOTS_MAX = 200
# Called by its fill, whose name is the venue's: `o-1-0-0/2012-01-09T21:00:00+00:00`.
LotId = Annotated[str, Field(pattern=r"^[\x21-\x7e]{1,300}$")]
Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$", examples=["USD"])]


class _Shape(BaseModel):
    model_config = ConfigDict(extra="forbid")


class CashFlowBody(_Shape):
    """Cash that moves without a trade; `amount` is above zero whichever way it goes.

    currency: without it, the account's; of fx, what was sold.
    instrument: what paid it, or what it was paid for.
    counter_amount, counter_currency: of fx, what was bought.
    """

    kind: CashFlowKind
    amount: Flow
    currency: Currency | None = None
    instrument: Symbol | None = None
    counter_amount: Flow | None = None
    counter_currency: Currency | None = None

    def to_request(
        self, *, owner: str, account_id: str, key: str, correlation_id: str
    ) -> CashFlowRequest:
        """Read the body as its caller's wish; raise InvalidInputError at half a counter amount."""
        counter = None
        if self.counter_amount is not None and self.counter_currency is not None:
            counter = Money(self.counter_amount, self.counter_currency)
        elif self.counter_amount is not None or self.counter_currency is not None:
            missing = "counter_amount" if self.counter_amount is None else "counter_currency"
            fix = "send both counter_amount and counter_currency, or neither"
            raise InvalidInputError(FieldProblem(missing, "is missing", fix))
        return CashFlowRequest(
            owner=owner,
            account_id=account_id,
            kind=self.kind,
            amount=self.amount,
            currency=self.currency,
            instrument=self.instrument or "",
            counter=counter,
            key=key,
            correlation_id=correlation_id,
        )


class ReversalBody(_Shape):
    """Why a transaction is undone; it stays with the reversing one."""

    reason: Name

    def to_request(
        self, *, owner: str, account_id: str, transaction_id: str, key: str, correlation_id: str
    ) -> ReversalRequest:
        """Read the body as its caller's wish."""
        return ReversalRequest(owner, account_id, transaction_id, self.reason, key, correlation_id)


class LotPartShape(_Shape):
    """So much of a lot."""

    lot_id: LotId
    quantity: Annotated[Count, Field(gt=0)]


class StandingBody(_Shape):
    """How an account's sales choose their lots where the order does not say.

    instrument: of this one alone; average_cost, and account (as the account does), are of one.
    security: what the instrument is; average_cost is for a fund or a reinvestment plan.
    """

    method: LotMethod
    instrument: Symbol | None = None
    security: Security = Security.STOCK

    def to_request(self, *, owner: str, account_id: str, correlation_id: str) -> ChoiceRequest:
        """Read the body as its caller's wish."""
        return ChoiceRequest(
            owner,
            account_id,
            "",
            Selection(self.method),
            correlation_id,
            instrument=self.instrument or "",
            security=self.security,
        )


class ChoiceBody(_Shape):
    """How one order chooses its lots; `lots` with `specific` only, closed in this order."""

    method: LotMethod
    lots: Annotated[tuple[LotPartShape, ...], Field(max_length=LOTS_MAX)] = ()

    def to_request(
        self, *, owner: str, account_id: str, order_id: str, correlation_id: str
    ) -> ChoiceRequest:
        """Read the body as its caller's wish."""
        parts = tuple(LotPart(lot.lot_id, lot.quantity) for lot in self.lots)
        selection = Selection(self.method, parts)
        return ChoiceRequest(owner, account_id, order_id, selection, correlation_id)


class ChoiceSheet(_Shape):
    """How lots are chosen from now on; order_id is null where it is a standing way.

    instrument: null where it is of them all.
    """

    account_id: str
    order_id: str | None
    instrument: str | None
    method: LotMethod
    lots: list[LotPartShape]

    @classmethod
    def of(cls, asked: ChoiceRequest) -> "ChoiceSheet":
        """Show what was written."""
        lots = [
            LotPartShape(lot_id=part.lot_id, quantity=part.quantity)
            for part in asked.selection.parts
        ]
        return cls(
            account_id=asked.account_id,
            order_id=asked.order_id or None,
            instrument=asked.instrument or None,
            method=asked.selection.method,
            lots=lots,
        )


class LotSheet(_Shape):
    """What is left of one purchase (or, negative, of one short sale); cost without commission."""

    lot_id: str
    instrument: str
    currency: str
    opened_at: datetime
    quantity: Count
    cost: Amount

    @classmethod
    def of(cls, lot: Lot) -> "LotSheet":
        """Show a lot."""
        return cls(**{name: getattr(lot, name) for name in cls.model_fields})


class LotPage(_Shape):
    """Open lots, oldest first; `next_cursor` is null on the last page.

    method: how they are chosen where an order does not say. methods: by instrument, of those that
    have one of their own.
    """

    method: LotMethod
    methods: dict[str, LotMethod]
    items: list[LotSheet]
    next_cursor: str | None


class RungSheet(_Shape):
    """What settles on one day; `settled` is what will have settled by then."""

    settles_on: date
    sales: Amount
    purchases: Amount
    settled: Amount


class LadderSheet(_Shape):
    """The cash of one account in one currency: total = settled + unsettled.

    settled: without sales' proceeds that are under way and before purchases that are.
    """

    account_id: str
    currency: str
    total: Amount
    settled: Amount
    unsettled: Amount
    rungs: list[RungSheet]


class ViolationSheet(_Shape):
    """A sale that a cash account may not make; purchase and sale are transactions.

    amount: how much of the purchase was not paid with settled cash.
    clean_from: from when the sale would have broken nothing; null where only a payment helps.
    frozen_until: Regulation T's 90 days; null of a good faith violation, which brokers count.
    """

    account_id: str
    kind: ViolationKind
    instrument: str
    purchase: str
    sale: str
    sold_on: date
    amount: Amount
    clean_from: date | None
    frozen_until: date | None


class OverdraftSheet(OwedSheet):
    """What one of a portfolio's accounts owes."""

    account_id: str


class CashSheet(_Shape):
    """A portfolio's cash as it settles, on a day of the market, and a year's violations.

    overdrawn: what its accounts owe.
    """

    portfolio_id: str
    as_of: date
    items: list[LadderSheet]
    violations: list[ViolationSheet]
    overdrawn: list[OverdraftSheet]

    @classmethod
    def of(cls, portfolio_id: str, statement: CashStatement) -> "CashSheet":
        """Show a statement."""
        items = [
            LadderSheet(
                account_id=account_id,
                currency=one.currency,
                total=one.total,
                settled=one.settled,
                unsettled=one.unsettled,
                rungs=[RungSheet(**_fields(rung, RungSheet)) for rung in one.rungs],
            )
            for account_id, one in statement.ladders
        ]
        broken = [
            ViolationSheet(
                account_id=account_id, **_fields(one, ViolationSheet, leave_out="account_id")
            )
            for account_id, one in statement.violations
        ]
        overdrawn = [
            OverdraftSheet(
                account_id=account_id, **_fields(one, OverdraftSheet, leave_out="account_id")
            )
            for account_id, one in statement.overdrawn
        ]
        return cls(
            portfolio_id=portfolio_id,
            as_of=statement.as_of,
            items=items,
            violations=broken,
            overdrawn=overdrawn,
        )


def _fields(one: object, shape: type[BaseModel], leave_out: str = "") -> dict[str, Any]:
    return {name: getattr(one, name) for name in shape.model_fields if name != leave_out}
