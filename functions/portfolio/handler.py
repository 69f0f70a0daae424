"""Portfolio, as Step Functions, its queue and API Gateway call it."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bifrost.core.codec import from_json, to_json
from bifrost.portfolio.withdrawals import PostWithdrawal, RefuseWithdrawal
from bifrost.runtime.correlation import correlation_id
from bifrost.runtime.lambda_entry import Listeners, Payload, Tasks, lambda_entry
from bifrost.runtime.plugs import relay
from bifrost.runtime.sweeps import Sweep, alarm
from functions.portfolio import wiring

if TYPE_CHECKING:
    from bifrost.events import (
        BarClosed,
        CorporateActionAnnounced,
        CorporateActionCorrected,
        FillRecorded,
        InstrumentListed,
    )


@dataclass(frozen=True, slots=True)
class RebuildWork:
    """Input of `rebuild`."""

    rebuild_id: str


@dataclass(frozen=True, slots=True)
class FailedRebuild:
    """Input of `fail_rebuild`; error is the name of what ended the work."""

    rebuild_id: str
    error: str


def post_withdrawal(given: Payload) -> Payload:
    """Write a reserved withdrawal into the ledger."""
    posted = wiring.withdrawals().post(from_json(PostWithdrawal, given), correlation_id())
    return {
        "withdrawal_id": posted.withdrawal_id,
        "status": posted.status.value,
        "transaction_id": posted.transaction_id,
        "event_id": posted.event_id,
    }


def refuse_withdrawal(given: Payload) -> Payload:
    """End a withdrawal that may not be."""
    refused = wiring.withdrawals().refuse(from_json(RefuseWithdrawal, given))
    return {"withdrawal_id": refused.withdrawal_id, "status": refused.status.value}


def rebuild(given: Payload) -> Payload:
    """Rebuild an account's books and compare; minutes, for a long account."""
    rebuild_id = from_json(RebuildWork, given).rebuild_id
    return {"rebuild_id": rebuild_id, "done": wiring.rebuilding().run(rebuild_id)}


def fail_rebuild(given: Payload) -> Payload:
    """End a rebuild whose work ended with an error."""
    asked = from_json(FailedRebuild, given)
    return {"state": wiring.rebuilds().fail(asked.rebuild_id, asked.error).value}


def sweep(given: Payload) -> Payload:
    """Bring withdrawals whose workflow died to their end, and accounts to the market's session.

    Rebuilds whose workflow died have failed.
    """
    given_up = wiring.rebuilds().sweep(from_json(Sweep, given).patience)
    alarm("portfolio", {"rebuilds_given_up": given_up})
    ended = wiring.withdrawals().sweep(correlation_id())
    try:
        followed = wiring.corporate_acts().sweep(correlation_id())
    finally:
        # What the schedule after the close did not reach, and the sessions of a replay; an account
        # that does not follow keeps no other from it.
        recorded = wiring.recorder().record(correlation_id())
    return {
        "rebuilds_given_up": given_up,
        "ended": ended,
        "followed": followed,
        "valuations": recorded.valuations,
    }


def record_valuations(_: Payload) -> Payload:
    """Record what accounts were worth at the close of each session that is complete."""
    answer: Payload = to_json(wiring.recorder().record(correlation_id()))
    return answer


def reconcile(given: Payload) -> Payload:
    """Compare the ledger with the venue's statement."""
    from bifrost.portfolio.reconciling import Reconciliation

    asked = from_json(Reconciliation, given)
    found = wiring.reconciler().reconcile(
        asked.statement, correlation_id(), is_final=asked.is_final
    )
    answer: Payload = to_json(found)
    return answer


def record_reconciliation(given: Payload) -> Payload:
    """Keep what a comparison left open in every book, and tell of what is new."""
    from bifrost.portfolio.reconciling import Reconciled

    asked = from_json(Reconciled, given)
    told = wiring.reconciler().record(asked.account_id, asked.breaks, correlation_id())
    return {"told": told}


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
