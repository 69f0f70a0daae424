"""Repairs: each a row with its reason, its score and the raw value."""

revision = "0150"
down_revision = "0145"


def upgrade() -> None:
    """Create the tables."""
