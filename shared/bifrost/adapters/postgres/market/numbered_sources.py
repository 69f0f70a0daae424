"""Sources as rows carry them: by number, and with the rank by which one of several stands."""

import json
from dataclasses import dataclass

import numpy as np

from bifrost.adapters.postgres.database import Cursor
from bifrost.core.errors import FieldProblem, InvalidInputError
from bifrost.data.series.columns import Integers

# Each source's rank by its number, as JSON.
RANKS = "(SELECT jsonb_object_agg(number, rank)::text FROM data.sources)"


@dataclass(frozen=True, slots=True)
class NumberedSource:
    """A source; rank 1 is the best."""

    number: int
    rank: int


def source_of(cursor: Cursor, name: str) -> NumberedSource:
    """Return a source; raise InvalidInputError where data.sources has none of this name."""
    found = {
        row["name"]: NumberedSource(row["number"], row["rank"])
        for row in cursor.execute("SELECT name, number, rank FROM data.sources").fetchall()
    }
    if name not in found:
        message = f"no source is called {name!r}; there are {', '.join(sorted(found))}"
        raise InvalidInputError(FieldProblem("source", message, "name one of these"))
    return found[name]


def ranked(sources: Integers, ranks: bytes | None) -> Integers:
    """Return the rank of each source, by its number; ranks: what RANKS selected."""
    known: dict[str, int] = json.loads(ranks or b"{}")
    by_number = np.zeros(1 + max((int(number) for number in known), default=0), dtype=np.int64)
    for number, rank in known.items():
        by_number[int(number)] = rank
    found: Integers = by_number[sources]
    return found
