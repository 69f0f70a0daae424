"""What every test may ask for: a migrated database of its own, as any schema's role; a desk."""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import settings

from bifrost.adapters.postgres.database import Database
from tests.live_desk import LiveDesk
from tests.local_aws import LocalAws, running_aws
from tests.postgres_server import Server, running_server

MEMORY = Path("/dev/shm")  # noqa: S108 - a private folder is made inside
ROOM_BYTES = 2 * 1024**3
# What takes long to start: the tests that ask for one of these stay together.
COSTLY = ("live_desk", "local_aws")

# No test asserts how long something took: a busy machine is not a bug.
# With CI set the examples are the same each time: what fails there was not there before.
settings.register_profile("desk", deadline=None, derandomize="CI" in os.environ)
# What CONTRIBUTING.md runs on wash sales alone: `--hypothesis-profile=hundred-thousand`.
settings.register_profile("hundred-thousand", deadline=None, max_examples=100_000)
settings.load_profile("desk")


@contextmanager
def _quick_folder() -> Iterator[Path]:
    """Yield a folder in memory where there is room: some disks copy databases 25 times slower."""
    has_room = MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > ROOM_BYTES
    with tempfile.TemporaryDirectory(prefix="bifrost-", dir=MEMORY if has_room else None) as folder:
        yield Path(folder)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Server]:
    """One server for the whole run, started by the first test that needs it."""
    with _quick_folder() as folder, running_server(folder / "pg") as server:
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


@pytest.fixture(scope="session")
def local_aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalAws]:
    """Give one local AWS for the whole run; a test names what it makes there after itself."""
    with running_aws(tmp_path_factory.mktemp("aws")) as local:
        yield local


@pytest.fixture(scope="session")
def live_desk() -> Iterator[LiveDesk]:
    """One stack for the whole run; it leaves neither a process nor a file."""
    with _quick_folder() as folder:
        made = LiveDesk(folder / "home")
        yield made
        made.end()


@pytest.fixture
def desk(live_desk: LiveDesk) -> LiveDesk:
    """The stack, up: after a test that killed a part of it, too."""
    live_desk.ensure_up()
    return live_desk


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep on one worker what shares something costly, where several run (`pytest -n 2`).

    The live desks' tests come first: each desk's are a row that nothing can cut.
    """
    if "PYTEST_XDIST_WORKER" not in os.environ:
        return
    for item in items:
        item.add_marker(pytest.mark.xdist_group(_shared_by(item)))
    items.sort(key=lambda item: "live_desk" not in _fixtures(item))


def _shared_by(item: pytest.Item) -> str:
    room = item.path.parent.name
    found = [name for name in COSTLY if name in _fixtures(item)]
    # Of live desks there are two: one that is used, and one that is killed again and again.
    return room if room == "infra" else "/".join((room, *found)) if found else str(item.path)


def _fixtures(item: pytest.Item) -> Sequence[str]:
    return getattr(item, "fixturenames", ())
