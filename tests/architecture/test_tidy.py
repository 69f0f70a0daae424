"""Style we can measure, measured: size, docstrings, names, and a reason for every ignore."""

import ast
from pathlib import Path

import pytest

from tests.architecture.project import name_of, python_files, sources
from tests.architecture.tidy import (
    ignores_without_reason,
    leftovers,
    too_long,
    undocumented,
    vague_names,
    words_of_others,
)

# The one file that spells out what it looks for.
CHECKERS = ("tests/architecture/tidy.py", "tests/architecture/test_checks.py")


@pytest.mark.parametrize("source", sources(), ids=name_of)
def test_source_file_is_tidy(source: Path) -> None:
    complaints = [
        *too_long([source]),
        *vague_names([source]),
        *words_of_others([source]),
        *ignores_without_reason([source]),
        *leftovers([source]),
        *undocumented([source]),
    ]

    assert complaints == []


def test_test_files_are_as_short_as_what_they_test() -> None:
    tests = [path for path in python_files() if name_of(path) not in CHECKERS]

    assert [*too_long(tests), *leftovers(tests)] == []


def test_every_test_file_opens_with_its_promise() -> None:
    tests = [path for path in python_files() if path.name.startswith("test_")]

    assert [name_of(path) for path in tests if not ast.get_docstring(_tree(path))] == []


def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text())
