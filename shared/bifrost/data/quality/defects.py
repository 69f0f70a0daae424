"""What may be wrong with a bar, a quote or a session, and what becomes of it.

What blocks is quarantined with its reason and reaches no decision. What is flagged is stored: it
says that something beside the bar is missing or odd, and taking true prices away would help nobody.
"""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class DefectKind(StrEnum):
    """Each kind of defect that the gate knows; its value is what reports say."""

    # One bar, by itself.
    PRICE_NOT_POSITIVE = "price_not_positive"
    PRICE_ORDER = "price_order"
    VOLUME_NEGATIVE = "volume_negative"
    VOLUME_MISSING = "volume_missing"
    # When it says that it was.
    DUPLICATE_TIME = "duplicate_time"
    OUT_OF_ORDER = "out_of_order"
    MISALIGNED = "misaligned"
    OUTSIDE_SESSION = "outside_session"
    SHIFTED_TIME = "shifted_time"
    FUTURE = "future"
    TRADED_IN_HALT = "traded_in_halt"
    # Beside its neighbours.
    SPIKE = "spike"
    BAD_TICK = "bad_tick"
    JUMP = "jump"
    SCALE = "scale"
    MISSED_SPLIT = "missed_split"
    VOLUME_ABSURD = "volume_absurd"
    STALE = "stale"
    REPEATED = "repeated"
    CONSTANT_COLUMN = "constant_column"
    TRUNCATED = "truncated"
    # Quotes and trades.
    SIZE_NOT_POSITIVE = "size_not_positive"
    CROSSED_QUOTE = "crossed_quote"
    CROSSED_MARKET = "crossed_market"
    LOCKED_MARKET = "locked_market"
    STALE_QUOTE = "stale_quote"


# What is stored all the same. A split that nobody announced, a jump that trading confirms and an
# odd volume leave the prices that were traded what they are; rounded prices are near the truth, and
# no bar would be further from it. A quote that stood too long was one when it came. Four judge
# otherwise than their kind: a jump or a split that no later bar confirms yet blocks; flagged are a
# volume that stands still, days at one price of a share that is seldom traded, and a trade far from
# those before it while none has followed.
FLAGGED = frozenset(
    {
        DefectKind.MISSED_SPLIT,
        DefectKind.JUMP,
        DefectKind.VOLUME_MISSING,
        DefectKind.VOLUME_ABSURD,
        DefectKind.TRUNCATED,
        DefectKind.CROSSED_MARKET,
        DefectKind.LOCKED_MARKET,
        DefectKind.STALE_QUOTE,
    }
)


@dataclass(frozen=True, slots=True)
class Defect:
    """One thing that is wrong.

    place: of what is wrong in its series; None for a quote that was stored before.
    blocks: it is quarantined and decides nothing; else it is flagged, and stays.
    at: when it begins (microseconds since 1970).
    session: the session it counts for; None where it is in none.
    """

    kind: DefectKind
    reason: str
    place: int | None = None
    blocks: bool = True
    at: int | None = None
    session: date | None = None
