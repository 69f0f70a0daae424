"""A real PostgreSQL of the benchmarks' own: it syncs every commit, and nothing of it stays."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bifrost.adapters.postgres.database import Database
from bifrost.adapters.postgres.migrate import migrate
from bifrost.local import postgres
from bifrost.local.home import Home

SCHEMAS = ("data", "portfolio", "execution", "risk", "compliance", "venue")


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where each schema is."""

    urls: dict[str, str]

    def open(self, schema: str) -> Database:
        """Open a schema as its role."""
        return Database(self.urls[schema])


@contextmanager
def server() -> Iterator[Addresses]:
    """Start a server that syncs every commit, with every schema; remove it all afterwards."""
    with tempfile.TemporaryDirectory(prefix="bifrost-bench-") as folder:
        home = Home(Path(folder) / "home")
        home.create()
        process = postgres.start(home)
        try:
            migrate(
                postgres.address(home, role="postgres", database="postgres"),
                dict.fromkeys(SCHEMAS, "bench"),
            )
            yield Addresses(
                {
                    name: postgres.address(home, role=f"bifrost_{name}", database="postgres")
                    for name in SCHEMAS
                }
            )
        finally:
            postgres.stop(process)
            home.remove()
