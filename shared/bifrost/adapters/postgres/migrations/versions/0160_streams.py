"""Live streams: subscriptions of people, gaps of feeds."""

revision = "0160"
down_revision = "0155"


def upgrade() -> None:
    """Create the tables."""
