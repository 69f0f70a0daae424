"""Brings a database to the newest schema, and gives each role its password.

Alembic is called through its API. Its import costs more than a whole check, so a database that
is already at the newest migration is recognised without it.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import cast

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from bifrost.adapters.postgres import migration_files
from bifrost.core.errors import UnavailableError

MIGRATIONS = Path(__file__).parent / "migrations"
# Any fixed number: it keeps two migrations of one database apart.
LOCK = 4_217_301


def newest_revision() -> str:
    """The id of the last migration: files are named by id and intent, and ids only grow."""
    return max(path.name.split("_")[0] for path in MIGRATIONS.glob("versions/[0-9]*_*.py"))


def role_of(schema: str) -> str:
    """The one role that may touch a schema."""
    return f"bifrost_{schema}"


def as_role(dsn: str, schema: str, password: str) -> str:
    """The connection string of a schema's role on the database that `dsn` names."""
    return make_conninfo(dsn, user=role_of(schema), password=password)


def create_database(dsn: str, name: str) -> None:
    """Create the database unless it is there."""
    with _connect(dsn) as connection:
        query = "SELECT 1 FROM pg_database WHERE datname = %s"
        if connection.execute(query, (name,)).fetchone() is None:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))


def migrate(dsn: str, passwords: Mapping[str, str]) -> str:
    """Bring the database to the newest revision and return it.

    passwords: by schema; each role is created where it is missing and can log in afterwards.
    Raises UnavailableError where the database was made by other files of these revisions.
    """
    with _connect(dsn) as connection:
        connection.execute("SELECT pg_advisory_lock(%s)", (LOCK,))
        for schema, password in passwords.items():
            _ensure_role(connection, role_of(schema), password)
        current = current_revision(connection)
        made = migration_files.digests(MIGRATIONS)
        if current is not None:
            migration_files.refuse_others(connection, made, current)
        if current != newest_revision():
            _upgrade(dsn, made)
    return newest_revision()


def current_revision(connection: psycopg.Connection) -> str | None:
    """The revision that the database says it has; None before the first migration."""
    if connection.execute("SELECT to_regclass('alembic_version')").fetchone() == (None,):
        return None
    row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    return str(row[0]) if row else None


def drop_schemas(dsn: str, schemas: list[str]) -> None:
    """Remove our schemas and roles, and nothing else, from a server that is not ours to delete."""
    with _connect(dsn) as connection, connection.transaction():
        for schema in schemas:
            connection.execute(
                sql.SQL("DROP SCHEMA IF EXISTS {} CASCADE").format(sql.Identifier(schema))
            )
            for role in (f"{role_of(schema)}_reader", role_of(schema)):
                _drop_role(connection, role)
        for table in ("alembic_version", migration_files.TABLE):
            connection.execute(sql.SQL("DROP TABLE IF EXISTS {}").format(sql.Identifier(table)))


def answers(dsn: str) -> bool:
    """Whether the server takes connections."""
    try:
        with psycopg.connect(dsn, connect_timeout=3):
            return True
    except psycopg.OperationalError:
        return False


def _connect(dsn: str) -> psycopg.Connection:
    try:
        return psycopg.connect(dsn, autocommit=True, connect_timeout=5)
    except psycopg.OperationalError as error:
        raise UnavailableError(
            f"PostgreSQL did not answer: {error}; check DATABASE_URL if you set it, "
            "else see `bifrost logs postgres`"
        ) from error


def _ensure_role(connection: psycopg.Connection, role: str, password: str) -> None:
    exists = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (role,)).fetchone()
    verb = "ALTER" if exists else "CREATE"
    connection.execute(
        sql.SQL("{} ROLE {} LOGIN PASSWORD {}").format(
            sql.SQL(verb), sql.Identifier(role), sql.Literal(password)
        )
    )


def _drop_role(connection: psycopg.Connection, role: str) -> None:
    exists = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (role,)).fetchone()
    if exists:
        name = sql.Identifier(role)
        connection.execute(sql.SQL("DROP OWNED BY {}").format(name))
        connection.execute(sql.SQL("DROP ROLE {}").format(name))


def _upgrade(dsn: str, made: dict[str, str]) -> None:
    from alembic import command
    from alembic.config import Config
    from sqlalchemy import create_engine
    from sqlalchemy.pool import NullPool

    engine = create_engine(
        "postgresql+psycopg://", creator=lambda: psycopg.connect(dsn), poolclass=NullPool
    )
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    with engine.connect() as connection:
        driver = cast("psycopg.Connection", connection.connection.driver_connection)
        # In the transaction of the migration that it notes.
        config.attributes["note"] = lambda step, **_: migration_files.note(
            driver, step.up_revision_id, made[step.up_revision_id]
        )
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        connection.commit()
