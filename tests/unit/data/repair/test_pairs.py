"""Ten vendor's files with faults, each beside the file as people mended it.

Every fault is found, what is repaired equals the mended file within its rounding, the mended file
is left alone, and so is what was repaired.
"""

from datetime import date

import numpy as np
import pytest

from bifrost.data.repair.examining import Examined, examine
from bifrost.data.repair.findings import RepairKind
from bifrost.data.repair.vendor_series import VendorSeries
from bifrost.data.repair.yahoo_file import read_yahoo
from tests.shared_data import shared_data
from tests.unit.data.repair.comparing import differing

PAIRS = {
    "1398-HK-1d-bad-div": {RepairKind.DIVIDEND_NOT_ADJUSTED},
    "4063-T-1d-bad-stock-split": {RepairKind.SPLIT_NOT_APPLIED},
    "ABDP-L-1d-bad-div": {RepairKind.DIVIDEND_UNIT_ERROR},
    "AET-L-1d-100x-error": {RepairKind.UNIT_ERROR},
    "ALPHA-PA-1d-bad-stock-split": {RepairKind.SPLIT_NOT_APPLIED},
    "DEX-AX-1d-bad-stock-split": {RepairKind.SPLIT_NOT_APPLIED},
    "KAP-IL-1d-bad-div": {RepairKind.DUPLICATE_DIVIDEND},
    "MOB-ST-1d-bad-stock-split": {RepairKind.SPLIT_NOT_APPLIED},
    "SAND-1d-bad-div": {RepairKind.DUPLICATE_DIVIDEND},
    "TEM-L-1d-bad-div": {RepairKind.DUPLICATE_DIVIDEND, RepairKind.ADJUSTED_CLOSE},
}


def read(name: str) -> VendorSeries:
    return read_yahoo(shared_data(f"yahoo_bad_vs_fixed/{name}.csv").read_text())


@pytest.fixture(params=sorted(PAIRS))
def pair(request: pytest.FixtureRequest) -> tuple[str, Examined, VendorSeries]:
    name: str = request.param
    return name, examine(read(name)), read(f"{name}-fixed")


def test_each_fault_is_found_by_its_kind(pair: tuple[str, Examined, VendorSeries]) -> None:
    name, examined, _ = pair

    assert {repair.kind for repair in examined.repairs} == PAIRS[name]


def test_what_is_repaired_equals_the_mended_file(
    pair: tuple[str, Examined, VendorSeries],
) -> None:
    _, examined, mended = pair

    assert not differing(examined.repaired, mended)


def test_each_repair_is_sure_enough_to_be_made_without_a_person(
    pair: tuple[str, Examined, VendorSeries],
) -> None:
    _, examined, _ = pair

    assert all(repair.is_sure for repair in examined.repairs), examined.repairs


def test_a_mended_file_is_left_alone(pair: tuple[str, Examined, VendorSeries]) -> None:
    _, _, mended = pair

    again = examine(mended)

    assert not again.repairs
    assert not again.claims


def test_repairing_what_was_repaired_finds_nothing(
    pair: tuple[str, Examined, VendorSeries],
) -> None:
    _, examined, _ = pair

    again = examine(examined.repaired)

    assert not again.repairs
    assert not again.claims


def test_each_repair_says_what_where_and_why(pair: tuple[str, Examined, VendorSeries]) -> None:
    _, examined, _ = pair

    for repair in examined.repairs:
        assert 0 < repair.score <= 1
        assert any(character.isdigit() for character in repair.reason)
        assert repair.method
        for change in repair.changes:
            assert len(change.sessions) == len(change.raw) == len(change.repaired) > 0
            assert (change.raw != change.repaired).all()


def test_a_repair_is_the_same_when_nothing_later_was_known(
    pair: tuple[str, Examined, VendorSeries],
) -> None:
    name, examined, _ = pair
    whole = read(name)
    last = max(repair.known_from for repair in examined.repairs)

    at_the_time = examine(whole.until(np_day(last)))

    assert [r.kind for r in at_the_time.repairs] == [r.kind for r in examined.repairs]


def np_day(day: date) -> np.datetime64:
    return np.datetime64(day.isoformat(), "D")
