"""The commands that start, show and end the local stack.

Everything heavy is imported inside the command: `bifrost --help` must answer at once.
"""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated, Any, NoReturn

import typer

OK, USAGE, REFUSED, UNKNOWN, DOWN = 0, 2, 3, 4, 5

app = typer.Typer(no_args_is_help=True, help="The local stack: up, down, status, logs, reset.")

Json = Annotated[bool, typer.Option("--json", help="One JSON object on the last line.")]


@app.command()
def up(as_json: Json = False) -> None:
    """Start the stack, or find it running; deploy what changed.

    Example: bifrost up
    """
    from bifrost.local.place import this_stack

    with failing(as_json), progress() as say:
        state = this_stack().up(say)
    shown = {
        "api_url": state.api_url,
        "endpoint_url": state.endpoint_url,
        "home": str(state.home),
        "username": state.username,
        "republished": state.republished,
        "seconds": state.seconds,
    }
    emit(as_json, shown, [f"ready in {state.seconds} s at {state.api_url}", *_next_steps()])


@app.command()
def down(as_json: Json = False) -> None:
    """Stop the stack; what it knows is kept for the next `up`.

    Example: bifrost down
    """
    from bifrost.local.place import this_stack

    with failing(as_json), progress() as say:
        this_stack().down(say)
    emit(as_json, {"up": False}, ["the stack is down; `bifrost up` brings it back as it was"])


@app.command()
def status(as_json: Json = False) -> None:
    """Show each part of the stack; exit code 5 when it is not up.

    Example: bifrost status --json
    """
    from bifrost.local.place import this_stack

    with failing(as_json):
        found = this_stack().status()
    emit(as_json, found, _status_lines(found))
    if not found["up"]:
        raise typer.Exit(DOWN)


@app.command()
def logs(
    name: Annotated[
        list[str] | None, typer.Argument(help="A capability, or postgres, aws, synth.")
    ] = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Wait for new lines.")] = False,
    lines: Annotated[int, typer.Option("--lines", "-n", min=0, help="Per log.")] = 50,
    as_json: Json = False,
) -> None:
    """Show the end of the logs, of all or of those named.

    Example: bifrost logs execution --follow
    """
    from bifrost.local import logs as reader
    from bifrost.local.place import this_place

    folder, wanted = this_place().home.logs, name or []
    with failing(as_json):
        shown = list(reader.last_lines(folder, wanted, lines))
        if as_json:
            emit(True, {"lines": [{"log": log, "line": line} for log, line in shown]}, [])
            return
        _print_lines(iter(shown))
        if follow:
            _until_interrupted(reader.follow(folder, wanted))


@app.command()
def reset(
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    as_json: Json = False,
) -> None:
    """Stop the stack and remove everything that it wrote, its database included.

    Example: bifrost reset --yes
    """
    from bifrost.local.place import this_place, this_stack

    with failing(as_json):
        home = this_place().home.path
        if not yes and not _agrees(f"remove {home} with every order and account in it?"):
            raise typer.Exit(USAGE)
        with progress() as say:
            this_stack().reset(say)
    emit(as_json, {"removed": str(home)}, [f"removed {home}"])


@contextmanager
def failing(as_json: bool) -> Iterator[None]:
    """End the command with the exit code and the message of what went wrong."""
    from bifrost.core import errors

    codes: list[tuple[type[Exception], int]] = [
        (errors.OutcomeUnknownError, UNKNOWN),
        (errors.UnavailableError, DOWN),
        (errors.BifrostError, USAGE),
    ]
    try:
        yield
    except errors.BifrostError as error:
        code = next(code for kind, code in codes if isinstance(error, kind))
        fail(as_json, type(error).__name__, str(error), code)


def fail(as_json: bool, kind: str, message: str, code: int) -> NoReturn:
    """Say what went wrong, on stderr and as JSON where it was asked for, and end."""
    print(f"bifrost: {message}", file=sys.stderr)
    if as_json:
        print(json.dumps({"error": kind, "message": message, "exit_code": code}))
    raise typer.Exit(code)


def emit(as_json: bool, shown: dict[str, Any], lines: list[str]) -> None:
    """The result: one JSON object on the last line, or lines for a reader."""
    print(json.dumps(shown, default=str) if as_json else "\n".join(lines))


@contextmanager
def progress() -> Iterator[Callable[[str], None]]:
    """Steps on stderr: a spinner on a terminal, plain lines elsewhere."""
    if not sys.stderr.isatty():
        yield lambda text: print(text, file=sys.stderr, flush=True)
        return
    from rich.console import Console

    console = Console(stderr=True)
    with console.status("working") as shown:

        def say(text: str) -> None:
            console.print(f"[dim]·[/dim] {text}", highlight=False)
            shown.update(text)

        yield say


def _next_steps() -> list[str]:
    return ["  next: bifrost demo, bifrost orders --help, or bifrost logs --follow"]


def _status_lines(found: dict[str, Any]) -> list[str]:
    lines = [f"the stack is {'up' if found['up'] else 'down'} ({found['home']})"]
    for part in ("postgres", "aws"):
        state = found[part]
        said = "your own" if state["external"] else "running" if state["running"] else "stopped"
        pid = f", process {state['pid']}" if state["pid"] else ""
        lines.append(f"  {part}: {said}{pid}")
    if found["up"]:
        lines.append(f"  api: {found['api_url']}")
    else:
        lines.append("  start it with `bifrost up`")
    return lines


def _print_lines(lines: Iterator[tuple[str, str]]) -> None:
    for log, line in lines:
        print(f"{log} | {line}", flush=True)


def _until_interrupted(lines: Iterator[tuple[str, str]]) -> None:
    try:
        _print_lines(lines)
    except KeyboardInterrupt:
        return


def _agrees(question: str) -> bool:
    if not sys.stdin.isatty():
        print(f"bifrost: {question} say so with --yes", file=sys.stderr)
        return False
    return typer.confirm(question, default=False)
