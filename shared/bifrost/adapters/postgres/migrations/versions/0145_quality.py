"""The gate's books: what is quarantined, and how complete each session is."""

revision = "0145"
down_revision = "0140"


def upgrade() -> None:
    """Create the tables."""
