"""What is wrong with a field is said in words that speak of what was sent, not of Python."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, field_validator

from bifrost.runtime.field_words import fix_of, message_of
from bifrost.wire.dates import MarketDate
from bifrost.wire.identifiers import Identifier
from bifrost.wire.numbers import PlainDecimal


class Sent(BaseModel):
    """An object with a rule of its own."""

    model_config = ConfigDict(extra="forbid")

    number: int = 0

    @field_validator("number")
    @classmethod
    def _odd(cls, number: int) -> int:
        if number % 2:
            raise ValueError("must not be odd")
        return number


FROM_1900 = Annotated[date, Field(ge=date(1900, 1, 1))]
UP_TO_2199 = Annotated[date, Field(le=date(2199, 12, 31))]
ABOVE_ZERO = Annotated[Decimal, Field(gt=0)]
UP_TO_A_MILLION = Annotated[Decimal, Field(le=Decimal("1E+6"))]


@pytest.mark.parametrize(
    ("taken", "sent", "message"),
    [
        (FROM_1900, date(1899, 1, 1), "must be 1900-01-01 or later"),
        (UP_TO_2199, date(2200, 1, 1), "must be 2199-12-31 or earlier"),
        (ABOVE_ZERO, "0", "must be more than 0"),
        (UP_TO_A_MILLION, "1000001", "must be 1000000 or less"),
        (Annotated[int, Field(lt=3)], 3, "must be less than 3"),
        (Annotated[Decimal, Field(decimal_places=2)], "1.001", "must have at most 2 digits after"),
        (Annotated[tuple[int, ...], Field(max_length=2)], [1, 2, 3], "must have at most 2 items"),
        (Annotated[list[int], Field(min_length=1)], [], "must have at least 1 item"),
        (Annotated[str, Field(max_length=1)], "ab", "must have at most 1 character"),
        (Annotated[str, Field(min_length=2)], "a", "must have at least 2 characters"),
        (Identifier, "a b", "must be 1 to 128 letters, digits, dots, colons, hyphens or unders"),
        (Annotated[str, Field(pattern="^[x-z]$")], "a", "is not written as it has to be"),
        (Literal["buy", "sell"], "hold", "must be 'buy' or 'sell'"),
        (list[int], "1", "must be a list"),
        (int, "one", "must be a whole number"),
        (bool, "perhaps", "must be true or false"),
        (str, 1, "must be a string"),
        (PlainDecimal, 1.5, "must be a decimal in a string"),
        (MarketDate, "2012", "must be a date written YYYY-MM-DD"),
        (Sent, {"number": 1}, "must not be odd"),
        (Sent, {"colour": 1}, "is no field of this request"),
        (Sent, [], "must be an object"),
    ],
)
def test_the_message_says_what_must_be_sent(taken: Any, sent: object, message: str) -> None:
    assert message_of(refusal_of(taken, sent)).startswith(message)


@pytest.mark.parametrize(
    ("taken", "sent", "fix"),
    [
        (FROM_1900, date(1899, 1, 1), "send a later date"),
        (UP_TO_2199, date(2200, 1, 1), "send an earlier date"),
        (Annotated[str, Field(pattern=r"^[A-Z]{3}$")], "usd", "send a currency of three capital"),
    ],
)
def test_the_fix_fits_what_is_sent(taken: Any, sent: object, fix: str) -> None:
    assert (fix_of(refusal_of(taken, sent)) or "").startswith(fix)


def test_what_its_kind_tells_needs_no_fix_of_its_own() -> None:
    assert fix_of(refusal_of(ABOVE_ZERO, "0")) is None


def refusal_of(taken: Any, sent: object) -> Any:
    """The one error of what was sent."""
    with pytest.raises(ValidationError) as refused:
        TypeAdapter(taken).validate_python(sent)
    (found,) = refused.value.errors()
    return found
