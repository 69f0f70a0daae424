"""A function's zip depends on its content alone and starts without compiling."""

import io
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from bifrost.local.archive import archive


def make(folder: Path, text: str = "VALUE = 1\n") -> Path:
    (folder / "room").mkdir(parents=True)
    (folder / "room" / "__init__.py").write_text('"""A room."""\n')
    (folder / "room" / "thing.py").write_text(text)
    (folder / "page.html").write_text("<p>")
    return folder


def test_the_same_content_gives_the_same_bytes_whatever_its_date(tmp_path: Path) -> None:
    one, other = make(tmp_path / "one"), make(tmp_path / "other")
    os.utime(other / "room" / "thing.py", (1, 1))

    assert archive(one) == archive(other)


def test_one_changed_character_gives_other_bytes(tmp_path: Path) -> None:
    one, other = make(tmp_path / "one"), make(tmp_path / "other", "VALUE = 2\n")

    assert archive(one) != archive(other)


def test_each_module_brings_bytecode_that_is_used_wherever_it_is_unpacked(tmp_path: Path) -> None:
    packed = zipfile.ZipFile(io.BytesIO(archive(make(tmp_path / "code"))))
    unpacked = tmp_path / "unpacked"
    packed.extractall(unpacked)

    done = subprocess.run(
        [sys.executable, "-v", "-c", "import room.thing; print(room.thing.VALUE)"],
        cwd=unpacked,
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout.strip() == "1"
    used = [line for line in done.stderr.splitlines() if "code object from" in line]
    assert any("thing.cpython" in line and ".pyc" in line for line in used)


def test_a_module_that_does_not_compile_stops_the_deployment(tmp_path: Path) -> None:
    broken = make(tmp_path / "code", "def (:\n")

    with pytest.raises(Exception, match=r"thing\.py"):
        archive(broken)
