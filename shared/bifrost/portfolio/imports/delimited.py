"""Lines of delimited text. One line is one row: a stray quote must not swallow those after it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from bifrost.portfolio.imports.source import Problem, Row, UnreadableError

DELIMITERS = (";", ",", "\t")


@dataclass(frozen=True, slots=True)
class Table:
    """What a header says of the lines below it.

    titles: the columns as the file calls them. columns: our names to those titles.
    """

    delimiter: str
    titles: Sequence[str]
    columns: Mapping[str, str]
    constants: Mapping[str, str] = field(default_factory=dict)
    decimal: str = "."


def delimiter_of(header: str) -> str:
    """Return the sign that a header is divided by: the one that it has most of."""
    return max(DELIMITERS, key=header.count)


def split(line: int, text: str, delimiter: str, header: Sequence[str] = ()) -> list[str]:
    """Divide a line into its fields; a quoted field may hold the delimiter and doubled quotes.

    header: what the columns are called, for the error's sake.
    """
    fields: list[str] = []
    at = 0
    while True:
        column = header[len(fields)] if len(fields) < len(header) else str(len(fields) + 1)
        if text.startswith('"', at):
            found, at = _quoted(line, text, at + 1, delimiter, column)
        else:
            end = text.find(delimiter, at)
            found, at = text[at : end if end >= 0 else len(text)], end
            if '"' in found:
                raise _broken(line, column, "a quote stands inside the field")
        fields.append(found)
        if at < 0:
            return fields
        at += 1


def _quoted(line: int, text: str, at: int, delimiter: str, column: str) -> tuple[str, int]:
    found = ""
    while True:
        end = text.find('"', at)
        if end < 0:
            raise _broken(line, column, "a quote is opened and never closed")
        found += text[at:end]
        after = text[end + 1 : end + 2]
        if after == '"':
            found, at = found + '"', end + 2
        elif after in ("", delimiter):
            return found, end + 1 if after else -1
        else:
            raise _broken(line, column, "something stands behind the closing quote")


def _broken(line: int, column: str, message: str) -> UnreadableError:
    fix = 'quote a field as a whole and double the quotes inside: "a ""b"" c"'
    return UnreadableError(Problem(line, column, message, fix))


def titles_of(line: int, text: str, delimiter: str) -> list[str]:
    """Return what a header calls its columns: each by a name, and by one of its own."""
    titles = [one.strip() for one in split(line, text, delimiter)]
    for number, title in enumerate(titles, start=1):
        if not title:
            fix = "name it, or take it out"
            raise UnreadableError(Problem(line, str(number), "the column has no name", fix))
        if title in titles[: number - 1]:
            fix = "name it once"
            raise UnreadableError(Problem(line, title, "the column is there twice", fix))
    return titles


def table_row(
    line: int,
    text: str,
    table: Table,
) -> Row:
    """Put a line's fields under our names for its columns.

    A line that cannot be divided is a row too: it carries what is wrong with it, so that the
    lines behind it are still read, and their problems named.
    """
    try:
        found = _named(line, split(line, text, table.delimiter, table.titles), table.titles)
    except UnreadableError as error:
        return Row(line, {}, broken=error.problem)
    values = {ours: found[theirs] for ours, theirs in table.columns.items()}
    return Row(line, {**table.constants, **values}, table.columns, table.decimal)


def _named(line: int, fields: Sequence[str], header: Sequence[str]) -> dict[str, str]:
    if len(fields) < len(header):
        message = f"the line ends before it: {len(fields)} fields of {len(header)}"
        raise UnreadableError(Problem(line, header[len(fields)], message, "complete the line"))
    if len(fields) > len(header):
        message = f"the line has {len(fields)} fields, the header {len(header)}"
        fix = "quote fields that hold the delimiter"
        raise UnreadableError(Problem(line, str(len(header) + 1), message, fix))
    return dict(zip(header, fields, strict=True))
