"""Execution, as Step Functions, the clock, its queue and API Gateway call it."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bifrost.core.codec import from_json, to_json
from bifrost.core.decisions import Reason
from bifrost.core.orders import OrderIntent
from bifrost.runtime import plugs
from bifrost.runtime.correlation import correlation_id
from bifrost.runtime.lambda_entry import Listeners, Payload, Tasks, lambda_entry
from bifrost.runtime.sweeps import Sweep, alarm
from functions.execution import wiring

if TYPE_CHECKING:
    from bifrost.events import (
        AccountOpened,
        BarClosed,
        CashChanged,
        CashDeposited,
        CashWithdrawn,
        CorporateActionAnnounced,
        CorporateActionCorrected,
        InstrumentListed,
        StrategyChanged,
    )


@dataclass(frozen=True, slots=True)
class Submission:
    """Input of `submit`."""

    order_id: str


@dataclass(frozen=True, slots=True)
class GateCheck:
    """Input of `check_gate`; the gate answers a preview and a live order alike."""

    order: OrderIntent
    mode: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """Input of `refuse`."""

    order_id: str
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class StatementOf:
    """Input of `statement`."""

    account_id: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """Input of `reconcile`; one that is not final writes down nothing new."""

    account_id: str
    is_final: bool = True


def submit(given: Payload) -> Payload:
    """Send an order that has passed the checks."""
    answer: Payload = to_json(wiring.sender().submit(from_json(Submission, given).order_id))
    return answer


def check_gate(given: Payload) -> Payload:
    """Ask the last gate without passing it."""
    decision = wiring.orders().check_gate(from_json(GateCheck, given).order)
    return {"accepted": decision.accepted, "reasons": to_json(decision.reasons)}


def refuse(given: Payload) -> Payload:
    """End an order that a check refused."""
    asked = from_json(Refusal, given)
    answer: Payload = to_json(wiring.orders().refuse(asked.order_id, asked.reasons))
    return answer


def sweep(given: Payload) -> Payload:
    """Move what was left lying to its next step, and go on with a round of reconciliations."""
    swept = wiring.sweeper().sweep(from_json(Sweep, given).patience)
    alarm("execution", swept)
    started = wiring.statements().carry_on(correlation_id())["started"]
    started += wiring.comparing().start_due(correlation_id())
    return {**swept, "reconciliations_started": started} if started else dict(swept)


def statement(given: Payload) -> Payload:
    """Read the venue's statement of an account."""
    return wiring.statements().statement(from_json(StatementOf, given).account_id)


def reconcile(given: Payload) -> Payload:
    """Compare our orders and fills with the venue's."""
    asked = from_json(Comparison, given)
    found = wiring.reconciler().reconcile(asked.account_id, is_final=asked.is_final)
    answer: Payload = to_json(found)
    return answer


def conclude(given: Payload) -> Payload:
    """End a comparison: stop an account that is too far apart, and go on with newer fills."""
    from bifrost.execution.comparing import Conclusion

    asked = from_json(Conclusion, given)
    return wiring.comparing().conclude(asked.account_id, asked.breaks, correlation_id())


def reconcile_all(_: Payload) -> Payload:
    """Start the comparison of every account's books with the venue's; sweeps start the rest."""
    return wiring.statements().reconcile_all(correlation_id())


def hear_account_opened(event: "AccountOpened") -> None:
    """Open the account at the venue and here."""
    wiring.listener().on_account_opened(event)


def hear_instrument_listed(event: "InstrumentListed") -> None:
    """Know the instrument."""
    wiring.listener().on_instrument_listed(event)


def hear_strategy_changed(event: "StrategyChanged") -> None:
    """Know the strategy."""
    wiring.listener().on_strategy_changed(event)


def hear_bar_closed(event: "BarClosed") -> None:
    """Let the venue trade against the bar."""
    wiring.listener().on_bar_closed(event)
    # After the commit: what it filled is compared, and a fill waits for no comparison.
    wiring.comparing().after_bar(event.bar.session, correlation_id())


def hear_cash_deposited(event: "CashDeposited") -> None:
    """Fund the venue's account."""
    wiring.listener().on_cash_deposited(event)


def hear_cash_withdrawn(event: "CashWithdrawn") -> None:
    """Draw on the venue's account."""
    wiring.listener().on_cash_withdrawn(event)


def hear_cash_changed(event: "CashChanged") -> None:
    """Book a dividend, a fee or their like at the venue."""
    wiring.listener().on_cash_changed(event)


def hear_corporate_action(event: "CorporateActionAnnounced | CorporateActionCorrected") -> None:
    """Let the venue know what an issuer does to its shares."""
    wiring.listener().on_corporate_action(event)


TASKS: Tasks = {
    "submit": submit,
    "check_gate": check_gate,
    "refuse": refuse,
    "sweep": sweep,
    "statement": statement,
    "reconcile": reconcile,
    "conclude": conclude,
    "reconcile_all": reconcile_all,
}
LISTENERS: Listeners = {
    "AccountOpened.v1": hear_account_opened,
    "InstrumentListed.v1": hear_instrument_listed,
    "StrategyChanged.v1": hear_strategy_changed,
    "BarClosed.v1": hear_bar_closed,
    "CashDeposited.v1": hear_cash_deposited,
    "CashWithdrawn.v1": hear_cash_withdrawn,
    "CashChanged.v1": hear_cash_changed,
    "CorporateActionAnnounced.v1": hear_corporate_action,
    "CorporateActionCorrected.v1": hear_corporate_action,
}
handler = lambda_entry("execution", tasks=TASKS, listeners=LISTENERS, relay=plugs.relay)
