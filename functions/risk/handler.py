"""Risk, as Step Functions, its queue and API Gateway call it."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING

from bifrost.core.codec import from_json, to_json
from bifrost.core.decisions import Decision
from bifrost.core.orders import OrderIntent
from bifrost.core.statements import VenueStatement
from bifrost.risk import service
from bifrost.risk.ports import Withdrawal
from bifrost.runtime.lambda_entry import Listeners, Payload, Tasks, lambda_entry
from functions.risk import wiring

if TYPE_CHECKING:
    from bifrost.events import Event


class Mode(StrEnum):
    """Whether a check counts or only answers."""

    LIVE = "live"
    PREVIEW = "preview"


@dataclass(frozen=True, slots=True)
class OrderCheck:
    """Input of `check_and_reserve`."""

    order: OrderIntent
    mode: Mode


@dataclass(frozen=True, slots=True)
class OrderRelease:
    """Input of `release`."""

    order_id: str


@dataclass(frozen=True, slots=True)
class WithdrawalCheck:
    """Input of `reserve_withdrawal`; market time is kept for the log."""

    withdrawal_id: str
    account_id: str
    amount: Decimal
    currency: str
    occurred_at: datetime


@dataclass(frozen=True, slots=True)
class WithdrawalRelease:
    """Input of `release_withdrawal`."""

    withdrawal_id: str
    account_id: str


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """Input of `reconcile`; one that is not final writes down nothing new."""

    statement: VenueStatement
    is_final: bool = True


def check_and_reserve(given: Payload) -> Payload:
    """Judge an order; live and accepted, its exposure is reserved."""
    asked = from_json(OrderCheck, given)
    judge = service.preview if asked.mode is Mode.PREVIEW else service.check_and_reserve
    return _answer(judge(wiring.order_gates(), asked.order))


def release(given: Payload) -> Payload:
    """Free the reservation of an order that was never sent."""
    asked = from_json(OrderRelease, given)
    wiring.order_gates().release(asked.order_id)
    return {"order_id": asked.order_id}


def reserve_withdrawal(given: Payload) -> Payload:
    """Hold a withdrawal's cash if nothing else has a claim on it."""
    asked = from_json(WithdrawalCheck, given)
    wanted = Withdrawal(asked.withdrawal_id, asked.account_id, asked.amount, asked.currency)
    return _answer(service.reserve_withdrawal(wiring.withdrawal_gates(), wanted))


def release_withdrawal(given: Payload) -> Payload:
    """Let go of a withdrawal that was not posted."""
    asked = from_json(WithdrawalRelease, given)
    wiring.withdrawal_gates().release(asked.withdrawal_id, asked.account_id)
    return {"withdrawal_id": asked.withdrawal_id}


def reconcile(given: Payload) -> Payload:
    """Compare risk's exposures with the venue's statement."""
    asked = from_json(Reconciliation, given)
    now = wiring.clock().now()
    found = service.reconcile(wiring.comparisons(), asked.statement, now, is_final=asked.is_final)
    answer: Payload = to_json(found)
    return answer


def hear(event: "Event") -> None:
    """Apply a fact to the exposures."""
    wiring.facts().hear(event)


def _answer(decision: Decision) -> Payload:
    return {"accepted": decision.accepted, "reasons": to_json(decision.reasons)}


TASKS: Tasks = {
    "check_and_reserve": check_and_reserve,
    "release": release,
    "reserve_withdrawal": reserve_withdrawal,
    "release_withdrawal": release_withdrawal,
    "reconcile": reconcile,
}
LISTENERS: Listeners = dict.fromkeys(
    (
        "AccountOpened.v1",
        "InstrumentListed.v1",
        "CashDeposited.v1",
        "CashWithdrawn.v1",
        "CashChanged.v1",
        "BarClosed.v1",
        "FillRecorded.v1",
        "OrderRefused.v1",
        "OrderRejected.v1",
        "OrderCancelled.v1",
        "OrderExpired.v1",
        "OrderFilled.v1",
        "OrderRestated.v1",
        "PositionChanged.v1",
        "CorporateActionAnnounced.v1",
        "CorporateActionCorrected.v1",
    ),
    hear,
)
handler = lambda_entry("risk", tasks=TASKS, listeners=LISTENERS)
