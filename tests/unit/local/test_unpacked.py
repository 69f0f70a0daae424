"""Workers of one code share one unpacked copy, which outlives them and is never half there."""

import os
import zipfile
from pathlib import Path

import pytest

from bifrost.local.unpacked import Copies, shared_zip


def archive(folder: Path, name: str, text: str) -> Path:
    """An archive of one module."""
    path = folder / f"{name}.zip"
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr("app/main.py", text)
    return path


@pytest.fixture
def copies(tmp_path: Path) -> Copies:
    """No copies yet."""
    made = Copies(tmp_path / "code")
    made.forget_older()
    return made


def unpack(copies: Copies, path: Path, into: Path) -> Path:
    """Unpack as a worker's start does."""
    into.mkdir()
    with shared_zip(copies)(path) as packed:
        packed.extractall(into)
    return into


def test_two_workers_of_one_code_read_the_same_files(copies: Copies, tmp_path: Path) -> None:
    one = unpack(copies, archive(tmp_path, "a", "x = 1"), tmp_path / "one")
    two = unpack(copies, archive(tmp_path, "b", "x = 1"), tmp_path / "two")

    assert (one / "app" / "main.py").read_text() == "x = 1"
    assert one.resolve() == two.resolve()


def test_changed_code_is_another_copy(copies: Copies, tmp_path: Path) -> None:
    one = unpack(copies, archive(tmp_path, "a", "x = 1"), tmp_path / "one")
    two = unpack(copies, archive(tmp_path, "b", "x = 2"), tmp_path / "two")

    texts = [(place / "app" / "main.py").read_text() for place in (one, two)]
    assert texts == ["x = 1", "x = 2"]


def test_at_the_next_start_only_the_newest_copy_is_left(copies: Copies, tmp_path: Path) -> None:
    older = copies.copy_of(archive(tmp_path, "a", "x = 1"))
    newer = copies.copy_of(archive(tmp_path, "b", "x = 2"))
    half = older.parent / ".half"
    half.mkdir()
    os.utime(older, (1, 1))

    copies.forget_older()

    assert list(older.parent.iterdir()) == [newer]


def test_what_cannot_be_unpacked_is_no_copy(copies: Copies, tmp_path: Path) -> None:
    path = tmp_path / "broken.zip"
    path.write_bytes(b"no archive")

    with pytest.raises(zipfile.BadZipFile):
        copies.copy_of(path)
    with pytest.raises(zipfile.BadZipFile):
        copies.copy_of(path)
