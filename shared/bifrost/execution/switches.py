"""The kill switch: who may send at all, and the service that sets it.

`stop_new` lets an account only reduce its positions; `halt` lets nothing leave. The desk has a
switch and so may an account; the stricter one holds. A desk without one is halted: what cannot be
read must stop, never let pass (ORDER_FLOW, rules 5 and 9).
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING

from bifrost.core.errors import NotFoundError
from bifrost.execution.ports import Clock

if TYPE_CHECKING:  # the books name what is defined here
    from bifrost.execution.books import Desk

DESK = "desk"


class SwitchMode(StrEnum):
    """What may leave, from everything to nothing."""

    TRADE = "trade"
    STOP_NEW = "stop_new"
    HALT = "halt"


_BY_STRICTNESS = tuple(SwitchMode)


@dataclass(frozen=True, slots=True)
class Switch:
    """The switch of the desk or, by its id, of one account: how it stands, why, and who set it."""

    scope: str
    mode: SwitchMode
    reason: str
    set_by: str
    set_at: datetime


@dataclass(frozen=True, slots=True)
class GateLimits:
    """The gate's own bounds: far above risk's limits, for when those are wrong."""

    order_notional_max: Decimal
    orders_per_minute: int


@dataclass(frozen=True, slots=True)
class GateState:
    """What the gate knows of an account, as of one instant.

    limits: None where none are in force. sent_lately: its orders claimed in the last minute.
    """

    mode: SwitchMode
    limits: GateLimits | None
    sent_lately: int = 0


def strictest(desk: SwitchMode | None, account: SwitchMode | None) -> SwitchMode:
    """Return what holds for an account; no switch of the desk is a halt."""
    modes = (desk or SwitchMode.HALT, account or SwitchMode.TRADE)
    return max(modes, key=_BY_STRICTNESS.index)


@dataclass(frozen=True, slots=True)
class KillSwitch:
    """Shows the switches and sets them."""

    desk: "Desk"
    clock: Clock

    def show(self, owner: str | None) -> list[Switch]:
        """Return the desk's switch and those of the owner's accounts; of every account for None."""
        with self.desk.transaction() as books:
            return books.switches.in_force(owner)

    def set(self, mode: SwitchMode, reason: str, set_by: str, account_id: str | None) -> Switch:
        """Set the account's switch or, for None, the desk's; no order is claimed past a halt."""
        with self.desk.transaction() as books:
            if account_id is not None and books.listings.account(account_id) is None:
                raise NotFoundError(f"there is no account {account_id}")
            books.switches.lock(account_id)
            switch = Switch(account_id or DESK, mode, reason, set_by, self.clock.now())
            books.switches.put(switch)
            return switch
