"""What a command prints, and the code with which it ends."""

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any

import typer

# Exit codes, the same for every command.
OK, USAGE, REFUSED, UNKNOWN, DEPENDENCY_DOWN = 0, 2, 3, 4, 5

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object on the last line.")]


_shown: list[Any] = []


def show_json(value: Any) -> None:
    """Print one JSON object on a line of its own."""
    print(json.dumps(value, default=str))
    _shown.append(value)


def has_shown_json() -> bool:
    """Whether the command has printed its object: it prints exactly one, whatever happens."""
    return bool(_shown)


def forget_shown_json() -> None:
    """Begin a command."""
    _shown.clear()


def show_fields(fields: Mapping[str, Any]) -> None:
    """Print one thing, a field a line."""
    width = max((len(name) for name in fields), default=0)
    for name, value in fields.items():
        print(f"{name.ljust(width)}  {_cell(value)}")


def show_table(rows: Sequence[Mapping[str, Any]], columns: Sequence[str], *, empty: str) -> None:
    """Print rows under their columns; say `empty` where there are none."""
    if not rows:
        print(empty)
        return
    cells = [[_cell(row.get(column)) for column in columns] for row in rows]
    headings = [column.replace("_", " ") for column in columns]
    widths = [
        max(len(heading), *(len(line[i]) for line in cells)) for i, heading in enumerate(headings)
    ]
    for line in [headings, *cells]:
        print(
            "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        )


def visible(text: str, but: str = "") -> str:
    """Write signs that are not seen as escapes: what others wrote must not steer a terminal.

    but: those that are left as they are.
    """
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() or one in but else _escaped(one) for one in text)


def say(line: str) -> None:
    """Tell a person how it goes; on standard error, so that a program's output stays clean."""
    print(visible(line, but="\n\t"), file=sys.stderr, flush=True)


def say_on_terminal(line: str) -> None:
    """Tell a person who looks on how it goes, and no log file."""
    if sys.stderr.isatty():
        say(line)


def exit_code(error: Exception) -> int:
    """Return the exit code of an error: who has to do what next."""
    from bifrost.core.errors import OutcomeUnknownError, RefusedError, UnavailableError
    from bifrost.local.api import ApiError

    if isinstance(error, ApiError):
        if error.status == 504:
            return UNKNOWN
        if error.status >= 500:
            return DEPENDENCY_DOWN
        return REFUSED if error.problem.get("reasons") else USAGE
    codes: dict[type[Exception], int] = {
        RefusedError: REFUSED,
        OutcomeUnknownError: UNKNOWN,
        UnavailableError: DEPENDENCY_DOWN,
    }
    return codes.get(type(error), USAGE)


def _escaped(sign: str) -> str:
    return sign.encode("unicode_escape").decode()


def _cell(value: Any) -> str:
    if value is None or value in ({}, []):
        return "-"
    if isinstance(value, str):
        return visible(value)
    if isinstance(value, Mapping):
        return json.dumps(value, default=str)
    if isinstance(value, Iterable):
        return "; ".join(_cell(item) for item in value)
    return str(value)
