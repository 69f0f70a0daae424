"""The commands that start, show and end the local stack.

Everything heavy is imported inside the command: `bifrost --help` must answer at once.
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import typer

from bifrost.cli.inputs import each_filled
from bifrost.cli.output import DEPENDENCY_DOWN, AsJson, say, show_json

LINES_MAX = 1_000_000

app = typer.Typer(no_args_is_help=True, help="The local stack: up, down, status, logs, reset.")


@app.command()
def up(as_json: AsJson = False) -> None:
    """Start the stack, or find it running; deploy what changed.

    Example: bifrost up
    """
    from bifrost.local.place import this_stack

    with progress() as step:
        state = this_stack().up(step)
    if as_json:
        show_json(
            {
                "api_url": state.api_url,
                "endpoint_url": state.endpoint_url,
                "home": str(state.home),
                "username": state.username,
                "republished": state.republished,
                "seconds": state.seconds,
            }
        )
        return
    print(f"ready in {state.seconds} s at {state.api_url}")
    print("next: bifrost demo, bifrost orders --help, or bifrost logs --follow")


@app.command()
def down(as_json: AsJson = False) -> None:
    """Stop the stack; what it knows is kept for the next `up`.

    Example: bifrost down
    """
    from bifrost.local.place import this_stack

    with progress() as step:
        this_stack().down(step)
    if as_json:
        show_json({"up": False})
        return
    print("the stack is down; `bifrost up` brings it back as it was")


@app.command()
def status(as_json: AsJson = False) -> None:
    """Show each part of the stack; exit code 5 when it is not up.

    Example: bifrost status --json
    """
    from bifrost.local.place import this_stack

    found = this_stack().status()
    show_json(found) if as_json else print("\n".join(_status_lines(found)))
    if not found["up"]:
        raise typer.Exit(DEPENDENCY_DOWN)


@app.command()
def logs(
    name: Annotated[
        list[str] | None,
        typer.Argument(help="A capability, or postgres, aws, synth.", callback=each_filled),
    ] = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Wait for new lines.")] = False,
    lines: Annotated[
        int, typer.Option("--lines", "-n", min=0, max=LINES_MAX, help="Per log.")
    ] = 50,
    as_json: AsJson = False,
) -> None:
    """Show the end of the logs, of all or of those named.

    Example: bifrost logs execution --follow
    """
    from bifrost.local import logs as reader
    from bifrost.local.place import this_place

    if follow and as_json:
        raise typer.BadParameter(
            "following never ends, and --json prints at the end", param_hint="--follow"
        )
    folder, wanted = this_place().home.logs, name or []
    shown = list(reader.last_lines(folder, wanted, lines))
    if as_json:
        show_json({"lines": [{"log": log, "line": line} for log, line in shown]})
        return
    _print_lines(iter(shown))
    if follow:
        _until_interrupted(reader.follow(folder, wanted))


@app.command()
def reset(
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    as_json: AsJson = False,
) -> None:
    """Stop the stack and remove everything that it wrote, its database included.

    Example: bifrost reset --yes
    """
    from bifrost.core.errors import FieldProblem, InvalidInputError
    from bifrost.local.place import this_stack

    home = this_stack().home.path
    if not yes and not _agrees(f"remove {home} with every order and account in it?"):
        raise InvalidInputError(FieldProblem("--yes", "was not given", "say so with --yes"))
    with progress() as step:
        this_stack().reset(step)
    show_json({"removed": str(home)}) if as_json else print(f"removed {home}")


@contextmanager
def progress() -> Iterator[Callable[[str], None]]:
    """Steps on stderr: a spinner on a terminal, plain lines elsewhere."""
    if not sys.stderr.isatty():
        yield say
        return
    from rich.console import Console

    console = Console(stderr=True)
    with console.status("working") as shown:

        def step(text: str) -> None:
            console.print(f"[dim]·[/dim] {text}", highlight=False)
            shown.update(text)

        yield step


def _status_lines(found: dict[str, Any]) -> list[str]:
    lines = [f"the stack is {'up' if found['up'] else 'down'} ({found['home']})"]
    for part in ("postgres", "aws"):
        state = found[part]
        said = "your own" if state["external"] else "running" if state["running"] else "stopped"
        pid = f", process {state['pid']}" if state["pid"] else ""
        lines.append(f"  {part}: {said}{pid}")
    if found["up"]:
        lines += [f"  api: {found['api_url']}", f"  live feed: {found['feed_url']}"]
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
        say(question)
        return False
    return typer.confirm(question, default=False)
