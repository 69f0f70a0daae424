"""How a file differs from its format: a small TOML or JSON object, everything in it optional.

columns: our field to the file's column. kinds: the file's word to our kind. constants: a field
that the file does not have, the same for each row. delimiter, decimal, dates (strptime's signs):
how the file is written. skip: kinds of rows, in the file's words, to leave out on purpose.
"""

import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from bifrost.core.errors import FieldProblem, InvalidInputError

_SIGNS = {"delimiter": (",", ";", "\t"), "decimal": (".", ",")}


@dataclass(frozen=True, slots=True)
class FileMapping:
    """A mapping as it is used; the empty one changes nothing."""

    columns: Mapping[str, str] = field(default_factory=dict)
    kinds: Mapping[str, str] = field(default_factory=dict)
    constants: Mapping[str, str] = field(default_factory=dict)
    delimiter: str = ""
    decimal: str = ""
    dates: str = ""
    skip: tuple[str, ...] = ()


NO_MAPPING = FileMapping()
_NAMES = tuple(one.name for one in fields(FileMapping))


def read_mapping(text: str) -> FileMapping:
    """Read TOML, or JSON where it starts with a brace; raise InvalidInputError that says where."""
    try:
        found = json.loads(text) if text.lstrip().startswith("{") else tomllib.loads(text)
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise _refused(where, error.msg, "send one JSON object") from None
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        line = text.count("\n") + 1
        end = f"at line {line}, column {len(text) - text.rfind(chr(10))}"
        said = str(error).replace("at end of document", end)
        raise _refused("mapping", said, "send TOML, or JSON") from None
    return to_mapping(found)


def to_mapping(found: Any) -> FileMapping:
    """Check a mapping that was read; raise InvalidInputError that names the key."""
    if not isinstance(found, dict):
        raise _refused("mapping", "it is no object", "send an object of " + ", ".join(_NAMES))
    checked: dict[str, Any] = {}
    for name, value in found.items():
        if name not in _NAMES:
            raise _refused(f"mapping.{name}", "unknown", "use " + ", ".join(_NAMES))
        if name in ("columns", "kinds", "constants"):
            checked[name] = _texts(name, value)
        elif name == "skip":
            listed = dict(enumerate(value)) if isinstance(value, list) else value
            checked[name] = tuple(_texts(name, listed).values())
        else:
            checked[name] = _sign(name, value)
    return FileMapping(**checked)


def _texts(name: str, value: Any) -> dict[str, str]:
    if not isinstance(value, dict) or not all(isinstance(one, str) for one in value.values()):
        raise _refused(f"mapping.{name}", "its values are not all texts", "send texts")
    return {str(key): str(one) for key, one in value.items()}


def _sign(name: str, value: Any) -> str:
    allowed = _SIGNS.get(name)
    if not isinstance(value, str) or (allowed and value not in allowed):
        fix = "use one of " + ", ".join(repr(one) for one in allowed or ("%d.%m.%Y",))
        raise _refused(f"mapping.{name}", f"it is {value!r}"[:80], fix)
    return value


def _refused(field_name: str, message: str, fix: str) -> InvalidInputError:
    return InvalidInputError(FieldProblem(field_name, message, fix))
