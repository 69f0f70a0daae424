"""What execution is plugged into: its own schema in Postgres, and the paper venue.

What sends an order and collects its reports is loaded at once, all else by those who ask for it.
"""

from functools import lru_cache
from typing import TYPE_CHECKING

from bifrost.adapters.brokers.paper import PaperVenue
from bifrost.adapters.clock import SystemClock
from bifrost.adapters.postgres.execution_books import PostgresDesk
from bifrost.execution.collecting import Collector
from bifrost.execution.journal import Journal
from bifrost.execution.sending import Sender
from bifrost.runtime import plugs

if TYPE_CHECKING:
    from bifrost.execution.cancelling import Canceller
    from bifrost.execution.comparing import Comparing
    from bifrost.execution.listening import Listener
    from bifrost.execution.reconciling import Reconciler
    from bifrost.execution.service import OrderService
    from bifrost.execution.statements import Statements
    from bifrost.execution.sweeping import Sweeper
    from bifrost.execution.switches import KillSwitch


@lru_cache
def orders() -> "OrderService":
    """Orders, as their owners and their workflow handle them."""
    from bifrost.execution.service import OrderService

    return OrderService(_desk(), _journal(), plugs.workflows())


@lru_cache
def kill_switch() -> "KillSwitch":
    """What may leave."""
    from bifrost.execution.switches import KillSwitch

    return KillSwitch(_desk(), SystemClock())


@lru_cache
def sender() -> Sender:
    """Sends orders to the venue."""
    return Sender(_desk(), venue(), _journal(), collector())


@lru_cache
def canceller() -> "Canceller":
    """Cancels orders."""
    from bifrost.execution.cancelling import Canceller

    return Canceller(_desk(), venue(), _journal(), collector(), sender())


@lru_cache
def sweeper() -> "Sweeper":
    """Looks after what was left lying."""
    from bifrost.execution.sweeping import Sweeper

    return Sweeper(_desk(), _journal(), collector(), sender(), canceller(), plugs.workflows())


@lru_cache
def listener() -> "Listener":
    """Hears what concerns execution and its venue."""
    from bifrost.execution.listening import Listener

    return Listener(venue().venue, _desk(), venue(), venue(), venue(), collector())


@lru_cache
def statements() -> "Statements":
    """The venue's books, to be compared with ours."""
    from bifrost.execution.statements import Statements

    return Statements(_desk(), venue(), collector(), plugs.workflows(), SystemClock())


@lru_cache
def comparing() -> "Comparing":
    """Says when an account is compared."""
    from bifrost.execution.comparing import Comparing

    return Comparing(_desk(), plugs.workflows(), SystemClock())


@lru_cache
def reconciler() -> "Reconciler":
    """Our orders and fills, to be held against the venue's."""
    from bifrost.execution.reconciling import Reconciler

    return Reconciler(_desk(), venue(), collector(), SystemClock())


@lru_cache
def collector() -> Collector:
    """Reads the venue's reports."""
    return Collector(_desk(), venue(), _journal())


@lru_cache
def venue() -> PaperVenue:
    """The paper venue, over its own connection."""
    return PaperVenue(plugs.venue_database())


def venue_check() -> None:
    """Raise unless the venue answers."""
    venue().find("ready")


@lru_cache
def _desk() -> PostgresDesk:
    return PostgresDesk(plugs.database())


@lru_cache
def _journal() -> Journal:
    return Journal(venue().venue, SystemClock())
