"""Sources in Postgres, seeded by their migration."""

from bifrost.adapters.postgres.database import Statements
from bifrost.data.reference.sources import Source


def sources(statements: Statements) -> dict[str, Source]:
    """Return every source by its name."""
    found = statements.execute("SELECT name, rank, votes FROM data.sources").fetchall()
    return {row["name"]: Source(row["name"], row["rank"], row["votes"]) for row in found}
