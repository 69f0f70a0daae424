"""Every problem has a page that says what caused it and what to do next, from no network."""

import pytest

from bifrost.core.problems import PROBLEMS, ProblemKind
from bifrost.gateway.pages import docs_page, problem_kind, problem_page, problems_page


@pytest.mark.parametrize("kind", PROBLEMS.values(), ids=lambda kind: kind.slug)
def test_each_problem_is_found_by_its_slug_and_explained(kind: ProblemKind) -> None:
    page = problem_page(kind)

    assert problem_kind(kind.slug) is kind
    assert kind.title in page
    assert "What to do next" in page
    assert "`" not in page
    assert f"problems/{kind.slug}" in problems_page()


def test_slugs_are_unique() -> None:
    assert len({kind.slug for kind in PROBLEMS.values()}) == len(PROBLEMS)


def test_a_slug_that_is_none_finds_nothing() -> None:
    assert problem_kind("no-such-problem") is None


@pytest.mark.parametrize("page", [docs_page(), problems_page()])
def test_no_page_loads_anything_from_elsewhere(page: str) -> None:
    assert "http://" not in page
    assert "https://" not in page


def test_what_a_catalogue_entry_says_cannot_break_out_of_its_page() -> None:
    kind = ProblemKind("x", 400, "<script>", "a < b & `<i>`", "next")

    assert "<script>" not in problem_page(kind)
    assert "a &lt; b &amp; <code>&lt;i&gt;</code>" in problem_page(kind)
