"""What every test may ask for: a migrated PostgreSQL database of its own, as any schema's role."""

from collections.abc import Callable, Iterator

import pytest

from bifrost.adapters.postgres.database import Database
from tests.postgres_server import Server, running_server


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server for the whole run, started by the first test that needs it."""
    with running_server(tmp_path_factory.mktemp("pg")) as server:
        yield server


@pytest.fixture
def database_url(postgres_server: Server) -> Iterator[Callable[[str], str]]:
    """Give the connection string of a schema's role on this test's own database."""
    with postgres_server.fresh_database() as name:
        yield lambda schema: postgres_server.address(f"bifrost_{schema}", name)


@pytest.fixture
def make_database(database_url: Callable[[str], str]) -> Iterator[Callable[[str], Database]]:
    """Open this test's database as a schema's role; each call is a connection of its own."""
    opened: list[Database] = []

    def make(schema: str) -> Database:
        opened.append(Database(database_url(schema)))
        return opened[-1]

    yield make
    for database in opened:
        database.close()
