"""Frozen dataclasses to JSON and back, strictly: what events and task inputs travel as.

pydantic would do it and costs about 100 ms of a cold start, which every task and listener
would pay; HTTP bodies, where it earns that, use it. Decimals travel as strings because a
JSON number is a float. Unknown and missing fields, wrong types, NaN and naive times are
refused: a message that is not understood must fail, not half succeed.
"""

from collections.abc import Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from enum import Enum
from functools import cache
from types import NoneType, UnionType
from typing import Any, ClassVar, Protocol, TypeVar, Union, get_args, get_origin, get_type_hints


class DataclassInstance(Protocol):
    """What every dataclass has."""

    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]


T = TypeVar("T", bound=DataclassInstance)

# Exactly these and no subclass: an enum of strings is a string to Python.
_PLAIN = frozenset({str, int, bool, NoneType})


def to_json(value: Any) -> Any:
    """Return `value` as plain JSON types."""
    kind: type = type(value)
    if kind in _PLAIN:
        return value
    if is_dataclass(kind):
        return {name: to_json(getattr(value, name)) for name in _names(kind)}
    if isinstance(value, Mapping):
        return {str(key): to_json(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [to_json(item) for item in value]
    return _write_scalar(value)


def _write_scalar(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, date):  # a datetime is one too
        return value.isoformat()
    if isinstance(value, str | int | bool):
        return value
    raise TypeError(f"{type(value).__name__} does not travel as JSON: {value!r}")


def from_json(kind: type[T], data: object) -> T:
    """Read `data` as `kind`; raise ValueError naming the field that does not fit."""
    if not isinstance(data, Mapping):
        raise ValueError(f"{kind.__name__} must be an object, was {type(data).__name__}")
    hints = _hints(kind)
    if not data.keys() <= hints.keys():
        unknown = sorted(set(data) - set(hints))
        raise ValueError(f"{kind.__name__} has no field {', '.join(unknown)}")
    values = {}
    for field in fields(kind):
        if field.name in data:
            values[field.name] = _read(hints[field.name], data[field.name], field.name)
        elif field.default is MISSING and field.default_factory is MISSING:
            raise ValueError(f"{kind.__name__}.{field.name} is missing")
    return kind(**values)


@cache
def _names(kind: type) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind))


@cache
def _hints(kind: type) -> dict[str, Any]:
    hints = get_type_hints(kind)
    return {field.name: hints[field.name] for field in fields(kind)}


def _read(hint: Any, data: object, name: str) -> Any:
    origin = get_origin(hint)
    if origin in (Union, UnionType):
        return _read_optional(hint, data, name)
    if origin in (tuple, list):
        if not isinstance(data, list):
            raise ValueError(f"{name} must be a list, was {data!r}")
        return origin(_read(get_args(hint)[0], item, name) for item in data)
    if origin is dict:
        if not isinstance(data, Mapping):
            raise ValueError(f"{name} must be an object, was {data!r}")
        inner = get_args(hint)[1]
        return {key: _read(inner, item, f"{name}.{key}") for key, item in data.items()}
    # A NewType (Price, Quantity) is read as what it wraps.
    hint = getattr(hint, "__supertype__", hint)
    if is_dataclass(hint) and isinstance(hint, type):
        return from_json(hint, data)
    return _read_scalar(hint, data, name)


def _read_optional(hint: Any, data: object, name: str) -> Any:
    if data is None:
        return None
    (inner,) = (arg for arg in get_args(hint) if arg is not NoneType)
    return _read(inner, data, name)


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
