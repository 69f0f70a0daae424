"""Risk's use cases: judge and reserve an order or a withdrawal, or only look; reconcile.

The answer is stored in the transaction that reserves, so that a retried task, which cannot know
whether its first try was kept, hears the first answer again.
"""

from datetime import datetime

from bifrost.core.breaks import Compared, is_settled
from bifrost.core.codec import to_json
from bifrost.core.decisions import Decision
from bifrost.core.orders import OrderIntent
from bifrost.core.statements import VenueStatement
from bifrost.risk.limits import CODE_VERSION, check, check_withdrawal, reserve_per_share
from bifrost.risk.ports import (
    Comparisons,
    Facts,
    Judgement,
    OrderGates,
    Withdrawal,
    WithdrawalGates,
)
from bifrost.risk.reconciliation import differences_between


def check_and_reserve(gates: OrderGates, order: OrderIntent) -> Decision:
    """Judge the order by every limit and, if it passes, reserve what it may cost."""
    with gates.locked(order.account_id) as gate:
        facts = gate.facts(order)
        if facts.answered is not None:
            return facts.answered
        stands = gate.keep(order, judge(order, facts))
    return stands()


def preview(gates: OrderGates, order: OrderIntent) -> Decision:
    """Judge the order as it stands now; nothing is written and nobody waits."""
    with gates.glance() as gate:
        return judge(order, gate.facts(order)).decision


def judge(order: OrderIntent, facts: Facts) -> Judgement:
    """Decide, and say by what."""
    exposure, limits = facts.exposure, facts.limits
    return Judgement(
        decision=check(order, exposure, limits),
        limits=limits,
        reserve_per_share=reserve_per_share(order, exposure.mark, limits),
        inputs=to_json({"order": order, "exposure": exposure, "limits": limits}),
        code_version=CODE_VERSION,
    )


def reserve_withdrawal(gates: WithdrawalGates, withdrawal: Withdrawal) -> Decision:
    """Hold the cash if nothing else has a claim on it."""
    with gates.locked(withdrawal.account_id) as gate:
        free = gate.free_cash(withdrawal)
        if free.answered is not None:
            return free.answered
        decision = check_withdrawal(withdrawal.amount, withdrawal.currency, free.buying_power)
        return gate.keep(withdrawal, decision)


def reconcile(
    comparisons: Comparisons, statement: VenueStatement, at: datetime, *, is_final: bool = True
) -> Compared:
    """Hold risk's exposures against the venue's statement; return what is open.

    is_final: write what is new down; otherwise it is left to the comparison that follows.
    """
    with comparisons.locked(statement.account_id) as comparison:
        found = differences_between(comparison.holdings(statement.currency), statement)
        known = comparison.open_breaks()
        settled = is_settled(((one.kind.value, one.subject) for one in found), known)
        if not settled and not is_final:
            return Compared(tuple(known), is_settled=False)
        return Compared(tuple(comparison.see(found, at)), is_settled=True)
