"""Which stack a command means, and which capabilities its project has."""

from pathlib import Path

import pytest

from bifrost.core.errors import UnavailableError
from bifrost.local.place import home_of, project_from
from bifrost.local.table import read_table

PROJECT = Path(__file__).resolve().parents[3]


def test_a_command_deep_inside_the_project_means_the_projects_stack() -> None:
    assert project_from(PROJECT / "shared" / "bifrost") == PROJECT
    assert home_of(PROJECT, None) == PROJECT / ".bifrost"


def test_outside_every_project_the_stack_is_in_the_users_home(tmp_path: Path) -> None:
    assert project_from(tmp_path) is None
    assert home_of(None, None) == Path.home() / ".bifrost"


def test_a_named_home_wins_and_is_absolute(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)

    assert home_of(PROJECT, Path("mine")) == tmp_path / "mine"


def test_the_table_names_each_schema_once_and_only_publishers_with_a_schema() -> None:
    table = read_table(PROJECT)

    assert len(set(table.schemas)) == len(table.schemas)
    assert set(table.publishers) <= set(table.schemas)
    assert set(table.listeners) <= set(table.names)
    assert "venue" in table.schemas


def test_a_folder_that_is_no_project_is_named_in_the_error(tmp_path: Path) -> None:
    with pytest.raises(UnavailableError, match=str(tmp_path)):
        read_table(tmp_path)
