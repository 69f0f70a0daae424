"""One unpacked copy of each code, shared by all workers that run it, and kept between starts.

MiniStack unpacks a function's archive for each of its workers: more than a thousand files, seconds
on many a disk, and as many again when they are removed at the next start. Nobody writes to it.
"""

import hashlib
import shutil
import tempfile
import threading
import zipfile
from pathlib import Path
from typing import Any

_unpacking = threading.Lock()


class Copies:
    """The unpacked copies in one folder, by the digest of their archive."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def forget_older(self) -> None:
        """Remove all but the newest, and what a kill left half unpacked; before any is used."""
        self._folder.mkdir(parents=True, exist_ok=True)
        found = sorted(self._folder.iterdir(), key=lambda one: one.stat().st_mtime)
        whole = [one for one in found if not one.name.startswith(".")]
        for one in found:
            if one not in whole[-1:]:
                shutil.rmtree(one, ignore_errors=True)

    def copy_of(self, archive: Path) -> Path:
        """Return the folder with what is in the archive, which is unpacked once."""
        digest = hashlib.sha256(archive.read_bytes()).hexdigest()
        copy = self._folder / digest
        with _unpacking:
            if not copy.exists():
                fresh = Path(tempfile.mkdtemp(prefix=".", dir=self._folder))
                with zipfile.ZipFile(archive) as packed:
                    packed.extractall(fresh)
                fresh.rename(copy)
        return copy


def shared_zip(copies: Copies) -> type[zipfile.ZipFile]:
    """Return a ZipFile whose `extractall` puts a link to the shared copy in the folder's place."""

    class SharedZip(zipfile.ZipFile):
        """An archive on the disk."""

        def extractall(self, path: Any = None, members: Any = None, pwd: Any = None) -> None:
            """Link; the folder is there and empty."""
            copy, place = copies.copy_of(Path(str(self.filename))), Path(path)
            place.rmdir()
            place.symlink_to(copy, target_is_directory=True)

    return SharedZip
