"""Which migration files made a database, so that one made by other files is not taken for ours.

Until the first release a migration may still be rewritten. A database that an older text of it
made says that it is at the newest revision and lacks what was added: a deposit would be half
kept. So each revision is noted with its text's digest, and a difference is refused.
"""

from hashlib import sha256
from pathlib import Path

import psycopg

from bifrost.core.errors import UnavailableError

TABLE = "bifrost_migration_files"
_CREATE = f"CREATE TABLE IF NOT EXISTS {TABLE} (revision text PRIMARY KEY, digest text NOT NULL)"


def digests(folder: Path) -> dict[str, str]:
    """Return each revision's digest, by its id; line ends do not count."""
    files = sorted(folder.glob("versions/[0-9]*_*.py"))
    return {
        path.name.split("_")[0]: sha256(path.read_bytes().replace(b"\r\n", b"\n")).hexdigest()
        for path in files
    }


def refuse_others(connection: psycopg.Connection, made: dict[str, str], revision: str) -> None:
    """Raise UnavailableError where another text made a revision up to the database's own."""
    connection.execute(_CREATE)
    noted: dict[str, str] = dict(
        connection.execute(f"SELECT revision, digest FROM {TABLE}").fetchall()
    )
    applied = [known for known in made if known <= revision]
    other = [known for known in applied if noted.get(known) != made[known]]
    if other:
        raise UnavailableError(
            f"the database was made by another text of migration {', '.join(other)} than this "
            "version has; use the version that made it, or start anew: `bifrost reset --yes` "
            "removes the local desk and everything in it"
        )


def note(connection: psycopg.Connection, revision: str, digest: str) -> None:
    """Note the file that brought the database to `revision`."""
    connection.execute(_CREATE)
    connection.execute(
        f"INSERT INTO {TABLE} (revision, digest) VALUES (%s, %s)", (revision, digest)
    )
