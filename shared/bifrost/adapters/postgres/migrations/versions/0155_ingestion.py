"""Ingestion: jobs and items, circuits of vendors, leases of ingesters."""

revision = "0155"
down_revision = "0150"


def upgrade() -> None:
    """Create the tables."""
