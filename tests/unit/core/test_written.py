"""A number or a date is taken as it is written, or not at all."""

from datetime import date

import pytest

from bifrost.core.written import day_of, is_date, is_decimal, numbered_lines


@pytest.mark.parametrize("text", ["10", "10.50", "-5", "+5", ".5", "5.", "1e5", "1E-400", "0" * 50])
def test_a_decimal_in_plain_digits_is_one(text: str) -> None:
    assert is_decimal(text)


@pytest.mark.parametrize(
    "text",
    ["", "1_0", "\uff11\uff10", "\u0663", " 5 ", "5\n", "1,000", "0x10", "NaN",
     "sNaN", "Infinity", "--5", ".", "1e", "1e9999999999", "5\x00", "\u00bd"],
)  # fmt: skip
def test_what_only_python_reads_as_a_decimal_is_none(text: str) -> None:
    assert not is_decimal(text)


def test_a_date_is_written_in_one_way() -> None:
    assert is_date("2012-01-03")
    for other in (
        "20120103",
        "2012-W01-1",
        "2012-1-3",
        "\uff12\uff10\uff11\uff12-01-03",
        "2012-01-03\n",
        "",
    ):
        assert not is_date(other)


def test_a_day_is_one_that_there_is() -> None:
    assert day_of("2024-02-29") == date(2024, 2, 29)
    for other in ("2023-02-29", "2024-13-01", "0000-01-01", "20240229", "2024-02-29T00:00", ""):
        assert day_of(other) is None


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_lines_keep_the_number_that_a_person_counts(end: str) -> None:
    text = "\ufeff" + end.join(["date,flow", "", '2024-01-02,"1', "  ", "2024-01-03,2", ""])
    assert list(numbered_lines(text)) == [
        (1, "date,flow"),
        (3, '2024-01-02,"1'),
        (5, "2024-01-03,2"),
    ]
