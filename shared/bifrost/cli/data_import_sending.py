"""Files on their way into the desk's bucket: found, declared in parts, sent, and followed."""

import json
import time
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import typer

from bifrost.cli.output import say, say_on_terminal

if TYPE_CHECKING:
    from bifrost.local.api import Api

Named: TypeAlias = tuple[str, Path]
Sheet: TypeAlias = dict[str, Any]

_SUFFIXES = {"csv": (".csv",), "lean": (".zip", ".csv"), "parquet": (".parquet", ".pq")}
# An address takes 64 KiB of JSON.
_DECLARED_BYTES_MAX = 48_000
_WAIT_SECONDS = 900
_PAUSE_SECONDS = 0.3
_SAID_EVERY_SECONDS = 5.0
_NOTHING: Sheet = {
    "state": "failed", "instruments": [], "rows_read": 0, "rows_written": 0, "rows_rejected": 0,
    "rows_quarantined": 0, "rejected": [], "waits_for": None, "note": "",
}  # fmt: skip


class Progress:
    """Tells a person how many files are imported; who reads a log file, every five seconds."""

    def __init__(self, files: int) -> None:
        self._files = files
        self._said = (time.monotonic(), 0)

    def tell(self, settled: int) -> None:
        """Say it where it is news."""
        at, before = self._said
        now = time.monotonic()
        is_due = now - at >= _SAID_EVERY_SECONDS or settled == self._files
        if settled == before:
            return
        if is_due:
            say(f"{settled:,} of {self._files:,} files imported")
            self._said = (now, settled)
        else:
            say_on_terminal(f"{settled:,} of {self._files:,} files imported")


def found_files(given: Sequence[str], file_format: str) -> list[Named]:
    """Return each file by its name below what was given, in the order of its stage."""
    named: list[Named] = []
    for one in map(Path, given):
        if not one.exists():
            raise typer.BadParameter(f"there is no {one}", param_hint="files")
        under = sorted(one.rglob("*")) if one.is_dir() else [one]
        fitting = [each for each in under if each == one or each.suffix in _SUFFIXES[file_format]]
        chosen = [each for each in fitting if not each.is_dir()]
        named += [("/".join(_place(each).parts[1:][-2:]), each) for each in chosen]
    if not named:
        raise typer.BadParameter("name a file, or a folder that has some", param_hint="files")
    return sorted(named, key=lambda one: _stage(one[0], file_format))


def _place(path: Path) -> Path:
    # A link is called as what it leads to; one that leads nowhere by its own name.
    return path.resolve() if path.exists() else path.parent.resolve() / path.name


def send(api: "Api", found: Sequence[Named], told: dict[str, str]) -> list[Sheet]:
    """Send the files in imports as large as one may be; the next begins when one is settled.

    What could not be imported whatever the desk does is not sent, and keeps no other from it.
    """
    done = [_refused(name, why) for name, path in found if (why := _unfit(name, path))]
    good = [(name, path) for name, path in found if not _unfit(name, path)]
    progress = Progress(len(good))
    settled, before = 0, ""
    for part, bodies in _parts(good, told):
        made = api.post("/v1/data/imports", {"files": bodies, "continues": before})
        before = made["import_id"]
        urls = [one["put_url"] for one in made["files"]]
        # Stage by stage: what comes early would wait, and all of it for one function's turn.
        sent = 0
        files: list[Sheet] = []
        places = zip(part, urls, strict=True)
        for _, stage in groupby(places, key=lambda one: _stage(one[0][0], told["format"])):
            pairs = list(stage)
            _put([one for one, _ in pairs], [url for _, url in pairs])
            sent += len(pairs)
            files = _settled(api, made["import_id"], sent, progress, settled)
        settled += len(part)
        done += files
    return done


def _unfit(name: str, path: Path) -> str:
    """Say why a file cannot be imported; nothing where it may."""
    from bifrost.data.files.imports import BYTES_MAX
    from bifrost.data.files.uploads import is_plain

    if not path.exists():
        return "it is a link to what is not there: mend it, or leave it out"
    if not path.is_file():
        return "it is no file that can be read twice, such as a pipe: send a copy of what it gives"
    size = path.stat().st_size
    if not size:
        return "it is empty: it has 0 bytes; save it again, or leave it out"
    if size > BYTES_MAX:
        return f"it has {size} bytes, {BYTES_MAX} are the most: split it"
    if not is_plain(name):
        return "its name, with its folder's, is too long or has signs that are not seen: rename it"
    return ""


def _refused(name: str, why: str) -> Sheet:
    return {"name": name.encode("unicode_escape").decode(), **_NOTHING, "problem": why}


def _parts(
    found: Sequence[Named], told: dict[str, str]
) -> Iterator[tuple[list[Named], list[Sheet]]]:
    """Yield files with their declarations, as many as one import may have."""
    from bifrost.data.files.uploads import FILES_MAX

    part: list[Named] = []
    bodies: list[Sheet] = []
    length = 0
    for name, path in found:
        body = {"name": name, "size": path.stat().st_size, **told}
        more = len(json.dumps(body)) + 2
        if part and (len(part) == FILES_MAX or length + more > _DECLARED_BYTES_MAX):
            yield part, bodies
            part, bodies, length = [], [], 0
        part.append((name, path))
        bodies.append(body)
        length += more
    if part:
        yield part, bodies


def _stage(name: str, file_format: str) -> int:
    from bifrost.data.files.uploads import stage_of

    return stage_of(name, file_format)


def _put(part: Sequence[Named], urls: Sequence[str]) -> None:
    import httpx

    from bifrost.core.errors import UnavailableError

    with httpx.Client(timeout=60, trust_env=False) as client:
        for (name, path), url in zip(part, urls, strict=True):
            say_on_terminal(f"sending {name}")
            try:
                answer = client.put(url, content=path.read_bytes())
            except httpx.HTTPError as error:
                raise UnavailableError(f"the bucket did not take {name}: {error!r}") from error
            if answer.status_code >= 300:
                raise UnavailableError(
                    f"the bucket answered {answer.status_code} to {name}; import it again"
                )


def _settled(api: "Api", import_id: str, sent: int, progress: Progress, before: int) -> list[Sheet]:
    """Wait until none of the first `sent` files can change any more without another one."""
    deadline = time.monotonic() + _WAIT_SECONDS
    while True:
        files: list[Sheet] = api.get(f"/v1/data/imports/{import_id}")["files"]
        settled = sum(map(_is_settled, files[:sent]))
        progress.tell(before + settled)
        if settled == sent or time.monotonic() > deadline:
            return [{k: v for k, v in one.items() if k != "put_url"} for one in files]
        time.sleep(_PAUSE_SECONDS)


def _is_settled(file: Sheet) -> bool:
    return file["state"] in ("done", "failed") or file["waits_for"] is not None
