"""The withdrawal workflow's steps in portfolio."""

from bifrost.core.codec import from_json
from bifrost.portfolio.withdrawals import PostWithdrawal, RefuseWithdrawal
from bifrost.runtime.correlation import correlation_id
from bifrost.runtime.lambda_entry import Payload
from functions.portfolio import wiring


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
