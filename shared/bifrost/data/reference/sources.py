"""Sources: who tells us of the market, who is believed first, and how many votes a claim has.

Of several that tell one bar the lowest rank stands. A corporate action stands with two votes: a
file that a person imports has them, a vendor needs a second one to agree (in January 2021 one
vendor had GME split, and nobody else).
"""

from collections.abc import Mapping
from dataclasses import dataclass

VOTES_NEEDED = 2


@dataclass(frozen=True, slots=True)
class Source:
    """A row of `data.sources`; rank 1 is believed first."""

    name: str
    rank: int
    votes: int


def source_of(name: str, known: Mapping[str, Source]) -> Source:
    """Return the source of that name; whom nobody ranked is the person who sent the file."""
    return known.get(name) or Source(name, rank=1, votes=VOTES_NEEDED)
