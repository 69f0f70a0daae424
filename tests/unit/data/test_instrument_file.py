"""A file of instruments lists what may be traded, or says of each row why not."""

from decimal import Decimal

import pytest

from bifrost.core.errors import InvalidInputError
from bifrost.core.instruments import Instrument
from bifrost.data.files.instrument_file import read_instruments

HEADER = "symbol,mic,currency,tick_size,lot_size,name"
GOOD = "AAPL,XNAS,USD,0.01,1,Apple Inc."


def test_name_with_a_comma_is_read() -> None:
    named, rejected = read_instruments(f'{HEADER}\nGOOGL,XNAS,USD,0.01,1,"Alphabet, Inc."'.encode())

    assert rejected == []
    assert named["GOOGL"] == Instrument(
        "GOOGL", "XNAS", "USD", Decimal("0.01"), Decimal(1), "Alphabet, Inc."
    )


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ("aapl,XNAS,USD,0.01,1,Apple", "symbol 'aapl' is not"),
        ("A/PL,XNAS,USD,0.01,1,Apple", "symbol 'A/PL' is not"),
        ("SAP,XETR,EUR,0.01,1,SAP SE", "mic 'XETR' is not one of XNYS, XNAS"),
        ("IBM,XNYS,usd,0.01,1,IBM", "currency 'usd' is not"),
        ("IBM,XNYS,USD,0,1,IBM", "must be positive"),
        ("IBM,XNYS,USD,-0.01,1,IBM", "tick_size '-0.01' is not"),
        ("IBM,XNYS,USD,NaN,1,IBM", "tick_size 'NaN' is not"),
        ("IBM,XNYS,USD,0.01,0.00,IBM", "must be positive"),
        ("IBM,XNYS,USD,0.01,1,", "name '' is not"),
        ("IBM,XNYS,USD,0.01,1", "it has 5 fields"),
        (GOOD, "symbol AAPL stands above already"),
        ('IBM,XNYS,USD,0.01,1,"IBM', "unexpected end of data"),
    ],
)
def test_row_that_cannot_be_listed_is_rejected_with_its_reason(row: str, why: str) -> None:
    named, (rejected,) = read_instruments(f"{HEADER}\n{GOOD}\n{row}".encode())

    assert list(named) == ["AAPL"]
    assert (rejected.line, rejected.text) == (3, row)
    assert why in rejected.reason


@pytest.mark.parametrize("content", [b"", b"symbol,name\nAAPL,Apple", HEADER.encode()])
def test_file_that_is_not_one_fails_as_a_whole(content: bytes) -> None:
    with pytest.raises(InvalidInputError):
        read_instruments(content)
