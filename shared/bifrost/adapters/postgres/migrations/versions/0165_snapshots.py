"""Snapshots for screening, each with the time at which it could be known."""

revision = "0165"
down_revision = "0160"


def upgrade() -> None:
    """Create the tables."""
