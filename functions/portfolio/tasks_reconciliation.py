"""The reconciliation workflow's steps in portfolio; what they need is loaded with the first."""

from bifrost.core.codec import from_json, to_json
from bifrost.runtime.correlation import correlation_id
from bifrost.runtime.lambda_entry import Payload


def reconcile(given: Payload) -> Payload:
    """Compare the ledger with the venue's statement."""
    from bifrost.portfolio.reconciling import Reconciliation
    from functions.portfolio import wiring_reconciliation

    asked = from_json(Reconciliation, given)
    found = wiring_reconciliation.reconciler().reconcile(
        asked.statement, correlation_id(), is_final=asked.is_final
    )
    answer: Payload = to_json(found)
    return answer


def record_reconciliation(given: Payload) -> Payload:
    """Keep what a comparison left open in every book, and tell of what is new."""
    from bifrost.portfolio.reconciling import Reconciled
    from functions.portfolio import wiring_reconciliation

    asked = from_json(Reconciled, given)
    told = wiring_reconciliation.reconciler().record(
        asked.account_id, asked.breaks, correlation_id()
    )
    return {"told": told}
