"""What commands are given: written by a person or by a script whose variable was empty."""

from typing import Annotated, Any

import typer

MOST_MAX = 100_000


def filled(value: str | None) -> str | None:
    """Refuse a text that is empty: an empty `--account` is not the newest account."""
    if value is not None and not value.strip():
        raise typer.BadParameter("it is empty")
    return value


def each_filled(values: list[str] | None) -> list[str] | None:
    """Refuse a list with an empty text."""
    for value in values or ():
        filled(value)
    return values


def argument(says: str) -> Any:
    """A text that must be given and must not be empty."""
    return typer.Argument(help=says, callback=filled)


def arguments(says: str) -> Any:
    """Texts of which none may be empty."""
    return typer.Argument(help=says, callback=each_filled)


def option(*names: str, says: str) -> Any:
    """A text that may be left out but must not be empty."""
    return typer.Option(*names, help=says, callback=filled)


def most(says: str = "How many at the most.") -> Any:
    """How much of a list is shown."""
    return typer.Option(min=1, max=MOST_MAX, help=says)


Currency = Annotated[str, option(says="The currency, such as USD.")]
