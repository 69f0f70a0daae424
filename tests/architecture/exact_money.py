"""Money never passes a float: the rooms that touch amounts hold none, not even in SQL.

A float is refused by `Money` at run time; this finds the ones on their way there.
"""

import ast
import re
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

from tests.architecture.project import ROOT, name_of

ROOMS = (
    "shared/bifrost/core",
    "shared/bifrost/events",
    "shared/bifrost/wire",
    "shared/bifrost/backtest",
    "shared/bifrost/portfolio",
    "shared/bifrost/execution",
    "shared/bifrost/risk",
    "shared/bifrost/compliance",
    "shared/bifrost/data",
    "shared/bifrost/adapters/postgres",
    "shared/bifrost/adapters/brokers",
    "functions",
)

# What stands in those rooms and is made of floats: amounts go in, and nothing of it comes back.
STATISTICS = ("shared/bifrost/portfolio/returns",)

# Market data as arrays: an array is exact (integers) or statistics, and an amount of money that
# comes of it is a Decimal again where it leaves the room.
ARRAYS = tuple(
    f"shared/bifrost/data/{folder}"
    for folder in ("series", "quality", "repair", "providers", "snapshots", "streaming")
)

# Who may import them all the same: file, then why no float comes with it.
READERS = {
    "functions/portfolio/routes_performance.py": "`returns/books.py` hands statistics out as text",
}

# What may be a float here all the same: file, then name, then why no amount passes through it.
ALLOWED: dict[str, dict[str, str]] = {
    "shared/bifrost/backtest/fill_rules.py": {
        "N": "one set of rules: the venue runs it over Decimal, the engines over float",
        "N_co": "as N",
    },
}

_FLOAT_IN_SQL = re.compile(r"\b(?:double precision|float[48]?|real|money)\b", re.IGNORECASE)
_SQL = re.compile(r"\b(?:SELECT|INSERT|UPDATE|CREATE|ALTER|CAST)\b")


def ledger_files(root: Path = ROOT) -> list[Path]:
    """Every file of a room that touches amounts."""
    apart = [root / folder for folder in (*STATISTICS, *ARRAYS)]
    files = (path for room in ROOMS for path in (root / room).rglob("*.py"))
    return sorted(path for path in files if not any(one in path.parents for one in apart))


def readers_of_statistics(paths: Iterable[Path], root: Path = ROOT) -> list[str]:
    """Name each import of a statistic: a float would come with it."""
    modules = [folder.removeprefix("shared/").replace("/", ".") for folder in STATISTICS]
    return [
        f"{name_of(path, root)}:{node.lineno}: {module}"
        for path in paths
        if name_of(path, root) not in READERS
        for node in ast.walk(ast.parse(path.read_text()))
        for module in _imported(node)
        if any(f"{module}.".startswith(f"{one}.") for one in modules)
    ]


def _imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.ImportFrom):
        return [f"{node.module}.{alias.name}" for alias in node.names]
    return [alias.name for alias in node.names] if isinstance(node, ast.Import) else []


def floats(paths: Iterable[Path], root: Path = ROOT) -> list[str]:
    """Name each float call, annotation and literal, and each float type inside SQL text."""
    return [
        f"{name_of(path, root)}:{line}: {what}"
        for path in paths
        for line, what in _floats_of(path, ALLOWED.get(name_of(path, root), {}))
    ]


def _floats_of(path: Path, names: Collection[str]) -> Iterator[tuple[int, str]]:
    tree = ast.parse(path.read_text())
    allowed = {id(child) for node in _named(tree, names) for child in ast.walk(node)}
    for node in ast.walk(tree):
        if id(node) in allowed:
            continue
        if isinstance(node, ast.Name) and node.id == "float":
            yield node.lineno, "float as a call or a type"
        if isinstance(node, ast.Constant) and isinstance(node.value, float):
            yield node.lineno, f"the float literal {node.value}"
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            found = _FLOAT_IN_SQL.search(node.value) if _SQL.search(node.value) else None
            if found:
                yield node.lineno, f"SQL with the inexact type {found.group()}"


def _named(tree: ast.AST, names: Collection[str]) -> Iterator[ast.AST]:
    """Assignments, arguments and keywords called by one of the names."""
    for node in ast.walk(tree):
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            name = node.target.id
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            name = node.targets[0].id
        elif isinstance(node, ast.arg | ast.keyword):
            name = node.arg or ""
        else:
            continue
        if name in names:
            yield node
