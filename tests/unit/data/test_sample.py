"""The sample is real, complete and exact: no row is rejected and no price passed a float."""

from collections import Counter
from datetime import date
from decimal import Decimal

import pytest

from bifrost.adapters.calendars import xnys
from bifrost.data.files.bar_file import BarFile, read_bars
from bifrost.data.files.imports import StoredObject, symbol_of
from bifrost.data.files.instrument_file import read_instruments
from bifrost.local.sample import INSTRUMENTS, sample_objects


@pytest.fixture(scope="module")
def objects() -> dict[str, bytes]:
    """The sample's objects by key."""
    return dict(sample_objects())


@pytest.fixture(scope="module")
def files(objects: dict[str, bytes]) -> dict[str, BarFile]:
    """The sample's bars by symbol, as the import reads them."""
    sessions = frozenset(one.session for one in xnys.sessions())
    return {
        symbol: read_bars(content, sessions)
        for key, content in objects.items()
        if (symbol := symbol_of(StoredObject(key, "etag", len(content)))) is not None
    }


def test_instruments_come_first_and_all_are_listed(objects: dict[str, bytes]) -> None:
    key = next(iter(objects))
    named, rejected = read_instruments(objects[key])

    assert key == "instruments/sample.csv"
    assert set(named) == set(INSTRUMENTS)
    assert rejected == []


def test_every_bar_of_the_sample_is_good(files: dict[str, BarFile]) -> None:
    assert Counter({symbol: len(file.rows) for symbol, file in files.items()}) == {
        "AAPL": 3270,
        "IBM": 3270,
        "MSFT": 3270,
        "GOOG": 2148,
    }
    assert all(file.rejected == [] for file in files.values())


def test_bar_of_a_known_day_is_the_one_that_was_traded(files: dict[str, BarFile]) -> None:
    bar = files["AAPL"].rows[date(2012, 1, 3)]

    assert (bar.open, bar.high, bar.low, bar.close) == (
        Decimal("409.40"),
        Decimal("412.50"),
        Decimal("409.00"),
        Decimal("411.23"),
    )
