"""Ingestion: jobs and items, circuits of vendors, leases of ingesters."""

from alembic import op

revision = "0155"
down_revision = "0150"

_LEASES = """
-- Who does what only one may do. The token counts changes of hands, and a writer proves its own.
CREATE TABLE data.leases (
    name text PRIMARY KEY,
    holder text NOT NULL CHECK (holder <> ''),
    token bigint NOT NULL,
    ends_at timestamptz NOT NULL
);
"""


def upgrade() -> None:
    """Create the tables."""
    op.execute(_LEASES)
