"""What the documents say, read so that it can be compared with what is so.

Run as a program it writes `docs/events.md` from the registered events.
"""

import dataclasses
import re
import shlex
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin

from bifrost import events
from bifrost.events import Event, SequencedEvent, detail_type_of
from bifrost.events.base import is_known
from infra_cdk.capabilities import CAPABILITIES
from tests.architecture.project import ROOT

EVENTS_PAGE = ROOT / "docs" / "events.md"
SHELLS = ("bash", "console", "sh")

_FENCE = re.compile(r"^```(?P<language>\w*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\((?P<target>[^)#:]+)(?:#[^)]*)?\)")
_INTRODUCTION = """\
# Events

Facts that one capability publishes and others react to. They travel as EventBridge entries whose
`detail-type` is the name below and whose `source` is the publisher. Fields are added, never changed
or removed; a break is a `.v2` beside the `.v1`. Decimals travel as strings, instants in ISO 8601
with their offset.

Every event carries `event_id` (listeners are safe to repeat by it), `occurred_at` (market time, or
wall time where its publisher has heard of no bar yet),
`recorded_at` (wall time) and `correlation_id` (the request that caused it). A *sequenced* one also
carries `stream` and `sequence`, which counts 1, 2, 3 within its stream; its listeners apply it in
that order whatever the order of delivery.
"""


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block of a document."""

    document: str
    language: str
    text: str

    def commands(self) -> list[str]:
        """The block's shell commands, continued lines joined, comments and answers left out."""
        text = self.text
        if self.language == "console":
            text = "".join(f"{line[2:]}\n" for line in text.splitlines() if line.startswith("$ "))
        return list(_commands(text))


def blocks(document: str, root: Path = ROOT) -> list[Block]:
    """Every fenced block of a document."""
    text = (root / document).read_text()
    return [Block(document, m["language"], m["text"]) for m in _FENCE.finditer(text)]


def shell_blocks(*documents: str) -> list[Block]:
    """Every block that a reader would paste into a shell."""
    return [b for document in documents for b in blocks(document) if b.language in SHELLS]


def calls_of(program: str, commands: list[str]) -> list[list[str]]:
    """The arguments of each call of `uv run <program>`, those inside `$(...)` included."""
    found = re.findall(rf"uv run {program}\b([^\n)|]*)", "\n".join(commands))
    return [shlex.split(arguments) for arguments in found]


def links(document: str, root: Path = ROOT) -> list[str]:
    """The files that a document links to."""
    return [match["target"] for match in _LINK.finditer((root / document).read_text())]


def mapped_capabilities(readme: str) -> set[str]:
    """The capabilities that the README's map has a line for."""
    _, _, rest = readme.partition("| capability |")
    table, _, _ = rest.partition("\n\n")
    return set(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE))


def event_kinds() -> list[type[Event]]:
    """Every event that can travel."""
    kinds = (kind for name in events.__all__ if isinstance(kind := getattr(events, name), type))
    return [k for k in kinds if issubclass(k, Event) and is_known(detail_type_of(k))]


def events_page() -> str:
    """`docs/events.md` as the registered events and the capability table have it."""
    sections = [_INTRODUCTION]
    for publisher in sorted({kind.source for kind in event_kinds()}):
        sections.append(f"## From {publisher.removeprefix('bifrost.')}\n")
        sections += [_event(kind) for kind in event_kinds() if kind.source == publisher]
    sections.append("## The nouns they carry\n")
    nouns = sorted(_nouns(event_kinds()), key=lambda noun: noun.__name__)
    sections += [f"### {noun.__name__}\n\n{_sentence(noun)}\n\n{_table(noun)}" for noun in nouns]
    return "\n".join(sections)


def _event(kind: type[Event]) -> str:
    name = detail_type_of(kind)
    heard = [row.name for row in CAPABILITIES if name in row.listens_to]
    sequenced = " Sequenced." if issubclass(kind, SequencedEvent) else ""
    by = f" Heard by: {', '.join(heard) or 'nobody yet'}."
    return f"### {name}\n\n{_sentence(kind)}{sequenced}{by}\n\n{_table(kind)}"


def _table(kind: type) -> str:
    carried = {field.name for field in dataclasses.fields(SequencedEvent)}
    rows = [
        f"| `{field.name}` | {_kind_of(field.type)} |"
        for field in dataclasses.fields(kind)
        if field.name not in carried or not issubclass(kind, Event)
    ]
    return "\n".join(["| field | kind |", "|---|---|", *rows]) + "\n"


def _nouns(kinds: Iterable[type]) -> set[type]:
    """The dataclasses inside these, and inside those."""
    found = set()
    for kind in kinds:
        for field in dataclasses.fields(kind):
            inner = {field.type, *get_args(field.type)}
            found |= {noun for noun in inner if dataclasses.is_dataclass(noun)}
    return found | _nouns(found) if found else found


def _sentence(kind: type) -> str:
    return " ".join((kind.__doc__ or "").partition("\n\n")[0].split())


def _kind_of(annotation: Any) -> str:
    if get_origin(annotation) is tuple:
        return f"list of {_kind_of(get_args(annotation)[0])}"
    if get_origin(annotation) in (Union, UnionType):
        return " or ".join(_kind_of(arg) for arg in get_args(annotation))
    return {NoneType: "null", str: "string", int: "integer"}.get(annotation, annotation.__name__)


def _commands(text: str) -> Iterator[str]:
    pending = ""
    for line in text.splitlines():
        pending += line
        if _is_open(pending):
            pending = pending.removesuffix("\\") + ("" if line.endswith("\\") else "\n")
            continue
        if pending.strip() and not pending.lstrip().startswith("#"):
            yield pending.strip()
        pending = ""


def _is_open(command: str) -> bool:
    if command.endswith("\\"):
        return True
    try:
        shlex.split(command, comments=True)
    except ValueError:
        return True
    return False


if __name__ == "__main__":
    EVENTS_PAGE.write_text(events_page())
