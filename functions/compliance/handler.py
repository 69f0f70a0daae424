"""Compliance, as Step Functions, its queue and API Gateway call it."""

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from bifrost.compliance import service
from bifrost.core.codec import from_json, to_json
from bifrost.core.orders import OrderIntent
from bifrost.runtime.lambda_entry import Listeners, Payload, Tasks, lambda_entry
from functions.compliance import wiring

if TYPE_CHECKING:
    from bifrost.events import AccountOpened, BarClosed


class Mode(StrEnum):
    """Whether a check counts or only answers."""

    LIVE = "live"
    PREVIEW = "preview"


@dataclass(frozen=True, slots=True)
class OrderCheck:
    """Input of `check`."""

    order: OrderIntent
    mode: Mode


def check(given: Payload) -> Payload:
    """Judge an order; a live decision enters the log."""
    asked = from_json(OrderCheck, given)
    judge = service.preview if asked.mode is Mode.PREVIEW else service.check_order
    decision = judge(wiring.dockets(), asked.order)
    return {"accepted": decision.accepted, "reasons": to_json(decision.reasons)}


def account_opened(event: "AccountOpened") -> None:
    """Copy whose account it is."""
    wiring.owners().hear(event)


def bar_closed(event: "BarClosed") -> None:
    """Keep the market's time, by whose date the rules hold."""
    wiring.market_clock().hear(event)


TASKS: Tasks = {"check": check}
LISTENERS: Listeners = {"AccountOpened.v1": account_opened, "BarClosed.v1": bar_closed}
handler = lambda_entry("compliance", tasks=TASKS, listeners=LISTENERS)
