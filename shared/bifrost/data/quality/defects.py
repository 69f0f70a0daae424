"""What may be wrong with a bar, a quote or a session, and what becomes of it."""

from dataclasses import dataclass
from enum import StrEnum


class DefectKind(StrEnum):
    """Each kind of defect that the gate knows; its value is what reports say."""

    NOT_A_NUMBER = "not_a_number"


@dataclass(frozen=True, slots=True)
class Defect:
    """One thing that is wrong.

    place: of the bar in its series; None where the defect is of the whole session.
    blocks: it is quarantined and decides nothing; else it is flagged, and stays.
    """

    kind: DefectKind
    reason: str
    place: int | None = None
    blocks: bool = True
