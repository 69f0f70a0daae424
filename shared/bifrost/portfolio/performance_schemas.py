"""P&L and returns as JSON over HTTP. Returns are statistics, shown with every digit of their
double, as strings like every other number here.
"""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from bifrost.portfolio.performance import (
    BenchmarkReturns,
    Close,
    Failed,
    PnlBy,
    PnlFound,
    PnlGroup,
    Returns,
)
from bifrost.portfolio.pnl import Pnl
from bifrost.portfolio.schemas import Amount
from bifrost.wire.pages import page_of

Ratio = Annotated[str, Field(examples=["0.0731"])]


class _Shape(BaseModel):
    model_config = ConfigDict(extra="forbid")


class PnlSheet(_Shape):
    """P&L by part; fees and taxes are negative.

    realised: price_realised + dividend + interest + fx_realised + fee + tax.
    gross: before fees (commissions, fees, borrow costs, rounding) and taxes. net: after them.
    unpriced: instruments held without a price and currencies without a rate. What depends on one
    is null: unknown is not zero.
    unattributed: instruments of which several strategies, or orders without one, had traded when
    their issuer acted (a split, a dividend, a merger): whose that was is unknown, and so are
    prices' parts, dividends and the sums. Where one alone had, it is that one's. Of a lot: what it
    was called where several strategies had a part in it, or what it was then cannot be told.
    """

    price_realised: Amount | None
    price_unrealised: Amount | None
    dividend: Amount | None
    interest: Amount
    fx_realised: Amount | None
    fx_unrealised: Amount | None
    fee: Amount
    tax: Amount
    realised: Amount | None
    unrealised: Amount | None
    gross: Amount | None
    net: Amount | None
    unpriced: list[str]
    unattributed: list[str]

    @classmethod
    def of(cls, pnl: Pnl) -> "PnlSheet":
        """Show P&L."""
        return cls(**_parts(pnl))


class PnlItem(PnlSheet):
    """P&L of one group.

    group: the portfolio, strategy, instrument or lot; null for what belongs to none: cash that
    came or went without an instrument, orders without a strategy, commissions among lots, and
    what lots gained together of which each one's part is not known.
    instrument: of a lot what it was called at the end of the range.
    """

    group: str | None
    instrument: str | None

    @classmethod
    def of_group(cls, one: PnlGroup) -> "PnlItem":
        """Show a group's P&L."""
        return cls(group=one.name or None, instrument=one.instrument or None, **_parts(one.pnl))


class PnlPage(_Shape):
    """P&L of a portfolio: all of it, and by group, a page at a time.

    opened_on: the session at whose close the range begins; null from the first entry on.
    closed_on: the session at whose close it ends; null where it is up to now.
    """

    portfolio_id: str
    currency: str
    by: PnlBy
    opened_on: date | None
    closed_on: date | None
    total: PnlSheet
    items: list[PnlItem]
    next_cursor: str | None

    @classmethod
    def of(
        cls,
        found: PnlFound,
        *,
        portfolio: tuple[str, str],
        by: PnlBy,
        ends: tuple[Close | None, Close | None],
        limit: int,
    ) -> "PnlPage":
        """Show at most `limit` of the groups that were read."""
        shown, last = page_of(found.groups, limit)
        opened, closed = ends
        return cls(
            portfolio_id=portfolio[0],
            currency=portfolio[1],
            by=by,
            opened_on=opened and opened.session,
            closed_on=closed and closed.session,
            total=PnlSheet.of(found.total),
            items=[PnlItem.of_group(one) for one in shown],
            # The first group's name may be empty, which is no cursor.
            next_cursor=f".{last.name}" if last else None,
        )


class FailureSheet(_Shape):
    """Why a measure does not exist; `rates` are those that fit where several do."""

    cause: str
    message: str
    rates: list[Ratio]

    @classmethod
    def each(cls, failures: Mapping[str, Failed]) -> "dict[str, FailureSheet]":
        """Show failures by measure."""
        return {
            name: cls(cause=one.cause, message=one.message, rates=list(one.rates))
            for name, one in failures.items()
        }


class BenchmarkSheet(_Shape):
    """The benchmark over the same days, splits taken out of its prices and dividends put back.

    excess: the portfolio's time-weighted return less the benchmark's.
    """

    symbol: str
    opened_on: date | None
    closed_on: date | None
    portfolio: Ratio | None
    twr: Ratio | None
    excess: Ratio | None
    excess_geometric: Ratio | None
    tracking_error: Ratio | None
    failures: dict[str, FailureSheet]

    @classmethod
    def of(cls, found: BenchmarkReturns) -> "BenchmarkSheet":
        """Show a comparison."""
        return cls(
            symbol=found.symbol,
            opened_on=found.opened_on,
            closed_on=found.closed_on,
            failures=FailureSheet.each(found.failures),
            **found.measures,
        )


class ReturnsSheet(_Shape):
    """What a portfolio earned from the close of `opened_on` to the close of `closed_on`.

    twr: time-weighted, linked at each session and external flow, of the whole range.
    mwr: money-weighted (XIRR, Actual/365), a yearly rate. modified_dietz: of the whole range.
    is_net: after the fees that were booked as such; gross returns bear commissions and other
    costs of trading, as CFA Institute's GIPS Standards have it.
    valuations: how many sessions were valued. unvalued: those of unknown worth, at most 20.
    unpriced: the instruments and currencies for want of whose price or rate it is unknown.
    unattributed: of a strategy, instruments that others had traded, too, when their issuer acted:
    what of that was the strategy's, and so its worth since, is unknown.
    failures: by measure, why one is null.
    """

    portfolio_id: str
    currency: str
    is_net: bool
    opened_on: date
    closed_on: date
    opening: Amount
    closing: Amount
    flows: Amount
    valuations: int
    unvalued: list[date]
    unpriced: list[str]
    unattributed: list[str]
    twr: Ratio | None
    mwr: Ratio | None
    modified_dietz: Ratio | None
    failures: dict[str, FailureSheet]
    benchmark: BenchmarkSheet | None

    @classmethod
    def of(
        cls,
        found: Returns,
        benchmark: BenchmarkReturns | None,
        *,
        portfolio: tuple[str, str],
        is_net: bool,
    ) -> "ReturnsSheet":
        """Show returns."""
        return cls(
            portfolio_id=portfolio[0],
            currency=portfolio[1],
            is_net=is_net,
            opened_on=found.opened_on,
            closed_on=found.closed_on,
            opening=found.opening,
            closing=found.closing,
            flows=found.flows,
            valuations=found.valuations,
            unvalued=list(found.unvalued),
            unpriced=list(found.unpriced),
            unattributed=list(found.unattributed),
            failures=FailureSheet.each(found.failures),
            benchmark=benchmark and BenchmarkSheet.of(benchmark),
            **found.measures,
        )


def _parts(pnl: Pnl) -> dict[str, Decimal | list[str] | None]:
    """Leave out what is unknown: currencies, which are three letters, and instruments alike."""
    is_whole = not pnl.unattributed
    is_rated = is_whole and not pnl.unrated
    is_priced = is_whole and not pnl.unpriced - pnl.unrated
    return {
        "price_realised": pnl.price_realised if is_whole else None,
        "price_unrealised": pnl.price_unrealised if is_priced else None,
        "dividend": pnl.dividend if is_whole else None,
        "interest": pnl.interest,
        "fx_realised": pnl.fx_realised if is_rated else None,
        "fx_unrealised": pnl.fx_unrealised if is_rated else None,
        "fee": pnl.fee,
        "tax": pnl.tax,
        "realised": pnl.realised if is_rated else None,
        "unrealised": pnl.unrealised,
        "gross": pnl.gross,
        "net": pnl.total,
        "unpriced": sorted(pnl.unpriced),
        "unattributed": sorted(pnl.unattributed),
    }
