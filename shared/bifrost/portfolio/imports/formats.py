"""The formats that are read, by name."""

from collections.abc import Callable
from enum import StrEnum

from bifrost.portfolio.imports.alpaca import read_alpaca
from bifrost.portfolio.imports.ibkr_flex import read_ibkr_flex
from bifrost.portfolio.imports.mapping import NO_MAPPING, FileMapping
from bifrost.portfolio.imports.own import read_own
from bifrost.portfolio.imports.portfolio_performance import read_portfolio_performance
from bifrost.portfolio.imports.source import FileRead


class Format(StrEnum):
    """Who wrote the file."""

    OWN = "own"
    IBKR_FLEX = "ibkr-flex"
    ALPACA = "alpaca"
    PORTFOLIO_PERFORMANCE = "portfolio-performance"


_READERS: dict[Format, Callable[[str, FileMapping], FileRead]] = {
    Format.OWN: read_own,
    Format.IBKR_FLEX: read_ibkr_flex,
    Format.ALPACA: read_alpaca,
    Format.PORTFOLIO_PERFORMANCE: read_portfolio_performance,
}


def read_file(written: Format, text: str, mapping: FileMapping = NO_MAPPING) -> FileRead:
    """Read the whole text: every row of it, or every problem that it has."""
    return _READERS[written](text, mapping)
