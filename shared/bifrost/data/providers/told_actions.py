"""What a vendor tells of an issuer's acts: what we can say after it, and what we cannot.

What is left out is named with its reason. A redemption that nobody hears of is a position that is
held for ever; one that is guessed at moves money.
"""

from dataclasses import dataclass
from datetime import date

from bifrost.core.corporate_actions import CorporateAction


@dataclass(frozen=True, slots=True)
class LeftOut:
    """An act of which the vendor told, and that is not taken.

    what: its kind, in the vendor's word. on: the day that the vendor names. why: what keeps us
    from it, and what to do. other_symbol: of a change of name, what it is called besides.
    """

    what: str
    on: date
    why: str
    other_symbol: str = ""

    def __str__(self) -> str:
        return f"{self.what} of {self.on}: {self.why}"


@dataclass(frozen=True, slots=True)
class ActionsTold:
    """All that a vendor tells of an instrument in some days, by ex-date."""

    actions: tuple[CorporateAction, ...]
    left_out: tuple[LeftOut, ...] = ()
