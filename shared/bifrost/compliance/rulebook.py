"""The rule book: which rules bind an order on its date, and what each says of it.

Pure. The dated rows say which rule was in force in which version; the code that judges by it is
found here by the rule's id. A row without code, or a day without rows, is a fault of the book
and lets nothing pass.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from bifrost.core.decisions import Decision, Reason
from bifrost.core.errors import UnavailableError
from bifrost.core.orders import OrderIntent
from bifrost.core.sessions import exchange_date

# Kept with every decision; raised with every change that could alter an answer.
CODE_VERSION = "compliance.rulebook/1"


@dataclass(frozen=True, slots=True)
class Rule:
    """One version of a rule.

    effective_until: the first date on which it no longer holds; None while it does.
    source: the law, or who decided it. profile: the broker's reading of it.
    """

    rule_id: str
    version: int
    effective_from: date
    effective_until: date | None
    source: str
    profile: str


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What the rules look at besides the order.

    restricted_entries: ids of the restricted list's rows that hit the order on its date.
    """

    restricted_entries: tuple[int, ...]


def effective_date(order: OrderIntent) -> date:
    """Return the exchange's date, by whose rules the order is judged."""
    return exchange_date(order.occurred_at)


def check(order: OrderIntent, rules: Sequence[Rule], circumstances: Circumstances) -> Decision:
    """Return every rule of `rules` that the order breaks.

    Raises UnavailableError where no rule is in force: an order nobody can judge does not pass.
    """
    if not rules:
        raise UnavailableError(f"the rule book is empty on {effective_date(order)}")
    found = (_JUDGES[rule.rule_id](order, circumstances) for rule in rules)
    return Decision(tuple(reason for reason in found if reason is not None))


def _restricted_list(order: OrderIntent, circumstances: Circumstances) -> Reason | None:
    """Say that the instrument is restricted, and not why: the why is itself confidential."""
    if not circumstances.restricted_entries:
        return None
    return Reason("restricted_list", subject=order.instrument)


_JUDGES: Mapping[str, Callable[[OrderIntent, Circumstances], Reason | None]] = {
    "restricted_list": _restricted_list,
}
