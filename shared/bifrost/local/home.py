"""The stack's home: one folder that holds everything that the local stack writes.

Removing the folder (and the short socket folder, where a long path forces one) removes the
stack. The record in `state.json` is readable by its owner only: it holds generated passwords.
"""

import contextlib
import fcntl
import hashlib
import json
import shutil
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from bifrost.core.errors import FieldProblem, InvalidInputError, UnavailableError
from bifrost.local.processes import ProcessRef

# Says that the folder was made for a stack, so that removing it removes nothing else.
MARK = "bifrost-home"
SOCKET_PATH_MAX = 107
SOCKET_NAME = ".s.PGSQL.5432.lock"


@dataclass(slots=True)
class Record:
    """What must be remembered between two commands."""

    passwords: dict[str, str] = field(default_factory=dict)
    user: dict[str, str] = field(default_factory=dict)
    port: int | None = None
    postgres: ProcessRef | None = None
    aws: ProcessRef | None = None
    deployed: str = ""
    outputs: dict[str, str] = field(default_factory=dict)
    api_url: str = ""


@dataclass(frozen=True, slots=True)
class Home:
    """Where each thing lives under the stack's folder."""

    path: Path

    @property
    def postgres_data(self) -> Path:
        return self.path / "postgres"

    @property
    def aws(self) -> Path:
        return self.path / "aws"

    @property
    def logs(self) -> Path:
        return self.path / "logs"

    @property
    def cloud(self) -> Path:
        return self.path / "cloud"

    @property
    def token_file(self) -> Path:
        return self.path / "token.json"

    @property
    def sockets(self) -> Path:
        """PostgreSQL's socket folder; a short one elsewhere when the home's path is too long."""
        inside = self.path / "socket"
        if len(str(inside / SOCKET_NAME)) <= SOCKET_PATH_MAX:
            return inside
        digest = hashlib.sha256(str(self.path).encode()).hexdigest()[:12]
        return Path(tempfile.gettempdir()) / f"bifrost-{digest}"

    def claim(self) -> None:
        """Make the folder, or see that it is ours: what `reset` removes was never another's.

        Raises InvalidInputError where it holds anything and no stack was ever there.
        """
        if self.path.exists() and not self.path.is_dir():
            raise _not_ours(self.path, "is no folder")
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self._is_marked():
            return
        if any(self.path.iterdir()):
            raise _not_ours(self.path, "holds files and no stack")
        (self.path / MARK).touch()

    def create(self) -> None:
        """Make the folders, readable by their owner only."""
        self.claim()
        for folder in (self.path, self.logs, self.aws):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def remove(self) -> None:
        """Leave no file; the mark goes last, so that an interrupted reset can be repeated."""
        self.claim()
        shutil.rmtree(self.sockets, ignore_errors=True)
        for entry in self.path.iterdir():
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry, ignore_errors=True)
            elif entry.name != MARK:
                entry.unlink(missing_ok=True)
        shutil.rmtree(self.path, ignore_errors=True)

    def _is_marked(self) -> bool:
        # Before there was a mark, a stack had these three.
        older = (self.path / name for name in ("state.json", "aws", "logs"))
        return (self.path / MARK).exists() or all(path.exists() for path in older)

    def read(self) -> Record:
        """The record, or an empty one when the stack was never up."""
        try:
            return _record_of(json.loads((self.path / "state.json").read_text()))
        except FileNotFoundError:
            return Record()
        except NotADirectoryError as error:
            raise _not_ours(self.path, "is no folder") from error
        except (OSError, ValueError) as error:
            raise UnavailableError(
                f"{self.path / 'state.json'} cannot be read ({error}); "
                "`bifrost reset` removes it and starts anew"
            ) from error

    def write(self, record: Record) -> None:
        """Replace the record in one step, so that a kill never leaves half of one."""
        write_private(self.path / "state.json", json.dumps(asdict(record), indent=2))

    @contextlib.contextmanager
    def lock(self, timeout_seconds: float = 120.0) -> Iterator[None]:
        """One `up`, `down` or `reset` at a time; the kernel frees it when its holder dies."""
        self.claim()
        with (self.path / "lock").open("w") as handle:
            _wait_for(handle.fileno(), timeout_seconds, self.path)
            yield


def _not_ours(path: Path, why: str) -> InvalidInputError:
    fix = "name a new or an empty folder, or unset BIFROST_HOME"
    return InvalidInputError(FieldProblem("BIFROST_HOME", f"{path} {why}", fix))


def _record_of(stored: Any) -> Record:
    try:
        for name in ("postgres", "aws"):
            stored[name] = ProcessRef(**stored[name]) if stored[name] else None
        return Record(**stored)
    except (KeyError, TypeError) as error:
        raise ValueError(f"it is no record of a stack: {error!r}") from error


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner reads, in one step."""
    fresh = path.with_suffix(".new")
    fresh.touch(mode=0o600)
    fresh.write_text(text)
    fresh.replace(path)


def _wait_for(handle: int, timeout_seconds: float, path: Path) -> None:
    deadline = time.monotonic() + timeout_seconds
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise UnavailableError(
                    f"another bifrost command has held {path} for {timeout_seconds:.0f} s; "
                    "wait for it or end it, then try again"
                ) from None
            time.sleep(0.1)
        else:
            return
