"""Portfolio, as Step Functions, its queue and API Gateway call it."""

from typing import TYPE_CHECKING

from bifrost.core.codec import to_json
from bifrost.runtime.correlation import correlation_id
from bifrost.runtime.lambda_entry import Listeners, Payload, Tasks, lambda_entry
from bifrost.runtime.plugs import relay
from functions.portfolio import wiring
from functions.portfolio.tasks_rebuilds import fail_rebuild, give_up_dead, rebuild
from functions.portfolio.tasks_reconciliation import reconcile, record_reconciliation
from functions.portfolio.tasks_withdrawals import post_withdrawal, refuse_withdrawal

if TYPE_CHECKING:
    from bifrost.events import (
        BarClosed,
        CorporateActionAnnounced,
        CorporateActionCorrected,
        FillRecorded,
        InstrumentListed,
    )


def sweep(given: Payload) -> Payload:
    """Bring withdrawals whose workflow died to their end; rebuilds whose workflow died failed."""
    given_up = give_up_dead(given)
    ended = wiring.withdrawals().sweep(correlation_id())
    # What the schedule after the close did not reach, and the sessions of a replay.
    recorded = wiring.recorder().record(correlation_id())
    return {"rebuilds_given_up": given_up, "ended": ended, "valuations": recorded.valuations}


def follow_actions(_: Payload) -> Payload:
    """Bring accounts to the market's session, and right where a listener's time was too short."""
    return {"followed": wiring.corporate_acts().sweep(correlation_id())}


def record_valuations(_: Payload) -> Payload:
    """Record what accounts were worth at the close of each session that is complete."""
    answer: Payload = to_json(wiring.recorder().record(correlation_id()))
    return answer


def hear_fill(event: "FillRecorded") -> None:
    """Book what the venue traded for us."""
    wiring.portfolio().hear_fill(event)


def hear_bar(event: "BarClosed") -> None:
    """Keep the market's price."""
    wiring.portfolio().hear_bar(event)


def hear_action(event: "CorporateActionAnnounced | CorporateActionCorrected") -> None:
    """Apply, correct or undo a corporate action wherever its day has come."""
    wiring.corporate_acts().hear(event)


def hear_instrument(event: "InstrumentListed") -> None:
    """Know what can be watched."""
    wiring.ownership().hear_instrument(event)


TASKS: Tasks = {
    "post_withdrawal": post_withdrawal,
    "refuse_withdrawal": refuse_withdrawal,
    "rebuild": rebuild,
    "fail_rebuild": fail_rebuild,
    "sweep": sweep,
    "follow_actions": follow_actions,
    "record_valuations": record_valuations,
    "reconcile": reconcile,
    "record_reconciliation": record_reconciliation,
}
LISTENERS: Listeners = {
    "FillRecorded.v1": hear_fill,
    "BarClosed.v1": hear_bar,
    "InstrumentListed.v1": hear_instrument,
    "CorporateActionAnnounced.v1": hear_action,
    "CorporateActionCorrected.v1": hear_action,
}
handler = lambda_entry("portfolio", tasks=TASKS, listeners=LISTENERS, relay=relay)
