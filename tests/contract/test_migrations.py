"""Promises that a database is brought forward by the files that made it, or refused in words."""

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from bifrost.adapters.postgres import migrate, migration_files
from bifrost.core.errors import UnavailableError
from tests.postgres_server import SCHEMAS, Server

PASSWORDS = dict.fromkeys(SCHEMAS, "unused")


@pytest.fixture
def address(postgres_server: Server) -> Iterator[str]:
    """Name a migrated database, as its owner reaches it."""
    with postgres_server.fresh_database() as name:
        yield postgres_server.address("postgres", name)


def test_a_database_at_the_newest_revision_is_left_as_it_is(address: str) -> None:
    assert migrate.migrate(address, PASSWORDS) == migrate.newest_revision()


def test_every_revision_is_noted_with_the_digest_of_its_file(address: str) -> None:
    with psycopg.connect(address) as connection:
        noted = dict(connection.execute(f"SELECT * FROM {migration_files.TABLE}").fetchall())

    assert noted == migration_files.digests(migrate.MIGRATIONS)


@pytest.mark.parametrize("change", ["SET digest = 'older'", "SET revision = revision || 'x'"])
def test_a_database_that_other_files_made_is_refused_with_what_to_do(
    address: str, change: str
) -> None:
    with psycopg.connect(address) as connection:
        connection.execute(f"UPDATE {migration_files.TABLE} {change} WHERE revision = '0020'")

    with pytest.raises(UnavailableError, match=r"another text of migration 0020 .* `bifrost reset"):
        migrate.migrate(address, PASSWORDS)


def test_a_database_older_than_the_notes_is_refused_too(address: str) -> None:
    with psycopg.connect(address) as connection:
        connection.execute(f"DROP TABLE {migration_files.TABLE}")

    with pytest.raises(UnavailableError, match="0001, 0010"):
        migrate.migrate(address, PASSWORDS)


def test_line_ends_do_not_make_another_file(tmp_path: Path) -> None:
    for name, text in {"0001_unix.py": b"a\nb\n", "0002_windows.py": b"a\r\nb\r\n"}.items():
        path = tmp_path / "versions" / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(text)

    unix, windows = migration_files.digests(tmp_path).values()
    assert unix == windows
