"""Alpaca's trading statuses, read: what halts, what resumes, and what is neither."""

import pytest

from bifrost.adapters.vendors.alpaca_messages import read
from bifrost.data.streaming.messages import StatusTold
from tests.twins.alpaca_stream import stamp

AT = 1_700_000_000_000_000


def told(code: str, why: str) -> StatusTold | None:
    """Read a status."""
    said = {"sm": "", "rc": why, "rm": "", "t": stamp(AT), "z": "C"}
    found = read({"T": "s", "S": "AAPL", "sc": code, **said}, "AAPL")
    assert found is None or isinstance(found, StatusTold)
    return found


@pytest.mark.parametrize(
    ("code", "why", "is_halted"),
    [
        ("H", "T1", True),
        ("H", "MWC1", True),
        ("P", "LUDP", True),
        ("2", "M", True),
        ("2", "P", True),
        ("T", "T3", False),
        ("3", "", False),
    ],
)
def test_halts_pauses_and_resumptions_are_told_with_their_code(
    code: str, why: str, is_halted: bool
) -> None:
    found = told(code, why)

    assert found == StatusTold("AAPL", AT, is_halted, reason="", code=why)


@pytest.mark.parametrize(
    ("code", "why"),
    [("Q", "T3"), ("5", ""), ("E", ""), ("F", ""), ("2", "I"), ("2", "X"), ("2", "Y")],
)
def test_what_only_quotes_again_and_what_one_floor_alone_stops_changes_nothing(
    code: str, why: str
) -> None:
    assert told(code, why) is None
