"""Snapshots for screening, and what companies reported: rows that are only ever added.

A fact is known from `reported_at` on, in the world; `recorded_at` is when we heard of it. A
snapshot that later comes out otherwise (a late bar, a repair) is another row of its session.
"""

from alembic import op

revision = "0165"
down_revision = "0160"

_FACTS = """
CREATE TABLE data.fundamentals (
    instrument text NOT NULL,
    metric text NOT NULL,
    period_end date NOT NULL,
    value numeric NOT NULL,
    currency text NOT NULL,
    reported_at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL,
    PRIMARY KEY (instrument, metric, period_end, reported_at)
);
CREATE TABLE data.earnings (
    instrument text NOT NULL,
    earnings_at timestamptz NOT NULL,
    eps_estimate numeric,
    eps_actual numeric,
    reported_at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL,
    PRIMARY KEY (instrument, earnings_at, reported_at)
);
"""

_SNAPSHOTS = """
CREATE TABLE data.snapshots (
    session date NOT NULL,
    instrument text NOT NULL,
    snapshot jsonb NOT NULL,
    recorded_at timestamptz NOT NULL,
    PRIMARY KEY (session, instrument, recorded_at)
);
"""

_APPEND_ONLY = """
CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON data.{table}
    FOR EACH STATEMENT EXECUTE FUNCTION data.keep_rows();
REVOKE UPDATE, DELETE, TRUNCATE ON data.{table} FROM bifrost_data;
"""


def upgrade() -> None:
    """Create the tables."""
    op.execute(_FACTS)
    op.execute(_SNAPSHOTS)
    for table in ("fundamentals", "earnings", "snapshots"):
        op.execute(_APPEND_ONLY.format(table=table))
