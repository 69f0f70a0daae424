"""A file as the API takes it: whole where it is small, else in parts that are imports each.

A part ends with a day. Two equal rows of one day are two things only where one import holds both:
in two, the second would be taken for a duplicate.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict
from itertools import groupby
from pathlib import Path
from typing import Any

from bifrost.core.errors import FieldProblem, InvalidInputError
from bifrost.portfolio.exports import to_csv
from bifrost.portfolio.imports.activities import Activity
from bifrost.portfolio.imports.formats import Format, read_file
from bifrost.portfolio.imports.mapping import NO_MAPPING, FileMapping, read_mapping
from bifrost.portfolio.imports.records import in_order

FILE_BYTES_MAX = 256 * 1024 * 1024
# An address takes 64 KiB of JSON, and an import 50,000 characters of text.
PART_BYTES_MAX = 48_000


def read(file: str, file_format: str, mapping: str | None) -> tuple[Format, str, FileMapping]:
    """Read the file and its mapping; raise InvalidInputError naming every line that is wrong."""
    try:
        wanted = Format(file_format)
    except ValueError:
        fix = "use one of " + ", ".join(Format)
        raise InvalidInputError(
            FieldProblem("--format", f"{file_format!r} is no format", fix)
        ) from None
    known = NO_MAPPING if mapping is None else read_mapping(text_of(mapping))
    text = text_of(file)
    read_file(wanted, text, known).require()
    return wanted, text, known


def text_of(file: str) -> str:
    """Return a file's text; raise InvalidInputError where it is none, naming line and column."""
    path = Path(file)
    try:
        if path.stat().st_size > FILE_BYTES_MAX:
            fix = f"split it into files of at most {FILE_BYTES_MAX} bytes"
            raise InvalidInputError(FieldProblem(file, "it is too large", fix))
        content = path.read_bytes()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        fix = "name a file that is there and may be read"
        raise InvalidInputError(FieldProblem(file[:200], reason, fix)) from None
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        column = error.start - content.rfind(b"\n", 0, error.start)
        raise InvalidInputError(
            FieldProblem(f"line {line}, column {column}", "it is not UTF-8", "save it as UTF-8")
        ) from None


def parts_of(wanted: Format, text: str, mapping: FileMapping) -> list[dict[str, Any]]:
    """Return the bodies to send, in their order."""
    changes = {name: value for name, value in asdict(mapping).items() if value}
    whole = {"format": wanted.value, "text": text, "mapping": changes}
    if _size(text) <= PART_BYTES_MAX:
        return [whole]
    rows = in_order(read_file(wanted, text, mapping).require())
    days = [list(group) for _, group in groupby(rows, key=lambda one: one.day)]
    parts: list[str] = []
    part: list[Activity] = []
    for day in days:
        if part and _size(to_csv([*part, *day])) > PART_BYTES_MAX:
            parts.append(to_csv(part))
            part = []
        part += day
        _require_small(day)
    return [{"format": Format.OWN.value, "text": one} for one in (*parts, to_csv(part))]


def _require_small(day: Sequence[Activity]) -> None:
    if _size(to_csv(day)) > PART_BYTES_MAX:
        problem = f"{day[0].day} alone has {len(day)} rows, too many for one import"
        fix = "import the rows of each instrument of that day by themselves"
        raise InvalidInputError(FieldProblem(f"line {day[0].line}, column 1", problem, fix))


def _size(text: str) -> int:
    return len(json.dumps(text).encode())
