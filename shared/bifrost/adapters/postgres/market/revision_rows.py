"""Rows of bars as columns: what is selected of them, and how numpy reads the answer."""

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from bifrost.adapters.postgres.database import Cursor
from bifrost.adapters.postgres.market.binary import (
    EPOCH,
    read_instants,
    read_integers,
    read_smalls,
)
from bifrost.adapters.postgres.market.numbered_sources import ranked
from bifrost.data.series.columns import BarColumns
from bifrost.data.series.revisions import Revisions

# What is selected of rows `b` of data.intraday_rows, and how many columns that are.
AGGREGATED = """
array_agg(b.occurred_at), array_agg(b.open), array_agg(b.high), array_agg(b.low),
array_agg(b.close), array_agg(b.volume), array_agg(b.recorded_at), array_agg(b.source)"""
WIDTH = 8

Cells: TypeAlias = Sequence[bytes | None]


def asked_for(cursor: Cursor, query: str, values: Mapping[str, object]) -> list[Cells]:
    """Run a query and return its rows as the server wrote them, in binary."""
    result = cursor.execute(query, values, binary=True).pgresult
    if result is None:
        raise AssertionError("a query has an answer")
    width = result.nfields
    return [
        [result.get_value(row, place) for place in range(width)] for row in range(result.ntuples)
    ]


def revisions_of(cells: Cells, ranks: bytes | None) -> Revisions:
    """Read AGGREGATED; ranks: what `numbered_sources.RANKS` selected."""
    starts, recorded = read_instants(cells[0]), read_instants(cells[6])
    bars = BarColumns(starts, *(read_integers(cells[place]) for place in range(1, 6)))
    return Revisions(bars, ranked(read_smalls(cells[7]), ranks), recorded)


def read_instant(cell: bytes | None) -> int | None:
    """Read one timestamptz, in microseconds since 1970."""
    if cell is None:
        return None
    return int.from_bytes(cell, "big", signed=True) + EPOCH
