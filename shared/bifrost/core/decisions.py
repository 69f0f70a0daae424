"""What a rule answered: values, not sentences; the edge makes the sentence."""

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Reason:
    """One broken rule.

    rule: the rule's name, e.g. `order_notional`; `runtime.reasons` words it.
    limit, value: what was allowed and what was asked, in `unit` (a currency, `shares`, `price`).
    headroom: what would still have passed; None where the rule knows no amount.
    subject: what it is about where that is not the order (a restricted instrument, a dependency).
    """

    rule: str
    limit: Decimal | None = None
    value: Decimal | None = None
    headroom: Decimal | None = None
    unit: str = ""
    subject: str = ""


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether the order may go on and, if not, every reason why."""

    reasons: tuple[Reason, ...] = ()

    @property
    def accepted(self) -> bool:
        """No rule was broken."""
        return not self.reasons
