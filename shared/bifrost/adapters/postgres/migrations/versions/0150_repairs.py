"""Repairs: each a row with its reason, its score and the raw values, and what was done with it.

A repair is never changed, and neither is a step taken with it: the newest step says how it
stands. The bars that it made are rows of data.bars that name it.
"""

from alembic import op

revision = "0150"
down_revision = "0145"

_REPAIRS = """
CREATE TABLE data.repairs (
    place bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    repair_id text PRIMARY KEY,
    instrument text NOT NULL REFERENCES data.instruments,
    timeframe text NOT NULL,
    source text NOT NULL REFERENCES data.sources,
    kind text NOT NULL,
    first_session date NOT NULL,
    last_session date NOT NULL CHECK (last_session >= first_session),
    columns text[] NOT NULL CHECK (cardinality(columns) > 0),
    bars integer NOT NULL CHECK (bars > 0),
    -- By column: [session, raw value, repaired value], null where no number was told; of bars
    -- shorter than a session with the instant at which each begins.
    cells jsonb NOT NULL,
    -- The least of its evidence.
    score numeric NOT NULL CHECK (score BETWEEN 0 AND 1),
    evidence jsonb NOT NULL,
    reason text NOT NULL CHECK (reason <> ''),
    method text NOT NULL,
    known_from date NOT NULL,
    recorded_at timestamptz NOT NULL
);
CREATE INDEX repairs_of_instrument ON data.repairs (instrument, place);

CREATE TABLE data.repair_steps (
    place bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    repair_id text NOT NULL REFERENCES data.repairs,
    state text NOT NULL CHECK (state IN ('proposed', 'applied', 'undone')),
    taken_by text NOT NULL CHECK (taken_by <> ''),
    reason text NOT NULL CHECK (reason <> ''),
    recorded_at timestamptz NOT NULL
);
CREATE INDEX repair_steps_of_repair ON data.repair_steps (repair_id, place);
"""

_GUARDED = """
CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON data.{table}
    FOR EACH STATEMENT EXECUTE FUNCTION data.keep_rows();
REVOKE UPDATE, DELETE, TRUNCATE ON data.{table} FROM bifrost_data;
"""


def upgrade() -> None:
    """Create the tables."""
    op.execute(_REPAIRS)
    for table in ("repairs", "repair_steps"):
        op.execute(_GUARDED.format(table=table))
