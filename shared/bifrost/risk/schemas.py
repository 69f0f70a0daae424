"""Risk's JSON over HTTP. Numbers are decimal strings both ways: a JSON number is a float."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, model_validator

from bifrost.core.money import AMOUNT_MAX
from bifrost.risk.limits import Limits
from bifrost.risk.ports import AccountCash
from bifrost.wire.dates import AsOf, AsOfClock, MarketDate, require_order
from bifrost.wire.numbers import ExactDecimal, example

Amount = Annotated[ExactDecimal, example("250000.00")]
# As fine and as large as the numbers an order may carry.
Limit = Annotated[Amount, Field(ge=0, le=AMOUNT_MAX, decimal_places=8)]
# The desk's default is that of its first limits: five sessions and their weekend.
Days = Annotated[int, Field(strict=True, ge=0, le=36_500, examples=[7])]
MARK_AGE_DAYS_MAX = 7
Fraction = Annotated[Amount, Field(ge=0, lt=1, decimal_places=8)]


class BuyingPower(BaseModel):
    """What an account could still spend; `reserved` is claimed by open buys and withdrawals.

    seen: whether the event asked about is in these numbers; null where none was named.
    """

    model_config = ConfigDict(extra="forbid")

    account_id: str
    cash: Amount
    reserved: Amount
    buying_power: Amount
    currency: str
    seen: bool | None

    @classmethod
    def of(cls, account: AccountCash, seen: bool | None) -> "BuyingPower":
        """Show an account's cash."""
        return cls(
            account_id=account.account_id,
            cash=account.cash,
            reserved=account.reserved,
            buying_power=account.cash - account.reserved,
            currency=account.currency,
            seen=seen,
        )


class LimitsBody(BaseModel):
    """A new version of an account's limits; dates are the market's, a replay's included.

    mark_age_days_max: the oldest market price to judge by, in calendar days of market time.
    effective_until: the first date on which it no longer holds.
    source: who decided it, or by which rule.
    """

    model_config = ConfigDict(extra="forbid")

    order_notional_max: Limit
    order_quantity_max: Limit
    position_notional_max: Limit
    price_collar: Fraction
    commission_per_share: Limit
    mark_age_days_max: Days = MARK_AGE_DAYS_MAX
    effective_from: MarketDate
    effective_until: MarketDate | None = None
    source: Annotated[str, Field(min_length=1, max_length=500, pattern=r"^[^\x00]+$")]

    @model_validator(mode="after")
    def _dates_in_order(self) -> "LimitsBody":
        require_order(self.effective_from, self.effective_until)
        return self

    def to_limits(self, account_id: str) -> Limits:
        """Read the body as limits that have no number yet."""
        return Limits(
            account_id=account_id,
            version=0,
            effective_from=self.effective_from,
            effective_until=self.effective_until,
            order_notional_max=self.order_notional_max,
            order_quantity_max=self.order_quantity_max,
            position_notional_max=self.position_notional_max,
            price_collar=self.price_collar,
            commission_per_share=self.commission_per_share,
            mark_age_days_max=self.mark_age_days_max,
            source=self.source,
        )


class LimitsSheet(BaseModel):
    """One version of an account's limits; `is_default` where the account has none of its own."""

    model_config = ConfigDict(extra="forbid")

    account_id: str
    is_default: bool
    version: int
    effective_from: MarketDate
    effective_until: MarketDate | None
    order_notional_max: Amount
    order_quantity_max: Amount
    position_notional_max: Amount
    price_collar: Amount
    commission_per_share: Amount
    mark_age_days_max: int
    source: str

    @classmethod
    def of(cls, account_id: str, limits: Limits) -> "LimitsSheet":
        """Show the limits that hold for the account."""
        return cls(
            account_id=account_id,
            is_default=limits.account_id is None,
            version=limits.version,
            effective_from=limits.effective_from,
            effective_until=limits.effective_until,
            order_notional_max=limits.order_notional_max,
            order_quantity_max=limits.order_quantity_max,
            position_notional_max=limits.position_notional_max,
            price_collar=limits.price_collar,
            commission_per_share=limits.commission_per_share,
            mark_age_days_max=limits.mark_age_days_max,
            source=limits.source,
        )


class LimitsInForce(LimitsSheet):
    """The limits that hold on a date: the caller's, the market's, or the wall clock's.

    as_of_clock: `market` where none was asked for; `wall` where no bar has been heard of yet.
    """

    as_of: MarketDate
    as_of_clock: AsOfClock

    @classmethod
    def on(cls, account_id: str, limits: Limits, asked: AsOf) -> "LimitsInForce":
        """Show the limits that hold for the account on that date."""
        shown = LimitsSheet.of(account_id, limits).model_dump()
        return cls(**shown, as_of=asked.day, as_of_clock=asked.clock)
