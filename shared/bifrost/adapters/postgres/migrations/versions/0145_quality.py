"""The gate's books: what is quarantined, what is flagged, and how complete each session is.

Quarantined values stay as they came, NaN included, which numeric holds. A row changes once: when
somebody releases it, and then it says who, when and why.
"""

from alembic import op

revision = "0145"
down_revision = "0140"

_QUARANTINE = """
CREATE TABLE data.quarantine (
    quarantine_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    instrument text NOT NULL,
    timeframe text NOT NULL,
    -- When the bar says that it begins; session: the one that it counts for, if any.
    occurred_at timestamptz NOT NULL,
    session date,
    source text NOT NULL,
    open numeric NOT NULL,
    high numeric NOT NULL,
    low numeric NOT NULL,
    close numeric NOT NULL,
    volume numeric NOT NULL,
    kinds text[] NOT NULL CHECK (cardinality(kinds) > 0),
    reason text NOT NULL,
    recorded_at timestamptz NOT NULL,
    released_at timestamptz,
    released_by text,
    release_reason text CHECK (release_reason <> ''),
    -- What a vendor sends again is no second fault.
    UNIQUE (instrument, timeframe, occurred_at, source, open, high, low, close, volume),
    CHECK (num_nulls(released_at, released_by, release_reason) IN (0, 3))
);
CREATE INDEX quarantine_of_session ON data.quarantine (session, instrument)
    WHERE released_at IS NULL;

-- Stored all the same, and odd, or not there at all.
CREATE TABLE data.quality_flags (
    instrument text NOT NULL,
    timeframe text NOT NULL,
    occurred_at timestamptz NOT NULL,
    session date,
    source text NOT NULL,
    kind text NOT NULL,
    reason text NOT NULL,
    recorded_at timestamptz NOT NULL,
    PRIMARY KEY (instrument, timeframe, occurred_at, source, kind)
);
CREATE INDEX quality_flags_of_session ON data.quality_flags (session, instrument);

CREATE FUNCTION data.release_once() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
    IF OLD.released_at IS NOT NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'insufficient_privilege',
            MESSAGE = 'a quarantined bar is released once';
    END IF;
    RETURN NEW;
END $body$;
CREATE TRIGGER quarantine_release_once BEFORE UPDATE ON data.quarantine
    FOR EACH ROW EXECUTE FUNCTION data.release_once();
REVOKE UPDATE, DELETE, TRUNCATE ON data.quarantine FROM bifrost_data;
GRANT UPDATE (released_at, released_by, release_reason) ON data.quarantine TO bifrost_data;
REVOKE UPDATE, DELETE, TRUNCATE ON data.quality_flags FROM bifrost_data;
"""

_TICKS = """
-- Quotes and trades that reach no decision, as they were told: texts, to the last digit.
CREATE TABLE data.quarantined_ticks (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    instrument text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('quote', 'trade')),
    occurred_at timestamptz NOT NULL,
    sequence bigint NOT NULL,
    session date,
    source text NOT NULL,
    told jsonb NOT NULL,
    kinds text[] NOT NULL CHECK (cardinality(kinds) > 0),
    reason text NOT NULL,
    recorded_at timestamptz NOT NULL,
    -- What is told again is no second fault.
    UNIQUE (instrument, kind, occurred_at, sequence, source, told)
);
CREATE INDEX quarantined_ticks_of_session ON data.quarantined_ticks (session, instrument);
REVOKE UPDATE, DELETE, TRUNCATE ON data.quarantined_ticks FROM bifrost_data;
"""

_COMPLETENESS = """
-- As it was found last; each finding that differs takes the place of the one before.
CREATE TABLE data.completeness (
    instrument text NOT NULL,
    timeframe text NOT NULL,
    session date NOT NULL,
    expected integer NOT NULL CHECK (expected > 0),
    stored integer NOT NULL CHECK (stored BETWEEN 0 AND expected),
    quarantined integer NOT NULL CHECK (quarantined >= 0),
    share numeric GENERATED ALWAYS AS (stored::numeric / expected) STORED,
    recorded_at timestamptz NOT NULL,
    PRIMARY KEY (session, instrument, timeframe)
);
"""


def upgrade() -> None:
    """Create the tables."""
    op.execute(_QUARANTINE)
    op.execute(_TICKS)
    op.execute(_COMPLETENESS)
