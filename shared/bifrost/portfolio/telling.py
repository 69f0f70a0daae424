"""What others hear of a booking: positions that changed, lots that closed, cash that moved."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from bifrost.core.money import EXACT, exact_sum
from bifrost.core.sessions import DAY_ENDS, EXCHANGE
from bifrost.events import CashChanged, Event, LotClosed, PositionCause, PositionChanged
from bifrost.portfolio.accounts import Account
from bifrost.portfolio.journal import CORPORATE_ACTION
from bifrost.portfolio.ledger import CASH, Entry, position_account
from bifrost.portfolio.lots import Closure, Lot
from bifrost.portfolio.ports import Ids

Amounts = tuple[Decimal, Decimal]
NONE: Amounts = (Decimal(0), Decimal(0))


@dataclass(frozen=True, slots=True)
class Moment:
    """When something is booked, at whose request, and where its ids come from."""

    ids: Ids
    now: datetime
    correlation_id: str


@dataclass(frozen=True, slots=True)
class Teller:
    """Words what one transaction did to an account."""

    account: Account
    moment: Moment
    transaction_id: str
    occurred_at: datetime

    def positions(
        self,
        cause: PositionCause,
        changes: Mapping[str, Amounts],
        lots: Iterable[Lot],
        *,
        is_imported: bool = False,
    ) -> list[Event]:
        """Tell of each instrument whose quantity or cost changed.

        changes: quantity and cost by instrument. lots: all that are open in them now.
        is_imported: what changed came with an import; lots that are left would not always tell.
        """
        held = list(lots)
        told: list[Event] = []
        for instrument, (quantity, cost) in changes.items():
            if not quantity and not cost:
                continue
            own = [lot for lot in held if lot.instrument == instrument]
            told.append(
                PositionChanged(
                    event_id=self.moment.ids.new(),
                    occurred_at=self.occurred_at,
                    recorded_at=self.moment.now,
                    correlation_id=self.moment.correlation_id,
                    account_id=self.account.account_id,
                    transaction_id=self.transaction_id,
                    instrument=instrument,
                    cause=cause,
                    quantity_change=quantity,
                    cost_change=cost,
                    quantity=exact_sum(lot.quantity for lot in own),
                    cost=exact_sum(lot.cost for lot in own),
                    currency=self.account.currency,
                    is_imported=is_imported,
                )
            )
        return told

    def closures(self, closed: Iterable[tuple[Lot, Closure]]) -> list[Event]:
        """Tell of each part of a lot that was closed."""
        return [
            LotClosed(
                event_id=self.moment.ids.new(),
                occurred_at=self.occurred_at,
                recorded_at=self.moment.now,
                correlation_id=self.moment.correlation_id,
                account_id=self.account.account_id,
                transaction_id=self.transaction_id,
                lot_id=lot.lot_id,
                instrument=lot.instrument,
                currency=lot.currency,
                opened_at=lot.opened_at,
                quantity=one.quantity,
                cost=one.cost,
                proceeds=one.proceeds,
            )
            for lot, one in closed
        ]

    def cash(self, amount: Decimal, instrument: str, event_id: str) -> list[Event]:
        """Tell of cash that a corporate action moved."""
        if not amount:
            return []
        return [
            CashChanged(
                event_id=event_id,
                occurred_at=self.occurred_at,
                recorded_at=self.moment.now,
                correlation_id=self.moment.correlation_id,
                account_id=self.account.account_id,
                transaction_id=self.transaction_id,
                kind=CORPORATE_ACTION,
                amount=amount,
                currency=self.account.currency,
                account_currency=self.account.currency,
                instrument=instrument,
                reverses="",
            )
        ]


def moved(entries: Iterable[Entry]) -> dict[str, Amounts]:
    """Sum what the entries change of each position."""
    changes: dict[str, Amounts] = {}
    for line in entries:
        if line.instrument and line.ledger_account == position_account(line.instrument):
            quantity, cost = changes.get(line.instrument, NONE)
            changes[line.instrument] = (
                EXACT.add(quantity, line.quantity or Decimal(0)),
                EXACT.add(cost, line.amount),
            )
    return changes


def paid(entries: Sequence[Entry]) -> Decimal:
    """Sum what the entries change of cash."""
    return exact_sum(line.amount for line in entries if line.ledger_account == CASH)


def dawn(day: date) -> datetime:
    """Return when a session's day begins: as the late session of the day before ends."""
    before = datetime.combine(day - timedelta(days=1), DAY_ENDS, EXCHANGE)
    return before.astimezone(UTC)
