"""Frozen dataclasses to JSON and back, strictly: what events and task inputs travel as.

pydantic would do it and costs about 100 ms of a cold start, which every task and listener
would pay; HTTP bodies, where it earns that, use it. Decimals travel as strings because a
JSON number is a float. Unknown and missing fields, wrong types, NaN and naive times are
refused: a message that is not understood must fail, not half succeed.
"""

from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from enum import Enum
from functools import cache, partial
from types import NoneType, UnionType
from typing import Any, ClassVar, Protocol, TypeVar, Union, get_args, get_origin, get_type_hints


class DataclassInstance(Protocol):
    """What every dataclass has."""

    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]


T = TypeVar("T", bound=DataclassInstance)

# Reads what stands for a field; the text is the field's name.
_Read = Callable[[object, str], Any]
_Write = Callable[[Any], Any]

# Exactly these and no subclass: an enum of strings is a string to Python.
_PLAIN = frozenset({str, int, bool, NoneType})


def to_json(value: Any) -> Any:
    """Return `value` as plain JSON types."""
    kind: type = type(value)
    return value if kind in _PLAIN else _writer(kind)(value)


@cache
def _writer(kind: type) -> _Write:
    """Say how what is of this class is written: looked up once a class."""
    if is_dataclass(kind):
        return partial(_write_object, tuple(field.name for field in fields(kind)))
    for parent, write in _WRITERS:
        if issubclass(kind, parent):
            return write
    return _refuse


def _write_object(names: tuple[str, ...], value: object) -> dict[str, Any]:
    return {name: to_json(getattr(value, name)) for name in names}


def _write_mapping(value: Mapping[Any, Any]) -> dict[str, Any]:
    return {str(key): to_json(item) for key, item in value.items()}


def _write_list(value: list[Any] | tuple[Any, ...]) -> list[Any]:
    return [to_json(item) for item in value]


def _write_enum(value: Enum) -> Any:
    return value.value


def _write_decimal(value: Decimal) -> str:
    return format(value, "f")


def _write_date(value: date) -> str:
    return value.isoformat()


def _itself(value: Any) -> Any:
    return value


def _refuse(value: object) -> Any:
    raise TypeError(f"{type(value).__name__} does not travel as JSON: {value!r}")


# In this order: an enum may be a string too, and a datetime is a date.
_WRITERS: tuple[tuple[Any, _Write], ...] = (
    (Mapping, _write_mapping),
    ((list, tuple), _write_list),
    (Enum, _write_enum),
    (Decimal, _write_decimal),
    (date, _write_date),
    ((str, int, bool), _itself),
)


def from_json(kind: type[T], data: object) -> T:
    """Read `data` as `kind`; raise ValueError naming the field that does not fit."""
    if not isinstance(data, Mapping):
        raise ValueError(f"{kind.__name__} must be an object, was {type(data).__name__}")
    readers = _readers(kind)
    if not data.keys() <= readers.keys():
        unknown = sorted(set(data) - set(readers))
        raise ValueError(f"{kind.__name__} has no field {', '.join(unknown)}")
    values = {}
    for name, (read, is_required) in readers.items():
        if name in data:
            values[name] = read(data[name], name)
        elif is_required:
            raise ValueError(f"{kind.__name__}.{name} is missing")
    return kind(**values)


@cache
def _readers(kind: type) -> dict[str, tuple[_Read, bool]]:
    """Say how each field is read, and whether it has to be there: looked up once a class."""
    hints = get_type_hints(kind)
    return {
        field.name: (
            _reader(hints[field.name]),
            field.default is MISSING and field.default_factory is MISSING,
        )
        for field in fields(kind)
    }


def _reader(hint: Any) -> _Read:
    origin = get_origin(hint)
    if origin in (Union, UnionType):
        (inner,) = (arg for arg in get_args(hint) if arg is not NoneType)
        return partial(_read_optional, _reader(inner))
    if origin in (tuple, list):
        return partial(_read_list, origin, _reader(get_args(hint)[0]))
    if origin is dict:
        return partial(_read_mapping, _reader(get_args(hint)[1]))
    # A NewType (Price, Quantity) is read as what it wraps.
    hint = getattr(hint, "__supertype__", hint)
    if is_dataclass(hint) and isinstance(hint, type):
        return partial(_read_object, hint)
    return partial(_read_scalar, hint)


def _read_optional(read: _Read, data: object, name: str) -> Any:
    return None if data is None else read(data, name)


def _read_list(kind: type, read: _Read, data: object, name: str) -> Any:
    if not isinstance(data, list):
        raise ValueError(f"{name} must be a list, was {data!r}")
    return kind(read(item, name) for item in data)


def _read_mapping(read: _Read, data: object, name: str) -> Any:
    if not isinstance(data, Mapping):
        raise ValueError(f"{name} must be an object, was {data!r}")
    return {key: read(item, f"{name}.{key}") for key, item in data.items()}


def _read_object(kind: type[T], data: object, _: str) -> T:
    return from_json(kind, data)


def _read_scalar(hint: type, data: object, name: str) -> Any:
    try:
        if hint is bool or hint is int:
            # `type` and not isinstance: True is an int to Python, not to a ledger.
            if type(data) is not hint:
                raise ValueError
            return data
        if not isinstance(data, str):
            raise ValueError
        return _from_text(hint, data)
    except (ValueError, InvalidOperation):
        raise ValueError(f"{name} must be {_wanted(hint)}, was {data!r}") from None


def _from_text(hint: type, text: str) -> Any:
    if hint is Decimal:
        number = Decimal(text)
        if not number.is_finite():
            raise ValueError
        return number
    if hint is datetime:
        instant = datetime.fromisoformat(text)
        if instant.tzinfo is None:
            raise ValueError
        return instant
    if hint is date:
        return date.fromisoformat(text)
    return hint(text)


def _wanted(hint: type) -> str:
    names = {Decimal: "a finite decimal in a string", datetime: "a time with its offset"}
    return names.get(hint, hint.__name__)
