"""What is written as JSON is read back the same, and what is not understood is refused."""

import json
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from enum import StrEnum

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bifrost.core.codec import from_json, to_json
from bifrost.core.money import Price


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


@dataclass(frozen=True, slots=True)
class Inner:
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Message:
    name: str
    amount: Decimal
    price: Price
    at: datetime
    on: date
    count: int
    sure: bool
    colour: Colour
    inner: Inner
    many: tuple[Inner, ...]
    by_name: dict[str, str]
    maybe: Decimal | None = None
    notes: tuple[str, ...] = field(default=())


decimals = st.decimals(allow_nan=False, allow_infinity=False, places=8)
inners = st.builds(Inner, decimals)
instants = st.datetimes(timezones=st.just(UTC) | st.just(timezone(timedelta(hours=-5))))
messages = st.builds(
    Message,
    name=st.text(),
    amount=decimals,
    price=decimals.map(Price),
    at=instants,
    on=st.dates(),
    count=st.integers(),
    sure=st.booleans(),
    colour=st.sampled_from(Colour),
    inner=inners,
    many=st.lists(inners, max_size=3).map(tuple),
    by_name=st.dictionaries(st.text(), st.text(), max_size=3),
    maybe=st.none() | decimals,
    notes=st.lists(st.text(), max_size=3).map(tuple),
)

GOOD = to_json(
    Message(
        name="n",
        amount=Decimal("1.10"),
        price=Price(Decimal(2)),
        at=datetime(2026, 1, 5, 14, 30, tzinfo=UTC),
        on=date(2026, 1, 5),
        count=3,
        sure=True,
        colour=Colour.RED,
        inner=Inner(Decimal(1)),
        many=(),
        by_name={},
    )
)


@given(messages)
def test_a_message_survives_the_wire_unchanged(message: Message) -> None:
    assert from_json(Message, json.loads(json.dumps(to_json(message)))) == message


@given(decimals)
def test_a_decimal_travels_as_plain_digits_in_a_string(amount: Decimal) -> None:
    written = to_json(Inner(amount))["amount"]

    assert isinstance(written, str)
    assert "E" not in written
    assert Decimal(written) == amount


def test_trailing_zeros_survive_because_they_carry_the_increment() -> None:
    assert str(from_json(Inner, to_json(Inner(Decimal("1.50")))).amount) == "1.50"


@pytest.mark.parametrize("name", sorted(set(GOOD) - {"maybe", "notes"}))
def test_a_missing_field_is_refused_by_name(name: str) -> None:
    data = {key: value for key, value in GOOD.items() if key != name}

    with pytest.raises(ValueError, match=f"Message.{name} is missing"):
        from_json(Message, data)


def test_a_missing_field_with_a_default_takes_it() -> None:
    data = {key: value for key, value in GOOD.items() if key not in ("maybe", "notes")}

    assert from_json(Message, data).notes == ()


def test_an_unknown_field_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="Message has no field colour2, size"):
        from_json(Message, {**GOOD, "size": 1, "colour2": 1})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("name", 1),
        ("name", None),
        ("amount", 1.5),
        ("amount", 1),
        ("amount", "NaN"),
        ("amount", "Infinity"),
        ("amount", "ten"),
        ("amount", ""),
        ("price", "sNaN"),
        ("price", 2.0),
        ("at", "2026-01-05T14:30:00"),
        ("at", "yesterday"),
        ("at", 1767623400),
        ("on", "2026-02-30"),
        ("count", "3"),
        ("count", 3.0),
        ("count", True),
        ("sure", 1),
        ("sure", "true"),
        ("colour", "green"),
        ("maybe", 1),
        ("many", {}),
        ("many", "x"),
        ("by_name", []),
    ],
)
def test_a_value_of_the_wrong_kind_is_refused_by_its_field(name: str, value: object) -> None:
    with pytest.raises(ValueError, match=rf"{name} must be .*, was "):
        from_json(Message, {**GOOD, name: value})


@pytest.mark.parametrize("data", [None, [], "text", 1])
def test_what_is_no_object_is_refused(data: object) -> None:
    with pytest.raises(ValueError, match="Message must be an object"):
        from_json(Message, data)


def test_a_fault_inside_a_nested_object_names_its_field() -> None:
    with pytest.raises(ValueError, match="amount must be a finite decimal"):
        from_json(Message, {**GOOD, "many": [{"amount": "1"}, {"amount": "x"}]})


@pytest.mark.parametrize("value", [0.1, {1, 2}, b"bytes", object()])
def test_what_json_cannot_say_exactly_is_refused(value: object) -> None:
    with pytest.raises(TypeError, match="does not travel as JSON"):
        to_json({"value": value})
