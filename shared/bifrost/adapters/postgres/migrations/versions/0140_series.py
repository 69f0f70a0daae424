"""Bars, quotes and trades: partitions by month, packed months, the last bar of each."""

revision = "0140"
down_revision = "0135"


def upgrade() -> None:
    """Create the tables."""
