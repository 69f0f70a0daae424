"""What is uploaded to AWS is compiled, so that no cold start has to; always to the same bytes."""

import subprocess
import sys
from pathlib import Path

import pytest

from layers import build
from layers.build import compile_for_lambda, python_of_lambda

ANSWER = "def answer() -> int:\n    return 42\n"


def code_in(folder: Path) -> Path:
    """Lay down a package of one module."""
    package = folder / "desk"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "sums.py").write_text(ANSWER)
    return folder


def bytecode_of(folder: Path) -> dict[str, bytes]:
    """Read every compiled module of a folder."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*.pyc")}


def test_the_bytecode_runs_whatever_became_of_the_source_files_times(tmp_path: Path) -> None:
    code = code_in(tmp_path / "code")
    compile_for_lambda(code, "/var/task", sys.executable)
    # Were it compiled again, this would be heard.
    (code / "desk" / "sums.py").write_text(ANSWER.replace("42", "0"))

    done = subprocess.run(
        [sys.executable, "-c", "from desk.sums import answer; print(answer())"],
        cwd=code,
        env={},
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout == "42\n"


def test_the_same_modules_make_the_same_bytes_wherever_they_stand(tmp_path: Path) -> None:
    found = []
    for name in ("one", "two"):
        code = code_in(tmp_path / name)
        compile_for_lambda(code, "/var/task", sys.executable)
        found.append(bytecode_of(code))

    assert len(found[0]) == 2
    assert found[0] == found[1]


def test_without_the_functions_python_it_is_said_and_nothing_is_compiled(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(build, "PYTHON", "3.99")

    assert python_of_lambda() is None
    assert "uv python install 3.99" in capsys.readouterr().err


def test_the_functions_python_is_found_where_it_is_installed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ours = f"{sys.version_info.major}.{sys.version_info.minor}"
    monkeypatch.setattr(build, "PYTHON", ours)
    found = python_of_lambda()

    assert found is not None
    said = subprocess.run([found, "--version"], capture_output=True, text=True, check=True)
    assert said.stdout.startswith(f"Python {ours}.")
