"""What a file may be called where it is declared: a path that a person sees as it is."""

import pytest

from bifrost.data.files.uploads import NAME_MAX, is_plain


@pytest.mark.parametrize(
    "name",
    ["aapl.csv", "daily/aapl.zip", "a/b/c/aapl.zip", "Bücher 2012.csv", "..a", "a" * NAME_MAX],
)
def test_a_path_below_what_is_imported_is_plain(name: str) -> None:
    assert is_plain(name)


@pytest.mark.parametrize(
    "name",
    ["", "/etc/passwd", "../x.csv", "a/../x.csv", "a//x.csv", "a/", ".", "a/ .. /b", "a\\b"],
)
def test_a_path_that_leads_elsewhere_is_not(name: str) -> None:
    assert not is_plain(name)


@pytest.mark.parametrize("sign", ["\n", "\x00", "\x7f", "\u202e", "\u200b", "\u2028", "\ud800"])
def test_a_name_with_a_sign_that_is_not_seen_is_not(sign: str) -> None:
    assert not is_plain(f"a{sign}b.csv")


def test_a_name_longer_than_any_may_be_is_not() -> None:
    assert not is_plain("a" * (NAME_MAX + 1))
