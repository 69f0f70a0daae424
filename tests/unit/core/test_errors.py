"""The error tree is the one its docstring draws, and every caller's error has a problem page."""

import inspect
import re

import pytest

from bifrost.core import errors
from bifrost.core.decisions import Reason
from bifrost.core.errors import BifrostError, FieldProblem, InvalidInputError, RefusedError
from bifrost.core.problems import PROBLEMS

CLASSES = {
    name: kind
    for name, kind in inspect.getmembers(errors, inspect.isclass)
    if issubclass(kind, BifrostError)
}


def drawn_tree() -> dict[str, str]:
    """Each class of the docstring's picture, with the class that it hangs from."""
    parents, found = {0: "BifrostError"}, {}
    for line in (errors.__doc__ or "").splitlines():
        branch = re.match(r"\s{4}(?P<indent>[│ ]*)[├└]── (?P<name>\w+)", line)
        if branch:
            depth = len(branch["indent"]) // 4
            found[branch["name"]] = parents[depth]
            parents[depth + 1] = branch["name"]
    return found


def test_the_docstring_draws_every_class_under_its_base() -> None:
    tree = {
        name: kind.__base__.__name__ for name, kind in CLASSES.items() if name != "BifrostError"
    }

    assert drawn_tree() == tree


def test_every_error_name_says_that_it_is_one() -> None:
    assert [name for name in CLASSES if not name.endswith("Error")] == []


@pytest.mark.parametrize("name", sorted(set(CLASSES) - {"BifrostError"}))
def test_every_error_has_a_problem_of_its_own(name: str) -> None:
    assert name in PROBLEMS


def test_every_problem_tells_cause_and_next_step_under_a_slug_of_its_own() -> None:
    slugs = [problem.slug for problem in PROBLEMS.values()]

    assert len(set(slugs)) == len(slugs)
    assert [slug for slug in slugs if not re.fullmatch(r"[a-z]+(-[a-z]+)*", slug)] == []
    for problem in PROBLEMS.values():
        assert 400 <= problem.status <= 599
        assert problem.cause.endswith(".")
        assert problem.next_step.endswith(".")


def test_invalid_input_names_every_field_that_is_wrong() -> None:
    error = InvalidInputError(
        FieldProblem("quantity", "must be positive, was -1", "send a positive number"),
        FieldProblem("side", "must be buy or sell, was hold", "send buy or sell"),
    )

    assert str(error) == "quantity: must be positive, was -1; side: must be buy or sell, was hold"
    assert len(error.problems) == 2


def test_a_refusal_keeps_every_reason() -> None:
    error = RefusedError(Reason("cash"), Reason("halted"))

    assert str(error) == "refused by cash, halted"
    assert [reason.rule for reason in error.reasons] == ["cash", "halted"]
