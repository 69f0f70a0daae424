"""No amount of money passes a float on its way through the ledger's rooms."""

import re

from tests.architecture.exact_money import (
    ALLOWED,
    STATISTICS,
    floats,
    ledger_files,
    readers_of_statistics,
)
from tests.architecture.project import ROOT


def test_no_float_in_a_room_that_touches_amounts() -> None:
    assert floats(ledger_files()) == []


def test_every_exception_is_still_needed() -> None:
    for file, names in ALLOWED.items():
        text = (ROOT / file).read_text()

        assert [name for name in names if not re.search(rf"\b{name}\b", text)] == [], file


def test_no_statistic_comes_back_to_a_room_that_touches_amounts() -> None:
    assert all((ROOT / folder).is_dir() for folder in STATISTICS)
    assert readers_of_statistics(ledger_files()) == []
