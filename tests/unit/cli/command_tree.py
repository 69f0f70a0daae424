"""The whole tree of commands, walked; and one command run in this process as a shell would."""

import json
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, get_args

import pytest
import typer

from bifrost.cli import main
from bifrost.local import place
from bifrost.runtime.settings import settings

HISTORY = Path(__file__).parents[1] / "portfolio/import_files/own.csv"
ACTIONS = Path(__file__).parents[1] / "data/corporate_actions.csv"
# Typer makes the whole tree anew for each call: 70 ms in which nothing differs.
made = cache(typer.main.get_command)
# A value for each parameter that must be given, so that the others can be tried.
GOOD = {
    "amount": "5",
    "quantity": "1",
    "side": "buy",
    "mode": "halt",
    "method": "fifo",
    "listener": "portfolio",
    "year": "2014",
    "file": str(HISTORY),
    "actions_file": str(ACTIONS),
    "files": str(HISTORY),
    "quarantine_id": "1",
}
# What may be left out only where an option takes its place.
ALSO: dict[tuple[str, ...], tuple[str, ...]] = {
    ("data", "backfill"): ("instruments", "first", "last"),
    ("data", "import"): ("files", "instrument", "timeframe"),
    ("data", "keys"): ("given",),
}
# Where a command needs one of several options: the first is given unless one of them is tried.
ONE_OF: dict[tuple[str, ...], tuple[str, ...]] = {("lots", "choose"): ("method", "lot")}


@dataclass(frozen=True, slots=True)
class Command:
    """One command: its words, and what it takes."""

    words: tuple[str, ...]
    takes: tuple[Any, ...]

    def line(self, name: str = "", value: str = "") -> list[str]:
        """Call it with all that it needs, and one parameter of `name` set to `value`."""
        several = ONE_OF.get(self.words, ())
        options = [] if name in several else [f"--{one}={GOOD[one]}" for one in several[:1]]
        arguments = []
        for one in self.takes:
            given = value if one.name == name else GOOD.get(one.name, "x-1")
            also = ALSO.get(self.words, ())
            if one.name != name and not one.required and one.name not in also:
                continue
            if one.param_type_name == "option":
                options += [f"{one.opts[0]}={given}"]
            else:
                arguments += [given]
        return [*self.words, *options, "--json", "--", *arguments]

    @property
    def texts(self) -> list[Any]:
        return [one for one in self.takes if _kind(one) is str]

    @property
    def integers(self) -> list[Any]:
        return [one for one in self.takes if _kind(one) is int]


@dataclass(frozen=True, slots=True)
class Done:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def answer(self) -> Any:
        """The one object of its output, which is on the last line."""
        objects = [line for line in self.out.splitlines() if line.startswith("{")]
        assert len(objects) == 1, self.out + self.err
        assert self.out.splitlines()[-1] == objects[0]
        return json.loads(objects[0])

    @property
    def error(self) -> dict[str, Any]:
        """The problem of a failure, which has the same code inside."""
        assert self.answer["exit_code"] == self.code
        assert "Traceback" not in self.out + self.err, self.err
        found: dict[str, Any] = self.answer["error"]
        assert found["title"]
        assert found["detail"]
        return found


def run(capfd: pytest.CaptureFixture[str], *line: str) -> Done:
    """Run it in this process, as its own would."""
    settings.cache_clear()
    place.this_stack.cache_clear()
    capfd.readouterr()
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(sys, "argv", ["bifrost", *line])
        patched.setattr(typer.main, "get_command", made)
        try:
            main.main()
            code: Any = 0
        except SystemExit as end:
            code = end.code or 0
    said = capfd.readouterr()
    return Done(int(code), said.out, said.err)


def every_command() -> list[Command]:
    """Return each command that does something."""
    return _below(made(main.app), ())


def every_help() -> list[tuple[str, ...]]:
    """Return the words of each command and each group of commands."""
    commands = [one.words for one in every_command()]
    groups = {words[:i] for words in commands for i in range(len(words))}
    return sorted({*commands, *groups})


def _below(command: Any, words: tuple[str, ...]) -> list[Command]:
    below = getattr(command, "commands", None)
    if below is None:
        return [Command(words, tuple(p for p in command.params if p.name != "help"))]
    return [one for name in sorted(below) for one in _below(below[name], (*words, name))]


def _kind(parameter: Any) -> Any:
    """The type that one value of it has."""
    kind = parameter.type_descriptor.annotation
    return next(iter(get_args(kind)), kind)
