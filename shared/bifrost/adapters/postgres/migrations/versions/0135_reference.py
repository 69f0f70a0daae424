"""Instruments over time: dated terms, index membership, and sources with their votes."""

revision = "0135"
down_revision = "0130"


def upgrade() -> None:
    """Create the tables."""
