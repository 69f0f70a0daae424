"""What of the style a machine can measure: size, reasons for ignores, words we do not use."""

import ast
import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path

from tests.architecture.project import ROOT, name_of

FILE_LINES_MAX = 400
FUNCTION_LINES_MAX = 50
WORDS_BANNED = ("utils", "helpers", "manager", "common", "data2")
# The field's word for each, one word per idea.
WORDS_OF_OTHERS = {
    "ticker": "symbol",
    "candle": "bar",
    "ohlc": "bar",
    "ohlcv": "bar",
    "profit": "pnl",
    "utcnow": "now",
}

_IGNORE = re.compile(r"#\s*(?:noqa|type:\s*ignore|pragma: no cover)(?P<codes>[:\[][^#]*)?")
_REASON = re.compile(r"#\s*(?:noqa:\s*[A-Z0-9, ]+?|type:\s*ignore\[[a-z, -]+\])\s*(?:#|-)\s*\w+")
_LEFTOVER = re.compile(r"\b(?:TODO|FIXME|XXX)\b|NotImplementedError")


def too_long(paths: Iterable[Path], root: Path = ROOT) -> list[str]:
    """Name each file past its lines, and each function past its own."""
    found = []
    for path in paths:
        text = path.read_text()
        lines = len(text.splitlines())
        if lines > FILE_LINES_MAX:
            found.append(f"{name_of(path, root)} has {lines} lines, at most {FILE_LINES_MAX}")
        for node in _statements(_parsed(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or 0) - node.lineno + 1
                if lines > FUNCTION_LINES_MAX:
                    found.append(
                        f"{name_of(path, root)}: {node.name} has {lines} lines,"
                        f" at most {FUNCTION_LINES_MAX}"
                    )
    return found


def vague_names(paths: Iterable[Path], root: Path = ROOT) -> list[str]:
    """Name each module, class or function called by a word that says nothing."""
    found = []
    for path in paths:
        named = [path.stem] + [
            node.name
            for node in _statements(_parsed(path.read_text()))
            if isinstance(node, ast.ClassDef | ast.FunctionDef)
        ]
        found += [
            f"{name_of(path, root)}: {name} says nothing; name what it is about"
            for name in named
            if set(_words(name)) & set(WORDS_BANNED)
        ]
    return found


def words_of_others(paths: Iterable[Path], root: Path = ROOT) -> list[str]:
    """Name each name that says with another word what the field has a word for."""
    return [
        f"{name_of(path, root)}: {name} has {word}, say {WORDS_OF_OTHERS[word]}"
        for path in paths
        for name in sorted(_names(_parsed(path.read_text())))
        for word in set(_words(name)) & set(WORDS_OF_OTHERS)
    ]


def ignores_without_reason(paths: Iterable[Path], root: Path = ROOT) -> list[str]:
    """Name each line that silences a check and does not say which and why."""
    return [
        f"{name_of(path, root)}: {line.strip()} silences a check without its code and reason"
        for path in paths
        for line in path.read_text().splitlines()
        if _IGNORE.search(line) and not _REASON.search(line)
    ]


def leftovers(paths: Iterable[Path], root: Path = ROOT) -> list[str]:
    """Name each line that promises work instead of doing it."""
    return [
        f"{name_of(path, root)}: {line.strip()}"
        for path in paths
        for line in path.read_text().splitlines()
        if _LEFTOVER.search(line)
    ]


def undocumented(paths: Iterable[Path], root: Path = ROOT) -> list[str]:
    """Name each public class and function of a module that has no docstring."""
    return [
        f"{name_of(path, root)}: {node.name} has no docstring"
        for path in paths
        for node in _parsed(path.read_text()).body
        if isinstance(node, ast.ClassDef | ast.FunctionDef)
        and not node.name.startswith("_")
        and ast.get_docstring(node) is None
    ]


@lru_cache(maxsize=1)
def _parsed(text: str) -> ast.Module:
    """Parse a file once for all that is asked of it, one question after the other."""
    return ast.parse(text)


def _statements(node: ast.AST) -> Iterator[ast.stmt]:
    """Yield every statement: what is defined is one, and expressions are most of a file's nodes."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.stmt):
            yield child
        if isinstance(child, ast.stmt | ast.excepthandler | ast.match_case):
            yield from _statements(child)


def _names(tree: ast.Module) -> set[str]:
    """Every name that the module makes up or uses for something of its own."""
    kinds = {ast.ClassDef: "name", ast.FunctionDef: "name", ast.Name: "id", ast.arg: "arg"}
    return {getattr(node, kinds[type(node)]) for node in ast.walk(tree) if type(node) in kinds}


def _words(name: str) -> list[str]:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower().split("_")
