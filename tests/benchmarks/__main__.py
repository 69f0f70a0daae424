"""Run the benchmarks: `python -m tests.benchmarks [decisions ledger market cold sizes help up]`.

Prints one JSON object: the machine and a row per figure, each beside its peer of the same run.
"""

import json
import sys

from tests.benchmarks import cold, decisions, ledger, market, sizes, start
from tests.benchmarks.report import machine

MEASURES = {
    "decisions": decisions.rows,
    "ledger": ledger.rows,
    "market": market.rows,
    "cold": cold.rows,
    "sizes": sizes.rows,
    "help": start.help_rows,
    "up": start.up_rows,
}


def main(wanted: list[str]) -> int:
    """Run what is wanted, or everything; 2 for a name that there is not."""
    unknown = sorted(set(wanted) - set(MEASURES))
    if unknown:
        print(f"no measure is called {', '.join(unknown)}; there are {', '.join(MEASURES)}",
              file=sys.stderr)  # fmt: skip
        return 2
    rows = []
    for name, measure in MEASURES.items():
        if not wanted or name in wanted:
            print(f"measuring {name}", file=sys.stderr, flush=True)
            rows += [{"group": name, **row.to_json()} for row in measure()]
    print(json.dumps({"machine": machine(), "rows": rows}))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
