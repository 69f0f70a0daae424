"""No bar gets past the gate: who writes one is listed here, and why it need not ask."""

import re

from tests.architecture.project import name_of, sources

MARKET = "shared/bifrost/adapters/postgres/market"

# The statements that write bars, and who runs them.
WRITES = {
    r"(INSERT INTO|COPY) data\.(bars|intraday_rows)\b": {
        "shared/bifrost/adapters/postgres/bars.py",  # a file's rows, to the last digit
        f"{MARKET}/series_daily.py",
        f"{MARKET}/series_intraday.py",
    },
    r"\bput_bars\(": {
        "shared/bifrost/adapters/postgres/bars.py",
        f"{MARKET}/row_books.py",  # by `taking.take`
    },
    r"PostgresSeries\([^)]*\)\.put\(": {
        f"{MARKET}/taking.py",  # by `taking.take`
        f"{MARKET}/rollups.py",  # made of minutes that passed
    },
    # What a person releases, and repairs, which are weighed instead.
    r"^def append_past_gate\b|\bimport append_past_gate\b": {
        f"{MARKET}/released_bars.py",
        f"{MARKET}/repairs.py",
    },
}


def test_bars_are_written_by_those_who_passed_the_gate_or_need_not() -> None:
    for statement, allowed in WRITES.items():
        found = {
            name_of(path)
            for path in sources()
            if "/migrations/" not in str(path)
            and re.search(statement, path.read_text(), re.MULTILINE)
        }

        assert found == allowed, statement
