"""A Flex query's rows, whichever way it was delivered: as XML, or as CSV with or without the
records that announce its sections. Both call a field the same but for capitals and signs, so
each row comes with its section and its fields in plain small letters.

Source: ibkrguides.com, "Reporting Reference", Activity Flex Queries.
"""

import re
from collections.abc import Iterator
from xml.parsers import expat

from bifrost.core.written import numbered_lines
from bifrost.portfolio.imports.delimited import (
    Table,
    delimiter_of,
    split,
    table_row,
    titles_of,
)
from bifrost.portfolio.imports.source import Problem, Row, UnreadableError

SECTION = "section"
_ELEMENTS = {
    "Trade": "trade",
    "CashTransaction": "cash",
    "CorporateAction": "action",
    "Transfer": "transfer",
}
# What tells a section of a CSV from the others, where no record announces it.
_MARKS = {
    "trade": {"tradeprice", "quantity"},
    "cash": {"amount", "type"},
    "action": {"actiondescription", "quantity"},
    "transfer": {"direction", "quantity"},
}
_SAME = {
    "currencyprimary": "currency",
    "assetclass": "assetcategory",
    "clientaccountid": "accountid",
    "deliveredreceived": "direction",
}
_ANNOUNCING = ("BOF", "BOA", "BOS", "EOS", "EOA", "EOF")
_NOT_FLEX = "save the Flex query's answer as it came"


def flex_rows(text: str) -> Iterator[Row]:
    """Yield the rows of every section that is read; raise UnreadableError where none can be."""
    is_xml = text.lstrip("\ufeff \t\r\n").startswith("<")
    yield from _xml(text) if is_xml else _csv(text)


class _Elements:
    """Collects elements with their lines; attributes are where Flex keeps everything."""

    def __init__(self) -> None:
        self.rows: list[Row] = []
        self.is_flex = False
        self._parser = expat.ParserCreate(namespace_separator=None)
        self._parser.StartElementHandler = self._start
        self._parser.StartDoctypeDeclHandler = self._refuse

    def read(self, text: str) -> None:
        self._parser.Parse(text.removeprefix("\ufeff"), True)

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self.is_flex = self.is_flex or name == "FlexQueryResponse"
        if name in _ELEMENTS:
            titles = {plain_name(one): one for one in attributes}
            fields = {plain_name(one): value for one, value in attributes.items()}
            fields[SECTION] = _ELEMENTS[name]
            self.rows.append(Row(self._parser.CurrentLineNumber, fields, titles))

    def _refuse(self, *_: object) -> None:
        # Entities of its own are the one way for an XML text to grow without end.
        line = self._parser.CurrentLineNumber
        raise UnreadableError(Problem(line, "DOCTYPE", "a Flex answer has none", _NOT_FLEX))


def _xml(text: str) -> list[Row]:
    elements = _Elements()
    try:
        elements.read(text)
    except expat.ExpatError as error:
        what = expat.errors.messages[error.code]
        raise UnreadableError(
            Problem(error.lineno, str(error.offset + 1), f"broken XML: {what}", _NOT_FLEX)
        ) from None
    except (ValueError, UnicodeError) as error:
        raise UnreadableError(Problem(1, "1", f"broken XML: {error}"[:200], _NOT_FLEX)) from None
    if not elements.is_flex:
        raise UnreadableError(Problem(1, "1", "there is no FlexQueryResponse", _NOT_FLEX))
    return elements.rows


def _csv(text: str) -> Iterator[Row]:
    lines = list(numbered_lines(text))
    delimiter = delimiter_of(lines[0][1]) if lines else ","
    table, kind = None, ""
    for line, one in lines:
        try:
            fields = split(line, one, delimiter)
        except UnreadableError as error:
            yield Row(line, {}, broken=error.problem)
            continue
        first = fields[0].strip()
        if first in _ANNOUNCING:
            continue
        if first in ("HEADER", "ClientAccountID"):
            titles = titles_of(line, one, delimiter)
            kind = _kind(titles)
            table = Table(delimiter, titles, {plain_name(t): t for t in titles}, {SECTION: kind})
        elif table is None:
            raise UnreadableError(Problem(line, "1", "no header stands above it", _NOT_FLEX))
        elif kind:
            yield table_row(line, one, table)


def _kind(titles: list[str]) -> str:
    known = {plain_name(title) for title in titles}
    return next((kind for kind, marks in _MARKS.items() if marks <= known), "")


def plain_name(title: str) -> str:
    """Call a field as the other form of Flex does: `IBCommission` and `ibCommission` are one."""
    plain = re.sub(r"[^a-z0-9]", "", title.lower())
    return _SAME.get(plain, plain)
