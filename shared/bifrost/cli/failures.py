"""How a failure ends: in lines for a person, one JSON object for a program, and its code."""

import sys
from collections.abc import Iterable, Sequence
from typing import Any

from bifrost.cli.output import exit_code, has_shown_json, say, show_json

_CANNOT_SAY = "the command stopped; what it wrote to standard error says why"
_INTERRUPTED = 130


def wants_json(arguments: Sequence[str]) -> bool:
    """Whether `--json` was given; asked too where the arguments cannot be parsed."""
    options = arguments[: arguments.index("--")] if "--" in arguments else arguments
    return "--json" in options


def tell(error: Exception) -> int:
    """Tell of an error of the desk; return its code."""
    say(f"error: {error}")
    for one in getattr(error, "problems", ()):
        say(f"  {one.field}: {one.fix}")
    code = exit_code(error)
    if wants_json(sys.argv):
        show_json({"error": _problem_of(error), "exit_code": code})
    return code


def tell_of_fault(error: Exception) -> int:
    """Tell of an error that nobody foresaw, with where it came from; return its code."""
    import traceback

    say("".join(traceback.format_exception(error)).rstrip())
    say("error: a fault of ours; please report the lines above")
    if wants_json(sys.argv):
        detail = f"unexpected {type(error).__name__}: {error}"
        show_json({"error": _catalogued(("InternalError",), detail), "exit_code": 1})
    return 1


def tell_of_end(code: int, cause: BaseException | None) -> None:
    """Tell a program why the command ended with this code, where the command itself did not.

    cause: what Typer turned into the code; it has told a person already.
    """
    if code == 0 or has_shown_json() or not wants_json(sys.argv):
        return
    show_json({"error": _problem_of_end(code, cause), "exit_code": code})


def _problem_of(error: Exception) -> dict[str, Any]:
    """The API's problem, or one of the same shape."""
    problem = getattr(error, "problem", None)
    if problem is not None:
        # What stands before the API answers in a shape of its own, or in none.
        return {"type": "about:blank", "title": "The API did not answer as itself", **problem}
    kinds = [one.__name__ for one in type(error).__mro__]
    found = _catalogued(kinds, str(error))
    if fields := getattr(error, "problems", ()):
        found["errors"] = [
            {"field": one.field, "message": one.message, "fix": one.fix} for one in fields
        ]
    return found


def _problem_of_end(code: int, cause: BaseException | None) -> dict[str, Any]:
    from typer.exceptions import TyperException

    if code == _INTERRUPTED:
        return {"title": "Interrupted", "detail": "the command was ended from outside"}
    if not isinstance(cause, TyperException):
        return {"title": "The command stopped", "detail": _CANNOT_SAY}
    detail = cause.format_message()
    path = getattr(getattr(cause, "ctx", None), "command_path", "bifrost")
    field = {
        "field": _meant(cause),
        "message": cause.message or detail,
        "fix": f"see `{path} --help`",
    }
    return {**_catalogued(("InvalidInputError",), detail), "errors": [field]}


def _meant(cause: Exception) -> str:
    """The option or argument that a usage error is about."""
    names = getattr(getattr(cause, "param", None), "opts", None)
    said = getattr(cause, "param_hint", None) or getattr(cause, "option_name", "command")
    return str(names[0] if names else said)


def _catalogued(kinds: Iterable[str], detail: str) -> dict[str, Any]:
    from bifrost.core.problems import PROBLEMS

    entry = PROBLEMS[next((kind for kind in kinds if kind in PROBLEMS), "InternalError")]
    return {"type": f"/v1/problems/{entry.slug}", "title": entry.title, "detail": detail}
