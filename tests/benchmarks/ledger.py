"""The books' figures: P&L of a large portfolio, appends by eight writers, a rebuild.

Each beside the same work by an ORM, row by row, on the same server and in turn with ours. The
peer's answers and the books that it leaves have to be ours to the last digit: one that computes
something else would be no peer, and ends the benchmark.
"""

from tests.benchmarks import ledger_appends, ledger_reads, ledger_rebuilds
from tests.benchmarks.report import Row
from tests.benchmarks.server import server


def rows() -> list[Row]:
    """Measure on one server what is read, what is written and what is rebuilt."""
    with server() as addresses:
        return [
            *ledger_reads.rows(addresses),
            *ledger_appends.rows(addresses),
            *ledger_rebuilds.rows(addresses),
        ]
