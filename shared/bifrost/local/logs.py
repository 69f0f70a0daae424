"""Reading the stack's log files: one per part, one per capability."""

import time
from collections.abc import Iterator
from pathlib import Path

from bifrost.core.errors import NotFoundError

POLL_SECONDS = 0.25


def names(folder: Path) -> list[str]:
    """What has a log: the parts of the stack and each capability that has run."""
    return sorted(path.stem for path in folder.glob("*.log") if not path.stem.endswith(".1"))


def last_lines(folder: Path, wanted: list[str], lines: int) -> Iterator[tuple[str, str]]:
    """The last lines of each wanted log, as (its name, the line)."""
    for name in _checked(folder, wanted):
        for line in _tail(folder / f"{name}.log", lines):
            yield name, line


def follow(folder: Path, wanted: list[str]) -> Iterator[tuple[str, str]]:
    """New lines of each wanted log as they are written, until the caller stops asking."""
    logs = [folder / f"{name}.log" for name in _checked(folder, wanted)]
    read = {path: path.stat().st_size for path in logs}
    while True:
        for path in logs:
            size = path.stat().st_size
            start = read[path] if size >= read[path] else 0  # it was started anew
            for line in _between(path, start, size):
                yield path.stem, line
            read[path] = size
        time.sleep(POLL_SECONDS)


def _checked(folder: Path, wanted: list[str]) -> list[str]:
    known = names(folder)
    for name in wanted:
        if name not in known:
            raise NotFoundError(
                f"{name} has no log; these have: {', '.join(known) or 'none, run `bifrost up`'}"
            )
    return wanted or known


def _tail(path: Path, lines: int) -> list[str]:
    return path.read_text(errors="replace").splitlines()[-lines:] if lines else []


def _between(path: Path, start: int, end: int) -> list[str]:
    with path.open("rb") as file:
        file.seek(start)
        return file.read(end - start).decode(errors="replace").splitlines()
