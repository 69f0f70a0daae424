"""Compliance's use cases: judge an order by the rules of its date and log it, or only look.

The log's first answer stands, so that a retried task hears it again and a later change of the
rule book or the restricted list never rewrites what was decided.
"""

from bifrost.compliance.ports import Dockets, Facts, Judgement
from bifrost.compliance.rulebook import CODE_VERSION, check
from bifrost.core.codec import to_json
from bifrost.core.decisions import Decision
from bifrost.core.orders import OrderIntent


def check_order(dockets: Dockets, order: OrderIntent) -> Decision:
    """Judge the order by every rule in force on its date, and log the decision."""
    with dockets.open() as docket:
        facts = docket.facts(order)
        if facts.answered is not None:
            return facts.answered
        return docket.keep(order, judge(order, facts))


def preview(dockets: Dockets, order: OrderIntent) -> Decision:
    """Judge the order and write nothing."""
    with dockets.open() as docket:
        return judge(order, docket.facts(order)).decision


def judge(order: OrderIntent, facts: Facts) -> Judgement:
    """Decide, and say by what."""
    inputs = {"order": order, "rules": facts.rules, "circumstances": facts.circumstances}
    return Judgement(
        decision=check(order, facts.rules, facts.circumstances),
        rules=facts.rules,
        inputs=to_json(inputs),
        code_version=CODE_VERSION,
    )
