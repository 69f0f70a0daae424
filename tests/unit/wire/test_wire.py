"""A number or a date is read only as a person reads it, and shown as its reader was promised."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from bifrost.core.decisions import Reason
from bifrost.wire.dates import AsOf, AsOfClock, MarketDate, as_of
from bifrost.wire.identifiers import Identifier
from bifrost.wire.instants import Instant
from bifrost.wire.moments import Moment
from bifrost.wire.numbers import ExactDecimal, PlainDecimal
from bifrost.wire.pages import page_of
from bifrost.wire.reasons import ReasonSheet, ReasonView

EXACT: TypeAdapter[Decimal] = TypeAdapter(ExactDecimal)
PLAIN: TypeAdapter[Decimal] = TypeAdapter(PlainDecimal)
DATES: TypeAdapter[date] = TypeAdapter(MarketDate)
INSTANTS: TypeAdapter[datetime] = TypeAdapter(Instant)
MOMENTS: TypeAdapter[date | datetime] = TypeAdapter(Moment)
IDS: TypeAdapter[str] = TypeAdapter(Identifier)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("0001-01-01T00:00:00Z", "in a year from 1 to 9999"),
        ("9999-12-31T23:59:59-14:00", "in a year from 1 to 9999"),
        ("2026-02-30T00:00:00Z", "of a day and a time that there are"),
        ("2026-01-05T15:30:00.1234567890Z", "at most 6 digits after the second's point"),
        ("2026-01-05T15:30:00", "an instant with its offset"),
        ("2026-01-05", "an instant with its offset"),
        (5, "an instant with its offset"),
    ],
)
def test_an_instant_that_is_none_says_why(text: Any, why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        INSTANTS.validate_python(text)


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00Z", "2026-01-05T15:30:00.1234567Z"])
def test_a_moment_that_is_none_says_why_as_an_instant_does(text: str) -> None:
    with pytest.raises(ValidationError, match=r"in a year from 1 to 9999|at most 6 digits"):
        MOMENTS.validate_python(text)


@pytest.mark.parametrize("number", [10, 10.5, True, None, "1_0", " 5", "NaN", "Infinity", "٣", ""])
@pytest.mark.parametrize("decimals", [EXACT, PLAIN], ids=["exact", "plain"])
def test_what_is_no_decimal_in_a_string_is_refused(
    decimals: TypeAdapter[Decimal], number: Any
) -> None:
    with pytest.raises(ValidationError) as refused:
        decimals.validate_python(number)

    (error,) = refused.value.errors()
    assert (error["type"], error["msg"]) == ("decimal_type", "must be a decimal in a string")


def test_a_number_longer_than_any_book_keeps_is_refused_by_its_length() -> None:
    longest = "1." + "0" * 62

    assert EXACT.validate_python(longest) == 1
    with pytest.raises(ValidationError, match="must be written in 64 characters"):
        EXACT.validate_python(longest + "0")


@pytest.mark.parametrize(
    ("number", "exact", "plain"),
    [("410.50", "410.50", "410.5"), ("1E+3", "1000", "1000"), ("0E-8", "0.00000000", "0"),
     ("-0.10", "-0.10", "-0.1"), (".5", "0.5", "0.5")],
)  # fmt: skip
def test_a_decimal_is_shown_as_it_is_kept_or_plain(number: str, exact: str, plain: str) -> None:
    assert EXACT.dump_python(EXACT.validate_python(number), mode="json") == exact
    assert PLAIN.dump_python(PLAIN.validate_python(number), mode="json") == plain


@pytest.mark.parametrize(
    "day", ["2012-W01-1", "20120103", "2012-02-30", "2012-1-3", " 2012-01-03", 1325548800, None, ""]
)
def test_what_is_no_date_is_refused(day: Any) -> None:
    with pytest.raises(ValidationError) as refused:
        DATES.validate_python(day)

    assert refused.value.errors()[0]["type"] == "date_type"


def test_a_date_is_read_and_shown_alike() -> None:
    assert DATES.validate_python("2012-01-03") == date(2012, 1, 3)
    assert DATES.dump_python(date(2012, 1, 3), mode="json") == "2012-01-03"


def test_a_reason_keeps_its_zeros_in_the_log_and_not_in_an_answer() -> None:
    numbers = {"limit": Decimal("100.00"), "value": Decimal("250.50"), "headroom": None}
    kept = {"rule": "position", **numbers, "unit": "USD", "subject": ""}

    logged = ReasonSheet.of(Reason(**kept)).model_dump(mode="json")
    answered = ReasonView(**kept, message="too much").model_dump(mode="json")

    assert logged == {**kept, "limit": "100.00", "value": "250.50"}
    assert answered == {**kept, "limit": "100", "value": "250.5", "message": "too much"}


def test_only_an_unknown_field_of_a_logged_reason_is_refused() -> None:
    kept = {"rule": "r", "limit": None, "value": None, "headroom": None, "unit": "", "subject": ""}

    assert ReasonView.model_validate({**kept, "message": "no", "later": 1}).message == "no"
    with pytest.raises(ValidationError):
        ReasonSheet.model_validate({**kept, "later": 1})


@pytest.mark.parametrize("written", ["a", "BRK.B", "bars:AAPL", "o-1_2", "x" * 128])
def test_an_id_of_ours_or_a_venues_is_read_as_it_is_written(written: str) -> None:
    assert IDS.validate_python(written) == written


@pytest.mark.parametrize("written", ["", "x" * 129, "a b", "a/b", "a\n", "\x00", "é", 7, None])
def test_what_could_not_be_an_id_is_refused(written: Any) -> None:
    with pytest.raises(ValidationError):
        IDS.validate_python(written)


# 19:30 in New York in winter and 20:30 in summer: UTC is a day ahead.
@pytest.mark.parametrize(
    ("late", "day"),
    [
        (datetime(2026, 1, 6, 0, 30, tzinfo=UTC), date(2026, 1, 5)),
        (datetime(2026, 7, 7, 0, 30, tzinfo=UTC), date(2026, 7, 6)),
        (datetime(2026, 1, 6, 5, 0, tzinfo=UTC), date(2026, 1, 6)),
        (datetime(2026, 7, 7, 4, 0, tzinfo=UTC), date(2026, 7, 7)),
    ],
)
def test_an_answer_is_of_the_exchanges_date(late: datetime, day: date) -> None:
    early = datetime(2000, 1, 3, tzinfo=UTC)

    assert as_of(None, market=late, wall=early) == AsOf(day, AsOfClock.MARKET)
    assert as_of(None, market=None, wall=late) == AsOf(day, AsOfClock.WALL)
    assert as_of(date(2012, 1, 3), market=late, wall=late).day == date(2012, 1, 3)


def test_a_page_has_a_next_one_only_if_more_was_found() -> None:
    assert page_of([1, 2, 3], 2) == ([1, 2], 2)
    assert page_of([1, 2], 2) == ([1, 2], None)
    assert page_of([], 2) == ([], None)
